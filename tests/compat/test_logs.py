"""
Log lines, compared with HAProxy.
"""

from __future__ import annotations

import socket
import threading

from tests.compat.outcomes import CompatTestCase, mask_log, mask_page
from tests.integration.clients import PATIENCE, Connection, exchange, request
from tests.integration.harness import Proxy
from tests.integration.origins import EchoOrigin, Origin

CONFIG = """\
global
    nbthread 1
    log-tag proxy
    log 127.0.0.1:<log> local0
defaults
    mode http
    log global
    option httplog
    timeout connect 1s
    timeout client 2s
    timeout server 300ms
    timeout http-request 300ms
    retries 1
frontend web
    bind <listen:web>
    http-request deny if { path /denied }
    http-request return status 200 content-type text/plain string "here" if { path /local }
    use_backend nobody if { path /nobody }
    use_backend refusing if { path /refusing }
    default_backend first
frontend custom
    bind <listen:custom>
    log-format "%ci %ft %b %s %ST %B %tsc %{+Q}r %[src] %HM %HP %HV"
    default_backend first
listen relay
    bind <listen:relay>
    mode tcp
    option tcplog
    server one <echo>
listen refused
    bind <listen:refused>
    mode tcp
    option tcplog
    server one 127.0.0.1:1
backend first
    server one <origin>
backend refusing
    server one 127.0.0.1:1
backend nobody
"""

REQUESTS = {
    "simple": b"GET /x?y=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "post": b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    "denied": b"GET /denied HTTP/1.1\r\nHost: a\r\n\r\n",
    "answered here": b"GET /local HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "no server": b"GET /nobody HTTP/1.1\r\nHost: a\r\n\r\n",
    "server refuses": b"GET /refusing HTTP/1.1\r\nHost: a\r\n\r\n",
    "malformed": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "server is slow": b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n",
    "server ends": b"GET /end HTTP/1.1\r\nHost: a\r\n\r\n",
}


class LogTests(CompatTestCase):
    """
    Tests of log lines.
    """

    def setUp(self) -> None:
        self.log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log.bind(("127.0.0.1", 0))
        self.log.settimeout(PATIENCE)
        self.addCleanup(self.log.close)
        self.echo = EchoOrigin()
        self.addCleanup(self.echo.stop)
        self.origin = Origin(self._answer)
        self.addCleanup(self.origin.stop)

    def _answer(self, request: bytes) -> bytes:
        path = request.split(b" ")[1]
        if path == b"/slow":
            self.log_wait.wait(PATIENCE)
        if path in (b"/end", b"/slow"):
            return b""
        return b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"

    def _prepare(self) -> dict[str, str]:
        self.log_wait = threading.Event()
        return {
            "origin": self.origin.address,
            "echo": self.echo.address,
            "log": str(self.log.getsockname()[1]),
        }

    def _line(self, *marks: str) -> str:
        # Lines of other origin, such as a server's state, are passed over.
        while True:
            line = self.log.recv(65536).decode()
            if any(mark in line for mark in marks):
                return mask_log(line)

    def test_http(self) -> None:
        """
        C{option httplog} gives the same lines.
        """

        def script(proxy: Proxy) -> dict[str, str]:
            seen = {}
            for name, sent in REQUESTS.items():
                connection = Connection(proxy.port("web"))
                connection.send(sent)
                connection.receive_all()
                self.log_wait.set()
                self.log_wait.clear()
                connection.close()
                seen[name] = self._line(" web ", " web/")
            return seen

        self.compare(CONFIG, script, self._prepare)

    def test_custom(self) -> None:
        """
        C{log-format} gives the same lines.
        """

        def script(proxy: Proxy) -> dict[str, str]:
            request(proxy.port("custom"), REQUESTS["simple"])
            return {"custom": self._line(" custom ")}

        self.compare(CONFIG, script, self._prepare)

    def test_tcp(self) -> None:
        """
        C{option tcplog} gives the same lines.
        """

        def script(proxy: Proxy) -> dict[str, str]:
            seen = {}
            exchange(proxy.port("relay"), b"hello")
            seen["relayed"] = self._line(" relay ")
            exchange(proxy.port("refused"), b"hello")
            seen["refused"] = self._line(" refused ")
            return seen

        self.compare(CONFIG, script, self._prepare)

    def test_client_is_silent(self) -> None:
        """
        A client that sends half a request is logged alike when its time is over.
        """

        def script(proxy: Proxy) -> dict[str, str]:
            connection = Connection(proxy.port("web"))
            connection.send(b"GET / HTTP/1.1\r\n")
            answer = connection.receive_all()
            connection.close()
            return {"line": self._line(" web "), "answer": mask_page(answer).decode()}

        self.compare(CONFIG, script, self._prepare)
