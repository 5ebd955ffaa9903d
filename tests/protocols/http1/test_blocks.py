"""
Tests for L{mwproxy.protocols.http1.blocks}; most rules are tested by the cases of
L{tests.protocols.http1.test_heads}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.http1 import blocks
from mwproxy.protocols.http1.blocks import explain_lines, name_byte, parse_block, without_body
from mwproxy.protocols.http1.messages import BadMessage


class ParseBlockTests(SynchronousTestCase):
    """
    Tests for reading header lines.
    """

    def test_no_lines(self) -> None:
        """
        A message may have no header lines.
        """
        block = parse_block(b"", request=False)
        self.assertEqual((block.fields, block.plain, block.wire), ((), (), b""))
        self.assertEqual((block.length, block.chunked, block.host), (-1, False, None))

    def test_nothing_removed(self) -> None:
        """
        What is sent is what was received when no line concerns the connection.
        """
        block = parse_block(b"HOST: a\r\nX:1", request=True)
        self.assertIs(block.plain, block.fields)
        self.assertEqual(block.wire, b"host: a\r\nx: 1\r\n")

    def test_error_position(self) -> None:
        """
        Positions count from the start of the message.
        """
        error = self.assertRaises(
            BadMessage, parse_block, b"Host: a\r\nX\0: y", request=True, offset=100
        )
        self.assertEqual((error.reason, error.position), ("NUL in header name", 110))

    def test_response_errors(self) -> None:
        """
        Whatever is wrong with a response, the client is told 502.
        """
        for lines in (b"X", b"Content-Length: x", b"X: y\r\nX: y"):
            error = self.assertRaises(BadMessage, parse_block, lines, request=False, maxhdr=1)
            self.assertEqual(error.status, 502)

    def test_memory_is_bounded(self) -> None:
        """
        However many different lines come, only some are remembered, and no long ones.
        """
        self.patch(blocks, "_lines", {})
        self.patch(blocks, "_REMEMBERED", 4)
        for number in range(20):
            block = parse_block(b"X: %d" % number, request=True)
            self.assertEqual(block.fields, ((b"x", b"%d" % number),))
            self.assertLessEqual(len(blocks._lines), 4)
        long = b"X: " + b"y" * blocks._REMEMBERED_BYTES
        parse_block(long, request=True)
        self.assertNotIn(long, blocks._lines)

    def test_lines_of_either_side(self) -> None:
        """
        A line that a response had is judged anew in a request.
        """
        parse_block(b"Host: a b", request=False)
        self.assertRaises(BadMessage, parse_block, b"Host: a b", request=True)

    def test_upgrade_over_several_lines(self) -> None:
        """
        Upgrade protocols may stand on several lines; those of HTTP/2 are left out.
        """
        lines = b"Connection: x\r\nUpgrade: h2c, a/1\r\nUpgrade: b\r\nConnection: UPGRADE"
        self.assertEqual(parse_block(lines, request=True).upgrade, b"a/1, b")

    def test_close_and_keep_alive(self) -> None:
        """
        Both words of C{connection} are told apart from the rest, in any letter case.
        """
        block = parse_block(b"Connection: Keep-Alive", request=True)
        self.assertEqual((block.close, block.keep_alive), (False, True))
        block = parse_block(b"Connection: foo , CLOSE", request=True)
        self.assertEqual((block.close, block.keep_alive), (True, False))

    def test_other_expectations(self) -> None:
        """
        Only C{100-continue} is an expectation that the proxy knows.
        """
        self.assertFalse(parse_block(b"Expect: 200-ok", request=True).expect_continue)


class WithoutBodyTests(SynchronousTestCase):
    """
    Tests for responses that cannot have a body.
    """

    def test_length_dropped(self) -> None:
        """
        The length goes and the block it is derived from stays as it was.
        """
        block = parse_block(b"Content-Length: 5\r\nX: y\r\nConnection: close", request=False)
        other = without_body(block, keep_length=False)
        self.assertEqual((other.length, other.wire), (-1, b"x: y\r\n"))
        self.assertEqual(other.plain, ((b"x", b"y"),))
        self.assertTrue(other.close)
        self.assertEqual((block.length, block.wire), (5, b"content-length: 5\r\nx: y\r\n"))

    def test_length_kept(self) -> None:
        """
        The length may stay where it tells of another response.
        """
        block = parse_block(b"Content-Length: 5", request=False)
        self.assertEqual(without_body(block, keep_length=True).wire, b"content-length: 5\r\n")


class ExplainTests(SynchronousTestCase):
    """
    Tests for the words of errors.
    """

    def test_bytes_are_named(self) -> None:
        """
        Offending bytes are named.
        """
        for byte, name in (
            (b"", "end"),
            (b"\0", "NUL"),
            (b"\r", "bare CR"),
            (b"\n", "bare LF"),
            (b"\x7f", "bad character 0x7f"),
        ):
            self.assertEqual(name_byte(byte), name)

    def test_first_bad_line(self) -> None:
        """
        The first bad line is blamed, good ones before it are passed over.
        """
        error = explain_lines(b"X: y\r\n : z\r\n(: z\r\n", 0, 0, request=True)
        self.assertEqual((error.reason, error.position), (_FOLDED, 6))


_FOLDED = "header line continues on the next one"
