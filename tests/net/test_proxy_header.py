"""
Tests for L{mwproxy.net.proxy_header}.
"""

from __future__ import annotations

from mwproxy.protocols.proxy_protocol import Header, encode_v1, encode_v2
from tests.net.plane import PlaneTestCase, get, response

ONE = (
    "frontend f\n bind 127.0.0.1:8000 accept-proxy\n LOG\n default_backend b\n"
    "backend b\n option forwardfor\n server s 127.0.0.1:{port}\n"
    "frontend t\n mode tcp\n bind 127.0.0.1:8001 accept-proxy\n LOG\n default_backend u\n"
    "backend u\n mode tcp\n server s 127.0.0.1:{port} send-proxy\n"
)
HEADER = Header("192.0.2.1", 1111, "192.0.2.2", 2222)


class ProxyHeaderTests(PlaneTestCase):
    """
    Tests for C{accept-proxy}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.the_origin = self.origin()
        self.start(ONE.format(port=self.the_origin.port))

    def test_cut_at_each_byte(self) -> None:
        """
        Both versions are understood however they arrive, with or without a request behind them.
        """
        for header in (encode_v1(HEADER), encode_v2(HEADER)):
            whole = header + get()
            for cut in range(1, len(header) + 5):
                client = self.client()
                client.send(whole[:cut])
                self.turn(2)
                client.send(whole[cut:])
                server = self.the_origin.accept()
                self.assertIn(b"x-forwarded-for: 192.0.2.1\r\n", server.head())
                server.send(response())
                client.message()
                client.send(get())
                server.head()
                server.send(response())
                client.message()
                client.close()
                server.close()

    def test_request_later(self) -> None:
        """
        The request may come later than the header.
        """
        client = self.client()
        client.send(encode_v1(HEADER))
        self.turn(3)
        client.send(get())
        self.assertIn(b"192.0.2.1", self.the_origin.accept().head())

    def test_unknown(self) -> None:
        """
        A header that names nobody leaves the real addresses.
        """
        client = self.client()
        client.send(encode_v1(None) + get())
        self.assertIn(b"127.0.0.1", self.the_origin.accept().head())

    def test_tcp(self) -> None:
        """
        In TCP mode the server connection is made behind the header, and may repeat it.
        """
        client = self.client(8001)
        client.send(encode_v2(HEADER)[:10])
        self.the_origin.idle()
        client.send(encode_v2(HEADER)[10:] + b"hello")
        server = self.the_origin.accept()
        self.assertEqual(server.take_until(b"\r\n"), encode_v1(HEADER))
        self.assertEqual(server.take(5), b"hello")

    def test_garbage(self) -> None:
        """
        What is no header ends the connection without a word.
        """
        for port in (8000, 8001):
            for data in (get(), b"PROXY nonsense\r\n", b"\r\n\r\n\0\r\nQUIX", b"PROXY " * 50):
                client = self.client(port)
                client.send(data)
                self.assertEqual(client.rest(), b"")
        self.settled()

    def test_leaving(self) -> None:
        """
        A client may go within the header.
        """
        for port in (8000, 8001):
            for half in (False, True):
                client = self.client(port)
                client.send(b"PROXY TCP4")
                self.turn(2)
                client.reset() if half else client.close()
        self.settled()

    def test_too_late(self) -> None:
        """
        A header that does not come in time ends the connection, without an answer: the client
        has not been spoken to yet.
        """
        for port in (8000, 8001):
            client = self.client(port)
            client.send(b"PROXY TCP4")
            self.advance(10.1)
            self.assertEqual(client.rest(), b"")
