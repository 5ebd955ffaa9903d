"""
Traffic of all shapes through a true worker.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
from pathlib import Path

from tests.integration.clients import PATIENCE, Connection, fetch
from tests.integration.configs import BOTH_MODES
from tests.integration.harness import ProcessTestCase, Proxy, wait_until
from tests.integration.origins import EchoOrigin, Origin

LIMITS = """\
defaults
    mode http
    timeout connect 300ms
    timeout client 10s
    timeout server 300ms
    timeout queue 300ms
    timeout http-request 300ms
    timeout http-keep-alive 300ms
    retries 1
    option redispatch 1
frontend web
    bind <listen:web>
    use_backend retried if { path /retried }
    use_backend narrow if { path_beg /narrow }
    default_backend pages
backend pages
    server one <origin>
backend retried
    balance first
    server gone 127.0.0.1:1
    server one <origin>
backend narrow
    timeout server 10s
    server one <origin> maxconn 1
"""


class Firehose:
    """
    A server that sends one endless answer, and counts what it could send.
    """

    def __init__(self) -> None:
        self.sent = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        sock, _ = self._listener.accept()
        self._listener.close()
        sock.recv(65536)
        piece = b"x" * 65536
        try:
            sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
            while True:
                self.sent += sock.send(piece)
        except OSError:
            sock.close()


class HTTPTests(ProcessTestCase):
    """
    Tests of HTTP mode.
    """

    def _start(self, origin: Origin, config: str = BOTH_MODES) -> Proxy:
        echo = EchoOrigin()
        self.addCleanup(origin.stop)
        self.addCleanup(echo.stop)
        return self.start(config, origin=origin.address, echo=echo.address)

    def test_keep_alive_and_pools(self) -> None:
        """
        Requests of one client, and of another after it, share one connection to the server.
        """
        origin = Origin()
        proxy = self._start(origin)
        for _ in range(2):
            connection = Connection(proxy.port("web"))
            for _ in range(5):
                self.assertEqual(connection.ask().body, b"hello")
            connection.close()
        self.assertEqual(len(origin.requests), 10)
        self.assertLessEqual(origin.connections, 2)

    def test_pipelined(self) -> None:
        """
        Requests that arrive together are answered in order.
        """
        proxy = self._start(Origin(self._name))
        connection = Connection(proxy.port("web"))
        request = "GET /{} HTTP/1.1\r\nhost: a\r\n\r\n"
        connection.send("".join(request.format(number) for number in range(20)).encode())
        bodies = [connection.response().body for _ in range(20)]
        self.assertEqual(bodies, [b"/%d" % number for number in range(20)])
        connection.close()

    def _name(self, request: bytes) -> bytes:
        path = request.split()[1]
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(path), path)

    def test_large_bodies(self) -> None:
        """
        Large bodies arrive whole in both directions, with a length and in chunks.
        """
        body = os.urandom(5_000_000)
        chunks = [body[at : at + 70_000] for at in range(0, len(body), 70_000)]
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in chunks) + b"0\r\n\r\n"

        def answer(request: bytes) -> bytes:
            if b"GET /chunked " in request:
                return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunked
            return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)

        origin = Origin(answer)
        proxy = self._start(origin)
        connection = Connection(proxy.port("web"))
        self.assertEqual(connection.ask("/").body, body)
        self.assertEqual(connection.ask("/chunked").body, body)
        head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(body)
        connection.send(head + body)
        self.assertEqual(connection.response().body, body)
        connection.send(
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" + chunked
        )
        self.assertEqual(connection.response().body, body)
        connection.close()
        self.assertEqual(origin.requests[2].partition(b"\r\n\r\n")[2], body)

    def test_head_then_get(self) -> None:
        """
        An answer to C{HEAD} has no body, and the connection goes on.
        """
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
        origin = Origin(lambda request: answer if request[:4] == b"HEAD" else answer + b"hello")
        proxy = self._start(origin)
        connection = Connection(proxy.port("web"))
        self.assertEqual(connection.ask(method="HEAD").header("content-length"), "5")
        self.assertEqual(connection.ask().body, b"hello")
        connection.close()

    def test_continue(self) -> None:
        """
        A client that waits for leave to send its body gets it.
        """
        origin = Origin()
        proxy = self._start(origin)
        connection = Connection(proxy.port("web"))
        connection.send(
            b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n"
        )
        # This origin answers only whole requests: the leave is given by whoever may.
        connection.sock.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            self.assertEqual(connection.response().status, 100)
        connection.sock.settimeout(PATIENCE)
        connection.send(b"body")
        answer = connection.response()
        while answer.status == 100:
            answer = connection.response()
        self.assertEqual(answer.body, b"hello")
        self.assertTrue(origin.requests[0].endswith(b"\r\n\r\nbody"))
        connection.close()

    def test_upgrade_is_a_tunnel(self) -> None:
        """
        After an upgrade, bytes pass as they are, both ways.
        """
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(65536)
                sock.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n"
                    b"upgrade: shout\r\n\r\nWELCOME"
                )
                while data := sock.recv(65536):
                    sock.sendall(data.upper())

        threading.Thread(target=serve, daemon=True).start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        proxy = self.start(BOTH_MODES, origin=address, echo=address)
        connection = Connection(proxy.port("web"))
        connection.send(
            b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: shout\r\n\r\nearly"
        )
        connection.receive_until(b"\r\n\r\n")
        self.assertEqual(connection.receive_exactly(12), b"WELCOMEEARLY")
        connection.send(b"later")
        self.assertEqual(connection.receive_exactly(5), b"LATER")
        connection.close()

    def test_slow_reader_stops_the_server(self) -> None:
        """
        What a client does not read is not read from the server either.
        """
        hose = Firehose()
        proxy = self.start(BOTH_MODES, origin=hose.address, echo=hose.address)
        (worker,) = proxy.worker_pids()
        before = self._rss(worker)
        connection = Connection(proxy.port("web"))
        connection.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        connection.receive_until(b"\r\n\r\n")
        # All buffers are full when the count stands still for a while.
        last = [-1]

        def stands_still() -> bool:
            threading.Event().wait(0.2)
            last.append(hose.sent)
            return last[-1] == last[-2]

        wait_until(stands_still, lambda: f"{hose.sent} bytes and more", PATIENCE)
        self.assertLess(hose.sent, 64 << 20)
        self.assertLess(self._rss(worker) - before, 8 << 10)
        connection.close()

    def _rss(self, pid: int) -> int:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4


class LimitTests(ProcessTestCase):
    """
    Tests of timeouts, queues and retries.
    """

    def setUp(self) -> None:
        self.release = threading.Event()
        self.addCleanup(self.release.set)

    def _start(self) -> Proxy:
        def answer(request: bytes) -> bytes:
            if b"/slow " in request:
                self.release.wait(PATIENCE)
            return b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

        self.origin = Origin(answer)
        self.addCleanup(self.origin.stop)
        return self.start(LIMITS, origin=self.origin.address)

    def test_server_is_slow(self) -> None:
        """
        A server that does not answer in time gives 504.
        """
        self.assertEqual(self._start().get("web", "/slow").status, 504)

    def test_request_is_slow(self) -> None:
        """
        A client that does not finish its request gets 408.
        """
        connection = Connection(self._start().port("web"))
        connection.send(b"GET / HTTP/1.1\r\n")
        self.assertEqual(connection.response().status, 408)
        connection.close()

    def test_idle_client(self) -> None:
        """
        A client that asks no more is closed without a word.
        """
        connection = Connection(self._start().port("web"))
        connection.ask()
        self.assertEqual(connection.receive_all(), b"")
        connection.close()

    def test_redispatch(self) -> None:
        """
        A server that refuses is given up for another one.
        """
        self.assertEqual(self._start().get("web", "/retried").status, 200)

    def test_queue(self) -> None:
        """
        A request beyond the server's C{maxconn} waits for its turn, and gets 503 when its time is
        over.
        """
        proxy = self._start()
        first = Connection(proxy.port("web"))
        first.send(b"GET /narrow/slow HTTP/1.1\r\nhost: a\r\n\r\n")
        proxy.wait(lambda: self.origin.requests)
        self.assertEqual(proxy.get("web", "/narrow").status, 503)
        waiting: list[int] = []
        second = threading.Thread(
            target=lambda: waiting.append(fetch(proxy.port("web"), "/narrow").status)
        )
        second.start()
        waits = re.compile("^narrow,(?:one|BACKEND),1,", re.M)
        proxy.wait(lambda: waits.search(proxy.master_cli("@1 show stat")))
        self.release.set()
        self.assertEqual(first.response().status, 200)
        second.join()
        self.assertEqual(waiting, [200])
        first.close()


class TCPTests(ProcessTestCase):
    """
    Tests of TCP mode.
    """

    def _start(self) -> Proxy:
        echo, origin = EchoOrigin(), Origin()
        self.addCleanup(echo.stop)
        self.addCleanup(origin.stop)
        return self.start(BOTH_MODES, origin=origin.address, echo=echo.address)

    def test_half_close(self) -> None:
        """
        A client that has ended still receives what the server sends.
        """
        connection = Connection(self._start().port("relay"))
        data = os.urandom(3_000_000)

        def send() -> None:
            connection.send(data)
            connection.sock.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        self.assertEqual(connection.receive_all(), data)
        sender.join()
        connection.close()

    def test_many_at_once(self) -> None:
        """
        Connections do not disturb each other.
        """
        proxy = self._start()
        connections = [Connection(proxy.port("relay")) for _ in range(50)]
        for number, connection in enumerate(connections):
            connection.send(b"%03d" % number)
        for number, connection in enumerate(connections):
            self.assertEqual(connection.receive_exactly(3), b"%03d" % number)
            connection.close()
