"""
Tests for L{mwproxy.demo.messages}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.demo.messages import BadRequest, Request, RequestReader

STREAM = (
    b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
    b"POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"
    b"GET /d HTTP/1.0\r\n\r\n"
)


class RequestReaderTests(SynchronousTestCase):
    """
    Tests for L{RequestReader}.
    """

    def _read(self, pieces: list[bytes]) -> list[tuple[str, bytes]]:
        reader = RequestReader()
        return [(one.target, one.body) for piece in pieces for one in reader.feed(piece)]

    def test_cut_anywhere(self) -> None:
        """
        The same requests come out wherever the stream is cut.
        """
        expected = [("/a", b""), ("/b", b"hello"), ("/c", b"abcde"), ("/d", b"")]
        self.assertEqual(self._read([STREAM]), expected)
        self.assertEqual(self._read([bytes((byte,)) for byte in STREAM]), expected)
        for at in range(len(STREAM)):
            self.assertEqual(self._read([STREAM[:at], STREAM[at:]]), expected)

    def test_refused(self) -> None:
        """
        What is no request ends the connection.
        """
        for bad in (
            b"GET /\r\n\r\n",
            b"GET / SPDY/1\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"x" * 70000,
        ):
            self.assertRaises(BadRequest, RequestReader().feed, bad)

    def test_upgrade(self) -> None:
        """
        What follows a request for an upgrade is left to the other protocol.
        """
        reader = RequestReader()
        found = reader.feed(b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\x81\x80")
        self.assertEqual([one.target for one in found], ["/ws"])
        self.assertEqual(reader.leftover(), b"\x81\x80")

    def test_persistence(self) -> None:
        """
        HTTP/1.1 stays open unless told otherwise, HTTP/1.0 only when asked.
        """

        def persistent(version: str, *wish: str) -> bool:
            return Request(
                "GET", "/", version, tuple(("connection", one) for one in wish)
            ).persistent

        self.assertTrue(persistent("HTTP/1.1"))
        self.assertFalse(persistent("HTTP/1.1", "close"))
        self.assertFalse(persistent("HTTP/1.0"))
        self.assertTrue(persistent("HTTP/1.0", "Keep-Alive"))
