"""
Tests for L{mwproxy.net.trace}.
"""

from __future__ import annotations

import re
from typing import Any

from mwproxy.net.trace import Trace
from mwproxy.worker import service
from tests.net.plane import PlaneTestCase

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class TraceTests(PlaneTestCase):
    """
    Tests for L{Trace}, with the data plane that it follows.
    """

    def setUp(self) -> None:
        super().setUp()
        self.lines: list[str] = []
        self.patch(service, "start_trace", lambda order: Trace(self.write))

    def write(self, text: str) -> None:
        self.assertTrue(text.endswith("\n"))
        self.lines += text.splitlines()

    def shown(self) -> list[str]:
        """
        Take the lines, with letters for descriptors and ports.
        """
        lines, self.lines = self.lines, []
        names: dict[str, str] = {}

        def name(match: re.Match[str]) -> str:
            return names.setdefault(match[0], chr(ord("A") + len(names)))

        lines = [re.sub(r"127\.0\.0\.1:\d+\]", "CLIENT]", line) for line in lines]
        return [
            re.sub(r"(?<=[\[(:=])(?!f+[\]:])[0-9a-f]{4}(?=[\]:) ])", name, line) for line in lines
        ]

    def proxy(self, text: str) -> Any:
        origin = self.origin()
        self.start(text.replace("ORIGIN", f"127.0.0.1:{origin.port}"))
        return origin

    def test_http(self) -> None:
        """
        Requests and answers show with their headers, as HAProxy shows them; a second request of
        a connection is a stream of its own.
        """
        origin = self.proxy(
            "frontend f\n bind :8000\n default_backend b\nbackend b\n server s ORIGIN\n"
        )
        client = self.client()
        client.send(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
        server = origin.accept()
        server.head()
        server.send(ANSWER)
        client.message()
        self.until(lambda: any("closed" in line for line in self.lines))
        self.assertEqual(
            self.shown(),
            [
                "00000000:f.accept(A)=B from [CLIENT] ALPN=<none>",
                "00000000:f.clireq[B:ffffffff]: GET /x HTTP/1.1",
                "00000000:f.clihdr[B:ffffffff]: host: h",
                "00000000:b.srvrep[B:C]: HTTP/1.1 200 OK",
                "00000000:b.srvhdr[B:C]: content-length: 2",
                "00000000:b.srvcls[B:C]",
                "00000000:b.clicls[B:C]",
                "00000000:b.closed[B:C]",
            ],
        )
        client.send(b"GET /y HTTP/1.1\r\nHost: h\r\n\r\n")
        server.head()
        server.send(ANSWER)
        client.message()
        self.until(lambda: any("closed" in line for line in self.lines))
        self.assertEqual(self.shown()[1], "00000001:f.clireq[B:ffffffff]: GET /y HTTP/1.1")

    def test_own_answer(self) -> None:
        """
        What the proxy answers itself has no server; its rules do what they did without trace.
        """
        self.start(
            "frontend f\n bind :8000\n http-request return content-type text/plain string hi\n"
        )
        client = self.client()
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        self.assertTrue(client.rest().endswith(b"hi"))
        self.settled()
        self.assertEqual(
            self.shown(),
            [
                "00000000:f.accept(A)=B from [CLIENT] ALPN=<none>",
                "00000000:f.clireq[B:ffffffff]: GET / HTTP/1.0",
                "00000000:f.clicls[B:ffff]",
                "00000000:f.closed[B:ffff]",
            ],
        )

    def test_no_request(self) -> None:
        """
        A request that makes no sense shows as accepted and closed.
        """
        self.start("frontend f\n bind :8000\n http-request deny\n")
        client = self.client()
        client.send(b"GET / HTTP/1.1\r\na b: c\r\n\r\n")
        client.rest()
        client.close()
        self.settled()
        shown = self.shown()
        self.assertEqual(len(shown), 3)
        self.assertTrue(shown[0].startswith("00000000:f.accept("))

    def test_tcp(self) -> None:
        """
        A TCP session shows from its start to its end.
        """
        origin = self.proxy("listen f\n mode tcp\n bind :8000\n server s ORIGIN\n")
        client = self.client()
        server = origin.accept()
        self.assertEqual(self.shown(), ["00000000:f.accept(A)=B from [CLIENT] ALPN=<none>"])
        client.close()
        server.rest()
        server.close()
        self.settled()
        self.assertEqual(
            self.shown(),
            ["00000000:f.srvcls[A:ffff]", "00000000:f.clicls[A:ffff]", "00000000:f.closed[A:ffff]"],
        )

    def test_logs_go_on(self) -> None:
        """
        What was logged without trace is logged with it, once, as options say.
        """
        self.start(
            "defaults d\n mode http\n timeout client 9s\n log 127.0.0.1:1 local0\n"
            "frontend f from d\n bind :8000\n LOG\n option log-separate-errors\n"
            " http-request return status 200 if { path /good }\n http-request return status 503\n"
        )
        frontend = self.frontend()
        found: list[tuple[int, str]] = []
        trace = Trace(self.write)
        frontend.log = lambda level, line: found.append((level, line.decode().split()[3]))
        frontend.render = frontend.description.log_format
        frontend.logs_all = False
        assert self.service.state is not None
        trace.watch_ends(self.service.state)
        for path in (b"/good", b"/bad"):
            client = self.client()
            client.send(b"GET %b HTTP/1.0\r\n\r\n" % path)
            client.rest()
            client.close()
        self.settled()
        self.assertEqual(found, [(3, "200"), (3, "503")])
        self.assertEqual(sum("closed" in line for line in self.lines), 2)
