"""
Tests for L{mwproxy.net.http_ending}: answers of our own.
"""

from __future__ import annotations

from pathlib import Path

from tests.net.plane import get, response
from tests.net.test_http_exchange import POST, ExchangeTestCase


class RuleTests(ExchangeTestCase):
    """
    Tests for what the proxy answers or adds by itself.
    """

    def test_monitor(self) -> None:
        """
        C{monitor-uri} is answered at once, whatever the rules say, and not logged.
        """
        self.begin(front="monitor-uri /alive\n http-request deny")
        client = self.client()
        for _ in range(2):
            client.send(get("/alive"))
            self.assertEqual(client.message()[0][:12], b"HTTP/1.1 200")
        self.assertEqual(self.log, [])

    def test_denied(self) -> None:
        """
        A denied request is a 403 C{PR}; the connection goes on.
        """
        self.begin(front="http-request deny if { path /no }")
        client = self.client()
        client.send(get("/no") * 3)
        for _ in range(3):
            self.assertEqual(client.message()[0][:12], b"HTTP/1.1 403")
        self.assertEqual([line[:19] for line in self.logged(3)], ["f f/<NOSRV> PR 403 "] * 3)
        self.assertEqual(self.frontend().counters.dreq, 3)
        self.exchange(client, None)

    def test_denied_by_the_backend(self) -> None:
        """
        The backend's rules come after those of the frontend.
        """
        self.begin("http-request deny deny_status 429")
        client = self.client()
        client.send(get())
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 429")
        self.assertEqual(self.logged()[0][:19], "f b/<NOSRV> PR 429 ")
        self.assertEqual(self.backend().counters.dreq, 1)

    def test_denied_with_a_body(self) -> None:
        """
        A body that is not wanted any more does not become a request; a body that is all
        there is skipped.
        """
        self.begin(front="http-request deny")
        client = self.client()
        client.send(POST + b"content-length: 5\r\n\r\nhello" + get())
        client.message()
        client.message()
        client.send(POST + b"content-length: 50\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        head, _ = client.message()
        self.assertIn(b"connection: close\r\n", head)
        self.assertEqual(client.rest(), b"")
        self.assertEqual(len(self.log), 3)

    def test_redirect_and_return(self) -> None:
        """
        Other answers of rules are C{LR}.
        """
        self.begin(
            front="http-request return content-type text/plain string hi if { path /a }\n"
            " http-request redirect location /b"
        )
        client = self.client()
        client.send(get("/a"))
        self.assertEqual(client.message()[1], b"hi")
        client.send(b"HEAD /a HTTP/1.1\r\nhost: a\r\n\r\n")
        self.assertIn(b"content-length: 2", client.head())
        client.send(get("/c"))
        self.assertIn(b"location: /b\r\n", client.message()[0])
        lines = [line[:19] for line in self.logged(3)]
        self.assertEqual(lines, ["f f/<NOSRV> LR 200 "] * 2 + ["f f/<NOSRV> LR 302 "])

    def test_no_backend(self) -> None:
        """
        A frontend without backend answers 503 C{SC}.
        """
        self.start("frontend f\n bind 127.0.0.1:8000\n LOG\n")
        client = self.client()
        client.send(get())
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 503")
        self.assertEqual(self.logged()[0][:19], "f f/<NOSRV> SC 503 ")

    def test_forwarded_for(self) -> None:
        """
        C{option forwardfor} tells the server who asks.
        """
        self.begin("option forwardfor")
        client = self.client()
        client.send(get())
        server = self.the_origin.accept()
        self.assertEqual(
            server.head(), b"GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 127.0.0.1\r\n\r\n"
        )
        server.send(response())
        client.message()

    def test_error_file(self) -> None:
        """
        C{errorfile} gives the answer.
        """
        path = Path(self.directory, "503.http")
        path.write_bytes(b"HTTP/1.0 503 Gone Fishing\r\nx: y\r\n\r\nfish")
        self.begin(f"errorfile 503 {path}", "disabled")
        client = self.client()
        client.send(get())
        head, body = client.message()
        self.assertIn(b"503 Gone Fishing\r\nx: y\r\n", head)
        self.assertEqual(body, b"fish")

    def test_response_rules(self) -> None:
        """
        Rules for responses change, deny or replace them.
        """
        self.begin(
            "http-response set-header x-a b\n http-response deny if { status 201 }\n"
            " http-response return status 202 if { status 203 }"
        )
        client = self.client()
        client.send(get())
        server = self.the_origin.accept()
        server.head()
        server.send(response())
        self.assertIn(b"x-a: b\r\n", client.message()[0])
        client.send(get())
        server.head()
        server.send(b"HTTP/1.1 201 Made\r\ncontent-length: 3\r\n\r\nabc")
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 502")
        client.send(get())
        server = self.the_origin.accept()
        server.head()
        server.send(b"HTTP/1.1 203 Other\r\ncontent-length: 3\r\n\r\nabc")
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 202")
        letters = [line.split()[2:4] for line in self.logged(3)]
        self.assertEqual(letters, [["--", "200"], ["PH", "502"], ["LH", "202"]])
