"""
The quickstart, as C{make run} starts it.
"""

from __future__ import annotations

import shutil
import socket
import sys

from tests.integration.clients import Connection, fetch
from tests.integration.harness import ROOT, ProcessTestCase, Proxy

PORTS = ("PORT", "TCP_PORT", "ORIGIN_A_PORT", "ORIGIN_B_PORT")


def free_ports(count: int) -> list[int]:
    """
    Find ports that nobody listens on.
    """
    socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return ports


class QuickstartTests(ProcessTestCase):
    """
    Tests of C{doc/examples/quickstart.cfg} under twistd.
    """

    def _start(self, **changes: str) -> tuple[Proxy, dict[str, int]]:
        proxy = self.make("", product="twistd")
        shutil.copy(ROOT / "doc/examples/quickstart.cfg", proxy.file)
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        environment = {name: str(port) for name, port in ports.items()} | changes
        proxy.start(environment={**environment, "MWPROXY_PYTHON": sys.executable})
        return proxy, ports

    def test_runs(self) -> None:
        """
        Both frontends answer, requests are routed by path, a reload brings a change, a stop
        leaves nothing.
        """
        proxy, ports = self._start()
        proxy.wait_output("Five things to try next")
        web, raw = ports["PORT"], ports["TCP_PORT"]
        proxy.wait(lambda: fetch(web).status == 200)
        proxy.wait(lambda: {fetch(web).header("x-origin") for _ in range(8)} == {"a", "b"})
        proxy.wait(lambda: fetch(web, "/api/x").header("x-origin") == "b")
        self.assertEqual(fetch(raw, "/bytes/20").body, b"0123456789abcdef0123")
        rows = proxy.rows()
        self.assertEqual([row[1] for row in rows["programs"]], ["origin-a", "origin-b"])
        text = proxy.file.read_text()
        proxy.file.write_text(text.replace("x-forwarded-proto http", "x-changed yes"))
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        proxy.wait(lambda: b"x-changed: yes" in fetch(web, "/echo").body)
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_websocket(self) -> None:
        """
        A WebSocket goes through.
        """
        proxy, ports = self._start()
        proxy.wait_output("Five things to try next")
        proxy.wait(lambda: fetch(ports["PORT"]).status == 200)
        connection = Connection(ports["PORT"])
        connection.send(
            b"GET /ws HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        head = connection.receive_until(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 101 "), head)
        connection.send(b"\x81\x82\x00\x00\x00\x00hi")
        self.assertEqual(connection.receive_exactly(4), b"\x81\x02hi")
        connection.close()

    def test_port_is_taken(self) -> None:
        """
        A port that is taken is named.
        """
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        proxy, _ = self._start(PORT=str(port))
        self.assertEqual(proxy.wait_exit(), 1, proxy.output)
        self.assertIn(f"(Address already in use) for [127.0.0.1:{port}]", proxy.output)
        self.assert_no_orphans(proxy)
