"""
Tests for L{mwproxy.net.http_exchange}: requests go to servers.
"""

from __future__ import annotations

from tests.net.plane import PlaneTestCase, get, response

ONE = (
    "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
    "backend b\n {lines}\n server s 127.0.0.1:{port} {words}\n"
)


class KeepAliveTests(PlaneTestCase):
    """
    Tests for requests one after the other.
    """

    def test_both_connections_live_on(self) -> None:
        """
        A second request of a client goes over the same two connections.
        """
        origin = self.origin()
        self.start(ONE.format(port=origin.port, lines="", words=""))
        client = self.client()
        client.send(get("/1"))
        server = origin.accept()
        self.assertEqual(server.head(), b"GET /1 HTTP/1.1\r\nhost: a\r\n\r\n")
        server.send(response())
        self.assertEqual(client.message(), (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", b"hello"))
        client.send(get("/2"))
        self.assertEqual(server.head(), b"GET /2 HTTP/1.1\r\nhost: a\r\n\r\n")
        server.send(response())
        client.message()
        client.close()
        self.assertEqual(self.logged(2), ["f b/s -- 200 28 43 0 1/0/0/0/0 GET"] * 2)
