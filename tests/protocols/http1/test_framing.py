"""
Tests for L{mwproxy.protocols.http1.framing}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.http1.framing import (
    CHUNKED,
    LAST_CHUNK,
    MAX_SIZE_LINE,
    MAX_TRAILER_LINE,
    UNTIL_CLOSE,
    ChunkScanner,
    chunk,
    response_length,
)
from mwproxy.protocols.http1.heads import parse_response
from mwproxy.protocols.http1.messages import BadMessage
from tests.protocols.http1.cases_text import describe_chunks, read_cases
from tests.protocols.pieces import every_split

quick = settings(derandomize=True, max_examples=100, deadline=None, database=None)
PIECES = st.sampled_from(
    [b"0", b"1", b"5", b"a", b"\r\n", b"\n", b"\r", b";", b"=", b'"', b"x", b" ", b"X: y", b"\0"]
)


def feed_pieces(pieces: list[bytes]) -> tuple[str, int, bytes]:
    """
    Feed a body as a proxy does: what was not taken comes again, with more.

    @return: C{"complete"}, C{"unfinished"} or C{"refused"}; how many bytes were accepted; the
        payload.
    """
    scanner = ChunkScanner()
    waiting = b""
    accepted = 0
    payload: list[bytes] = []
    for piece in pieces:
        waiting += piece
        if scanner.complete:
            continue
        try:
            end, count = scanner.feed(waiting, 0, payload)
        except BadMessage:
            return "refused", 0, b""
        accepted += end
        waiting = waiting[end:]
        assert count <= end
    state = "complete" if scanner.complete else "unfinished"
    assert scanner.payload == sum(map(len, payload))
    return state, accepted, b"".join(payload)


class ChunkScannerTests(SynchronousTestCase):
    """
    Tests for following chunked bodies.
    """

    def test_cases(self) -> None:
        """
        Each body is understood or refused as its file says.
        """
        for name, data, expected in read_cases("chunks"):
            self.assertEqual((name, describe_chunks(data)), (name, expected))

    def test_cut_anywhere(self) -> None:
        """
        However a body is cut, the same bytes are accepted with the same payload, or it is
        refused.
        """
        for name, data, expected in read_cases("chunks"):
            whole = feed_pieces([data])
            self.assertEqual(whole[0] == "refused", expected.startswith("400"))
            for pieces in every_split(data):
                self.assertEqual((name, feed_pieces(pieces)), (name, whole))

    def test_starts_anywhere(self) -> None:
        """
        The body may begin within the data, behind its head.
        """
        scanner = ChunkScanner()
        self.assertEqual(scanner.feed(b"head3\r\nabc\r\n0\r\n\r\nnext", 4), (17, 3))
        self.assertTrue(scanner.complete)
        self.assertEqual(scanner.feed(b"next"), (0, 0))

    def test_payload_that_goes_another_way(self) -> None:
        """
        Payload within a chunk needs not be fed: its size is known and can be counted off.
        """
        scanner = ChunkScanner()
        self.assertEqual(scanner.feed(b"100000\r\nab"), (10, 2))
        self.assertEqual(scanner.remaining, 0x100000 - 2)
        scanner.advance(0x100000 - 3)
        self.assertEqual(scanner.remaining, 1)
        scanner.advance(1)
        self.assertEqual(scanner.remaining, 0)
        self.assertEqual(scanner.feed(b"\r\n0\r\n\r\n"), (7, 0))
        self.assertTrue(scanner.complete)
        self.assertEqual(scanner.payload, 0x100000)

    def test_advance_within_the_chunk_only(self) -> None:
        """
        Counting off more than the chunk has is a mistake of the caller.
        """
        scanner = ChunkScanner()
        scanner.feed(b"2\r\n")
        self.assertRaises(ValueError, scanner.advance, 3)
        self.assertRaises(ValueError, scanner.advance, -1)

    def test_status(self) -> None:
        """
        A client's bad body is answered with 400, a server's with 502.
        """
        for request, status in ((True, 400), (False, 502)):
            scanner = ChunkScanner(request=request)
            self.assertEqual(self.assertRaises(BadMessage, scanner.feed, b"x").status, status)
            scanner = ChunkScanner(request=request)
            error = self.assertRaises(BadMessage, scanner.feed, b"0\r\n :\r\n")
            self.assertEqual(error.status, status)

    def test_long_size_line(self) -> None:
        """
        A size line with endless extensions is refused, at once or when it comes in parts.
        """
        fits = b"1;" + b"a" * (MAX_SIZE_LINE - 4) + b"\r\n"
        self.assertEqual(feed_pieces([fits])[0], "unfinished")
        over = b"1;" + b"a" * (MAX_SIZE_LINE - 3) + b"\r\n"
        for pieces in ([over], [over[:-2], over[-2:]], [over[:-1], over[-1:]]):
            self.assertEqual(feed_pieces(pieces)[0], "refused")

    def test_long_trailer(self) -> None:
        """
        A trailer line that is too long is refused, at once or when it comes in parts.
        """
        fits = b"0\r\nX: " + b"a" * (MAX_TRAILER_LINE - 5) + b"\r\n"
        self.assertEqual(feed_pieces([fits])[0], "unfinished")
        over = b"0\r\nX: " + b"a" * (MAX_TRAILER_LINE - 4) + b"\r\n"
        for pieces in ([over], [over[:-2], over[-2:]], [over[:-1], over[-1:]]):
            self.assertEqual(feed_pieces(pieces)[0], "refused")

    @quick
    @given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(1, 50))
    def test_round_trip(self, payloads: list[bytes], step: int) -> None:
        """
        What is coded is decoded again, in pieces of any size.
        """
        data = b"".join(map(chunk, payloads)) + LAST_CHUNK
        pieces = [data[at : at + step] for at in range(0, len(data), step)]
        self.assertEqual(feed_pieces(pieces), ("complete", len(data), b"".join(payloads)))

    @quick
    @given(st.one_of(st.binary(max_size=40), st.lists(PIECES, max_size=16).map(b"".join)))
    def test_garbage(self, garbage: bytes) -> None:
        """
        Nothing but L{BadMessage} comes of any bytes, and the cuts do not matter.
        """
        whole = feed_pieces([garbage])
        for pieces in every_split(garbage):
            self.assertEqual(feed_pieces(pieces), whole)

    def test_no_empty_chunk(self) -> None:
        """
        Nothing to send makes no chunk, since an empty one would end the body.
        """
        self.assertEqual(chunk(b""), b"")
        self.assertEqual(chunk(b"x" * 26), b"1a\r\n" + b"x" * 26 + b"\r\n")


class ResponseLengthTests(SynchronousTestCase):
    """
    Tests for where the body of a response ends.
    """

    def length(self, start: bytes, lines: bytes = b"", method: bytes = b"GET") -> int:
        """
        Parse a response and tell the length of its body.
        """
        data = b"HTTP/1.1 %b\r\n%b\r\n" % (start, lines)
        return response_length(parse_response(data, len(data)), method)

    def test_lengths(self) -> None:
        """
        A body has its content-length, its chunks, or all until the connection ends.
        """
        self.assertEqual(self.length(b"200 OK", b"Content-Length: 7\r\n"), 7)
        self.assertEqual(self.length(b"200 OK", b"Transfer-Encoding: chunked\r\n"), CHUNKED)
        self.assertEqual(self.length(b"200 OK"), UNTIL_CLOSE)

    def test_no_body(self) -> None:
        """
        Answers to HEAD, some statuses, and a CONNECT that succeeds have no body whatever
        their headers say.
        """
        lines = b"Content-Length: 7\r\n"
        self.assertEqual(self.length(b"200 OK", lines, b"HEAD"), 0)
        self.assertEqual(self.length(b"204 No Content", lines), 0)
        self.assertEqual(self.length(b"304 Not Modified", lines), 0)
        self.assertEqual(self.length(b"103 Early Hints", lines), 0)
        self.assertEqual(self.length(b"200 OK", lines, b"CONNECT"), 0)
        self.assertEqual(self.length(b"403 Forbidden", lines, b"CONNECT"), 7)
