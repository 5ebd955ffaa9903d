"""
Tests for rules about TCP streams (L{mwproxy.net.tcp_client}).
"""

from __future__ import annotations

from tests.net.plane import Origin, PlaneTestCase

TCP = (
    "listen f\n mode tcp\n bind 127.0.0.1:8000\n {rules}\n"
    ' log-format "%b/%s %ts %U %B"\n server s 127.0.0.1:{port}\n'
)


class TcpRulesTests(PlaneTestCase):
    """
    Tests for C{tcp-request content} and C{tcp-response content} in TCP mode.
    """

    def begin(self, *rules: str) -> Origin:
        """
        Start with one server.
        """
        origin = self.origin()
        self.start(TCP.format(rules="\n ".join(rules), port=origin.port))
        return origin

    def test_rejected(self) -> None:
        """
        A client that is rejected sees the end, also when it has spoken already.
        """
        origin = self.begin("tcp-request content reject if { src 127.0.0.1 }")
        for said in (b"", b"hello"):
            client = self.client()
            if said:
                client.try_send(said)
            self.assertEqual(client.rest(), b"")
            self.assertFalse(client.was_reset)
            self.assertEqual(self.logged(), ["f/<NOSRV> PR 0 0"])
        origin.idle()
        self.settled()
        self.assertEqual(self.frontend().counters.dreq, 2)
        self.assertEqual(self.backend("f").counters.stot, 0)

    def ended(self, action: str) -> tuple[list[str], int]:
        """
        Have a rule end a stream when its server is there: client and server see the end, and the
        server hears nothing.

        @return: What is logged, and how many responses of the server were denied.
        """
        origin = self.begin(f"tcp-response content {action}")
        client = self.client()
        client.try_send(b"hello")
        self.assertEqual(client.rest(), b"")
        self.assertFalse(client.was_reset)
        self.assertEqual(origin.accept().rest(), b"")
        self.settled()
        return self.logged(), self.server(name="f").counters.dresp

    def test_response_rejected(self) -> None:
        """
        C{tcp-response content reject} is logged and counted as such.
        """
        self.assertEqual(self.ended("reject"), (["f/s PD 0 0"], 1))

    def test_response_closed(self) -> None:
        """
        C{tcp-response content close} is like a server that ends its connection.
        """
        self.assertEqual(self.ended("close"), (["f/s -- 0 0"], 0))

    def test_accepted(self) -> None:
        """
        Behind C{accept} no line counts, and bytes pass both ways.
        """
        origin = self.begin(
            "tcp-request content accept if { src 127.0.0.1 }",
            "tcp-request content reject",
            "tcp-response content accept",
            "tcp-response content reject",
        )
        client = self.client()
        client.send(b"ping")
        server = origin.accept()
        self.assertEqual(server.take(4), b"ping")
        server.send(b"pong")
        self.assertEqual(client.take(4), b"pong")
