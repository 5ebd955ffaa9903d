"""
Tests for L{mwproxy.net.checks.attempt}, with sockets of the loopback.
"""

from __future__ import annotations

import contextlib
import gc
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadWriteDescriptor
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from mwproxy.config.model import HttpCheck
from mwproxy.core.addresses import Address
from mwproxy.live.servers import Server
from mwproxy.net.checks.attempt import Attempt
from mwproxy.net.checks.http import HttpDialog
from mwproxy.net.checks.result import Dialog, Result
from mwproxy.net.checks.tcp import TcpDialog
from mwproxy.net.resolve import place_of
from tests.live.backends import make_backend

LONG = 20.0


class AttemptTests(TestCase):
    """
    Tests for L{Attempt}.
    """

    timeout = 10

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, directory)
        self.path = str(directory / "s")

    def listen(self, family: int = socket.AF_INET, backlog: int = 5) -> socket.socket:
        """
        Listen on a free port, or on C{path}.
        """
        listener = socket.socket(family, socket.SOCK_STREAM)
        self.addCleanup(listener.close)
        listener.bind(self.path if family == socket.AF_UNIX else ("127.0.0.1", 0))
        listener.listen(backlog)
        listener.settimeout(5)
        return listener

    def begin(
        self,
        place: tuple[Any, int],
        dialog: Dialog | None = None,
        times: tuple[float, float | None] = (LONG, None),
        server: Server | None = None,
        *,
        proxied: bool = False,
    ) -> tuple[Attempt, Deferred[Result]]:
        """
        Begin a check.

        @return: It, and what fires with the result.
        """
        done: Deferred[Result] = Deferred()
        subject = server or make_backend({}).servers[0]
        attempt = Attempt(
            self.reactor, subject, dialog or TcpDialog(), place, done.callback, proxied=proxied
        )
        attempt.start(*times)
        self.assertFalse(done.called)
        return attempt, done

    def assert_gone(self, attempt: Attempt) -> None:
        """
        Nothing is left of an attempt.
        """
        self.assertIsNone(attempt._socket)
        self.assertFalse(attempt._timer.active())
        self.assertNotIn(attempt, self.reactor.getReaders())
        self.assertNotIn(attempt, self.reactor.getWriters())

    async def talk(self, check: HttpCheck, answer: bytes) -> tuple[Result, bytes]:
        """
        Check a server that answers and closes.

        @return: The result, and what the server got.
        """
        listener = self.listen()
        attempt, done = self.begin((listener.getsockname(), socket.AF_INET), HttpDialog(check))
        connection, _ = listener.accept()
        # What was sent before the request came is read just the same.
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        result = await done
        connection.settimeout(5)
        request = connection.recv(4096)
        connection.close()
        self.assert_gone(attempt)
        return result, request

    def test_interface(self) -> None:
        """
        An attempt is what reactors watch.
        """
        subject = make_backend({}).servers[0]
        attempt = Attempt(self.reactor, subject, TcpDialog(), ("", 0), lambda result: None)
        verifyObject(IReadWriteDescriptor, attempt)
        self.assertEqual(attempt.logPrefix(), "check be1/s1")

    async def test_accepted(self) -> None:
        """
        A server that accepts connections passes; the connection is reset, not lingering.
        """
        listener = self.listen()
        attempt, done = self.begin((listener.getsockname(), socket.AF_INET))
        self.assertEqual(await done, Result("L4OK"))
        self.assert_gone(attempt)
        connection, _ = listener.accept()
        connection.settimeout(5)
        self.assertRaises(ConnectionResetError, connection.recv, 1)
        connection.close()

    async def test_refused(self) -> None:
        """
        A port where nobody listens is a problem of layer 4.
        """
        listener = self.listen()
        place = (listener.getsockname(), socket.AF_INET)
        listener.close()
        attempt, done = self.begin(place)
        self.assertEqual(await done, Result("L4CON", info="Connection refused"))
        self.assert_gone(attempt)

    async def test_unix(self) -> None:
        """
        UNIX sockets are checked too; their problems are socket errors.
        """
        place = (self.path, socket.AF_UNIX)
        _, done = self.begin(place)
        missing = Result("SOCKERR", info="General socket error (No such file or directory)")
        self.assertEqual(await done, missing)
        listener = self.listen(socket.AF_UNIX)
        _, done = self.begin(place)
        self.assertEqual(await done, Result("L4OK"))
        listener.close()
        _, done = self.begin(place)
        refused = Result("SOCKERR", info="General socket error (Connection refused)")
        self.assertEqual(await done, refused)

    async def test_abstract(self) -> None:
        """
        Abstract sockets are found under their padded names.
        """
        place = place_of(Address("abns", Path(self.path).parent.name))
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(place[0])
        listener.listen()
        _, done = self.begin(place)
        self.assertEqual(await done, Result("L4OK"))

    async def test_connect_timeout(self) -> None:
        """
        A connection that does not come about in time is a timeout of layer 4.
        """
        listener = self.listen(backlog=0)
        place = (listener.getsockname(), socket.AF_INET)
        crowd = []
        for _ in range(4):
            client = socket.socket()
            self.addCleanup(client.close)
            client.setblocking(False)
            client.connect_ex(place[0])
            crowd.append(client)
        attempt, done = self.begin(place, times=(0.02, 0.01))
        self.assertEqual(await done, Result("L4TOUT"))
        self.assert_gone(attempt)

    async def test_http(self) -> None:
        """
        A request is sent and its answer judged.
        """
        result, request = await self.talk(HttpCheck(), b"HTTP/1.0 200 OK\r\n\r\n")
        self.assertEqual(result, Result("L7OK", 200))
        self.assertEqual(request, b"OPTIONS / HTTP/1.0\r\n\r\n")

    async def test_http_wrong_status(self) -> None:
        """
        An answer with a wrong status is told with it.
        """
        result, _ = await self.talk(HttpCheck(), b"HTTP/1.1 500 Oops\r\n\r\n")
        self.assertEqual(result, Result("L7STS", 500, "Oops"))

    async def test_http_no_answer(self) -> None:
        """
        A server that just closes gives an invalid answer.
        """
        result, _ = await self.talk(HttpCheck(), b"")
        self.assertEqual(result, Result("L7RSP"))

    async def test_http_timeout(self) -> None:
        """
        A server that does not answer in time is a timeout of layer 7, whichever limit ends it.
        """
        listener = self.listen()
        place = (listener.getsockname(), socket.AF_INET)
        for times in ((LONG, 0.02), (0.02, None)):
            attempt, done = self.begin(place, HttpDialog(HttpCheck()), times)
            self.assertEqual(await done, Result("L7TOUT"))
            self.assert_gone(attempt)

    async def test_large_request(self) -> None:
        """
        A request larger than the socket's buffer is sent whole.
        """
        size = 8_000_000
        listener = self.listen()
        check = HttpCheck("POST", "/", "HTTP/1.0", (), "x" * size)
        _, done = self.begin((listener.getsockname(), socket.AF_INET), HttpDialog(check))
        connection, _ = listener.accept()
        connection.setblocking(False)
        got = 0

        def drain() -> None:
            nonlocal got
            with contextlib.suppress(BlockingIOError):
                got += len(connection.recv(1 << 20))
            if got > size:
                connection.sendall(b"HTTP/1.0 204 Fine\r\n\r\n")
            else:
                self.reactor.callLater(0, drain)

        drain()
        self.assertEqual(await done, Result("L7OK", 204))
        connection.close()

    async def test_proxy_header(self) -> None:
        """
        With C{send-proxy} checks begin with a header: version 1 names the connection, version 2
        says that it is the proxy's own.
        """
        listener = self.listen()
        place = (listener.getsockname(), socket.AF_INET)
        for settings, start in (
            ({"send_proxy": 1, "check": {}}, b"PROXY TCP4 127.0.0.1 127.0.0.1 "),
            ({"send_proxy": 2, "check": {}}, b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"),
            ({"send_proxy": 1, "check": {}}, b""),
        ):
            server = make_backend(settings).servers[0]
            _, done = self.begin(place, server=server, proxied=bool(start))
            self.assertEqual(await done, Result("L4OK"))
            connection, _ = listener.accept()
            connection.settimeout(5)
            if start:
                self.assertTrue(connection.recv(200).startswith(start))
            else:
                self.assertRaises(ConnectionResetError, connection.recv, 1)
            connection.close()

    async def test_source(self) -> None:
        """
        Checks come from the server's C{source}; an address that is not ours is a socket error.
        """
        listener = self.listen()
        place = (listener.getsockname(), socket.AF_INET)
        server = make_backend({"source": Address("ipv4", "127.0.0.5")}).servers[0]
        _, done = self.begin(place, server=server)
        self.assertEqual(await done, Result("L4OK"))
        connection, address = listener.accept()
        connection.close()
        self.assertEqual(address[0], "127.0.0.5")
        server = make_backend({"source": Address("ipv4", "192.0.2.1")}).servers[0]
        _, done = self.begin(place, server=server)
        result = await done
        self.assertEqual(
            result,
            Result("SOCKERR", info="General socket error (Cannot assign requested address)"),
        )

    async def test_stop(self) -> None:
        """
        An attempt that is stopped leaves nothing behind and tells nothing.
        """
        listener = self.listen()
        attempt, done = self.begin((listener.getsockname(), socket.AF_INET))
        attempt.stop()
        self.assert_gone(attempt)
        connection, _ = listener.accept()
        connection.settimeout(5)
        self.assertRaises(ConnectionResetError, connection.recv, 1)
        connection.close()
        attempt.doRead()
        attempt.doWrite()
        self.assertFalse(done.called)

    async def test_no_descriptor(self) -> None:
        """
        When there is no descriptor left, that is our problem.
        """

        def no_socket(*args: Any) -> socket.socket:
            raise OSError(24, "Too many open files")

        self.patch(socket, "socket", no_socket)
        _, done = self.begin((("127.0.0.1", 1), socket.AF_INET))
        self.assertEqual(
            await done, Result("SOCKERR", info="General socket error (Too many open files)")
        )
        gc.collect()
