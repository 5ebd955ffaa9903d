"""
Tests for L{mwproxy.net.admission}.
"""

from __future__ import annotations

from tests.net.plane import get
from tests.net.test_http_exchange import ExchangeTestCase

HEADER = b"PROXY TCP4 192.0.2.1 192.0.2.9 1000 80\r\n"


class AdmissionTests(ExchangeTestCase):
    """
    Tests of rules about new connections.
    """

    def figures(self) -> tuple[int, ...]:
        """
        Count connections and sessions of the frontend, and those denied.
        """
        counters = self.frontend().counters
        return counters.conn_tot, counters.stot, counters.dcon, counters.dses

    def test_connection(self) -> None:
        """
        A connection that is rejected was one, but no session; the next one may be let in.
        """
        self.begin(front="tcp-request connection reject if { src_port le 65535 } { int(1) gt 0 }")
        client = self.client()
        self.assertEqual(client.rest(), b"")
        self.settled()
        self.assertEqual(self.figures(), (1, 0, 1, 0))
        self.assertEqual(self.plane.state.counters.stot, 0)
        self.assertEqual(self.log, [])
        self.the_origin.idle()

    def test_let_in(self) -> None:
        """
        What the rules note of a connection all its requests know.
        """
        self.begin(
            front="tcp-request connection set-var(sess.a) src\n"
            " tcp-request session set-var(sess.b) int(2)\n"
            " http-request set-header x-seen %[var(sess.a)]/%[var(sess.b)]"
        )
        client = self.client()
        for _ in range(2):
            client.send(get())
            server = self.the_origin.accept()
            self.assertIn(b"x-seen: 127.0.0.1/2\r\n", server.head())
            server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            client.message()
        self.assertEqual(self.figures(), (1, 1, 0, 0))

    def test_announced(self) -> None:
        """
        Behind a PROXY header the rules for sessions see the client that it names, whether the
        request comes with it or later.
        """
        origin = self.origin()
        self.start(
            "frontend f\n bind 127.0.0.1:8000 accept-proxy\n"
            " tcp-request connection accept if { src 127.0.0.1 }\n tcp-request connection reject\n"
            " tcp-request session reject if { src 192.0.2.1 }\n default_backend b\n"
            f"backend b\n server s 127.0.0.1:{origin.port}\n"
        )
        for first, then in ((HEADER + get(), b""), (HEADER, get()), (HEADER[:9], HEADER[9:])):
            client = self.client()
            client.send(first)
            self.turn(2)
            client.try_send(then) if not client.ended else 0
            self.assertEqual(client.rest(), b"")
        self.settled()
        self.assertEqual(self.figures(), (3, 0, 0, 3))
        client = self.client()
        client.send(HEADER.replace(b"2.1 ", b"2.2 ") + get())
        origin.accept().head()

    def test_tcp_mode(self) -> None:
        """
        They are asked in TCP mode too, before a server is.
        """
        origin = self.origin()
        self.start(
            "listen f\n mode tcp\n bind 127.0.0.1:8000\n"
            " tcp-request session reject if { dst 127.0.0.1 }\n"
            f" server s 127.0.0.1:{origin.port}\n"
        )
        self.assertEqual(self.client().rest(), b"")
        origin.idle()
        self.assertEqual(self.figures(), (1, 0, 0, 1))

    def test_nobody_asks(self) -> None:
        """
        Without such rules listeners know nothing of them.
        """
        self.begin()
        [listener] = self.frontend().listeners
        self.assertNotIn("_begin", vars(listener))
