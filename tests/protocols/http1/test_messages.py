"""
Tests for L{mwproxy.protocols.http1.messages}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.http1.blocks import parse_block
from mwproxy.protocols.http1.messages import BadMessage, Request, Response


def request(target: bytes = b"/", lines: bytes = b"Host: a\r\nX: 1\r\nx: 2") -> Request:
    """
    Make a request.
    """
    return Request(b"GET", target, 11, parse_block(lines, request=True), 0)


class TargetTests(SynchronousTestCase):
    """
    Tests for the parts of a target.
    """

    def test_path_and_query(self) -> None:
        """
        Path and query are cut at the first question mark; scheme and authority are no part
        of the path.
        """
        for target, path, query in (
            (b"/", b"/", b""),
            (b"/a/b?c=d?e", b"/a/b", b"c=d?e"),
            (b"//a?b", b"//a", b"b"),
            (b"/?x=http://b/c", b"/", b"x=http://b/c"),
            (b"http://a/b?c", b"/b", b"c"),
            (b"http://a", b"/", b""),
            (b"http://a?c=/d", b"/", b"c=/d"),
            (b"*", b"*", b""),
            (b"a:443", b"", b""),
        ):
            self.assertEqual((request(target).path, request(target).query), (path, query))


class KeepAliveTests(SynchronousTestCase):
    """
    Tests for whether the connection may serve another request.
    """

    def test_versions(self) -> None:
        """
        HTTP/1.1 stays unless told to close, HTTP/1.0 only when told to stay; C{close} wins.
        """
        for version, option, stays in (
            (11, b"", True),
            (11, b"close", False),
            (11, b"keep-alive, close", False),
            (10, b"", False),
            (10, b"keep-alive", True),
            (10, b"keep-alive, close", False),
        ):
            block = parse_block(b"Connection: " + option, request=True)
            message = Request(b"GET", b"/", version, block, 0)
            self.assertEqual(message.keep_alive, stays)


class FieldTests(SynchronousTestCase):
    """
    Tests for reading and changing header lines.
    """

    def test_unchanged(self) -> None:
        """
        A message nobody touched shows and sends its block.
        """
        message = request()
        self.assertEqual(message.get_all(b"x"), [b"1", b"2"])
        self.assertIs(message.fields(), message.block.fields)
        self.assertIs(message.wire_fields(), message.block.wire)

    def test_changed(self) -> None:
        """
        A changed message shows and sends its own lines; the block stays.
        """
        message = request()
        message.own().append((b"y", b"3"))
        self.assertIs(message.own(), message.own())
        self.assertEqual(message.wire_fields(), b"host: a\r\nx: 1\r\nx: 2\r\ny: 3\r\n")
        self.assertEqual(message.get_all(b"y"), [b"3"])
        self.assertEqual(message.block.wire, b"host: a\r\nx: 1\r\nx: 2\r\n")

    def test_connection_lines_are_not_owned(self) -> None:
        """
        Lines that concern only the connection are not among those that can be changed.
        """
        message = request(lines=b"Host: a\r\nConnection: close\r\nKeep-Alive: 5")
        self.assertEqual(message.own(), [(b"host", b"a")])

    def test_response(self) -> None:
        """
        A response starts out as received.
        """
        response = Response(204, b"No Content", 11, parse_block(b"", request=False), 27)
        self.assertEqual(
            (response.status, response.reason, response.size), (204, b"No Content", 27)
        )
        self.assertEqual(response.wire_fields(), b"")


class BadMessageTests(SynchronousTestCase):
    """
    Tests for the error.
    """

    def test_without_position(self) -> None:
        """
        An error that no byte is to blame for has position -1.
        """
        error = BadMessage(400, "why")
        self.assertEqual((error.status, error.reason, error.position), (400, "why", -1))
