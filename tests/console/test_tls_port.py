"""
Tests for L{mwproxy.console.tls_port} and L{mwproxy.console.tls_bridge}: who gets in, and when.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.console_settings import TlsSettings
from mwproxy.console.gate import Gate
from mwproxy.console.master_session import MasterConsole
from mwproxy.console.tls_bridge import DEADLINE, FAREWELL, HANDSHAKE, HELLO, OPEN, WAITING
from mwproxy.console.tls_context import ConsoleTls
from mwproxy.console.tls_port import CROWD, TlsPort
from mwproxy.core.levels import Peer
from tests.certificates import Authority
from tests.console.sessions import FakeReactor, FakeView

GONE = Failure(ConnectionDone())


class Reactor(FakeReactor):
    """
    Keeps the sockets that it adopts open.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[int] = []

    def adoptStreamConnection(self, fd: int, family: int, factory: Any) -> None:
        """
        Connect.
        """
        self.kept.append(os.dup(fd))
        super().adoptStreamConnection(fd, family, factory)


class Client:
    """
    A client in memory, joined to a socket that never blocks.
    """

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setblocking(False)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname="localhost")

    def turn(self) -> bool:
        """
        Go on with the handshake.

        @return: Whether it is done.
        """
        with contextlib.suppress(BlockingIOError):
            self._in.write(self.sock.recv(65536))
        try:
            self.tls.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            done = False
        self.sock.sendall(self._out.read())
        return done


class PortTests(SynchronousTestCase):
    """
    Tests with true sockets and a reactor that does what it is told.
    """

    def setUp(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, directory)
        authority = Authority(directory)
        crt = authority.write("server.pem", authority.server())
        self.context = authority.client_context()
        tls = ConsoleTls(TlsSettings(wanted=True, crt=crt), lambda text: None)
        self.reactor = Reactor()
        self.addCleanup(self.close_kept)
        self.gate = Gate(2)
        self.failed: list[str] = []
        self.sessions: list[MasterConsole] = []
        server = socket.create_server(("127.0.0.1", 0))
        server.setblocking(False)
        self.addCleanup(server.close)
        self.number = server.getsockname()[1]
        self.port = TlsPort(
            self.reactor,
            server,
            self.gate,
            self.make,
            lambda: tls.context,
            failed=lambda peer, problem: self.failed.append(problem),
        )
        self.port.watch()
        self.addCleanup(lambda: [each.abort() for each in list(self.port.bridges)])

    def close_kept(self) -> None:
        """
        Close what the reactor has adopted.
        """
        for each in self.reactor.kept:
            os.close(each)

    def make(self, peer: Peer) -> MasterConsole:
        """
        Make a session.
        """
        session = MasterConsole(FakeView(), self.reactor)
        self.sessions.append(session)
        return session

    def turn(self) -> None:
        """
        Let the reactor see what can be read.
        """
        for reader in list(self.reactor.readers):
            reader.doRead()

    def stranger(self, data: bytes = b"") -> socket.socket:
        """
        Connect, and send no more than some bytes.
        """
        sock = socket.create_connection(("127.0.0.1", self.number))
        self.addCleanup(sock.close)
        if data:
            sock.sendall(data)
        self.turn()
        self.turn()
        return sock

    def client(self) -> Client:
        """
        Connect, and shake hands.
        """
        client = Client(self.number, self.context)
        self.addCleanup(client.sock.close)
        done = False
        while not done:
            done = client.turn()
            self.turn()
        self.turn()
        return client

    def phases(self) -> list[int]:
        """
        Tell where the connections are, the oldest first.
        """
        return [each.phase for each in self.port.bridges]

    def test_places(self) -> None:
        """
        A connection takes a place when its handshake is done; one for which there is none waits,
        and takes the next that is free.
        """
        self.stranger()
        self.assertEqual((self.phases(), self.gate.inside), ([HELLO], 0))
        for _ in range(3):
            self.client()
        self.assertEqual((self.phases(), self.gate.inside), ([HELLO, OPEN, OPEN, WAITING], 2))
        self.sessions[0].connectionLost(GONE)
        self.assertEqual((self.phases()[-1], self.gate.inside), (OPEN, 2))

    def test_crowd(self) -> None:
        """
        Of more strangers than fit the oldest has to go; those who shook hands stay.
        """
        for _ in range(3):
            self.client()
        self.assertEqual(self.phases(), [OPEN, OPEN, WAITING])
        first = self.stranger()
        for _ in range(CROWD + 5):
            self.stranger(b"\x16\x03\x01")
        self.assertEqual(self.phases(), [OPEN, OPEN, WAITING] + [HANDSHAKE] * (CROWD - 1))
        self.assertEqual(first.recv(1), b"")

    def test_deadline(self) -> None:
        """
        A handshake has its time, whatever of it came; waiting for a place has no limit.
        """
        for _ in range(3):
            self.client()
        self.stranger()
        self.reactor.advance(DEADLINE / 2)
        self.stranger(b"\x16\x03")
        self.reactor.advance(DEADLINE / 2)
        self.assertEqual(self.phases(), [OPEN, OPEN, WAITING, HANDSHAKE])
        self.reactor.advance(DEADLINE / 2)
        self.assertEqual(self.phases(), [OPEN, OPEN, WAITING])
        self.assertEqual(self.failed, ["no TLS handshake within 10 seconds"] * 2)

    def test_reports(self) -> None:
        """
        Many failures are told once in a second, with their number.
        """
        self.reactor.advance(5)
        for _ in range(5):
            self.stranger(b"GET / HTTP/1.0\r\n\r\n").close()
            self.turn()
        self.assertEqual(self.failed, ["plain text on a TLS socket"])
        self.reactor.advance(1)
        self.stranger(b"GET / HTTP/1.0\r\n\r\n").close()
        self.turn()
        self.assertEqual(self.failed[1:], ["plain text on a TLS socket (4 more before)"])
        self.assertEqual(self.phases(), [])

    def test_farewell(self) -> None:
        """
        A client that was told that this is TLS, and stays, is left after a moment.
        """
        held = self.stranger(b"show proc\n")
        self.assertIn(b"speaks TLS only", held.recv(1000))
        self.assertEqual(len(self.phases()), 1)
        self.reactor.advance(FAREWELL)
        self.assertEqual(self.phases(), [])
        self.assertEqual(held.recv(1), b"")

    def test_stopped(self) -> None:
        """
        At the end strangers are sent away at once, and sessions have their time.
        """
        self.stranger()
        self.client()
        self.port.stop()
        stopped: Any = self.port.emptied()
        self.assertEqual(self.phases(), [OPEN])
        self.assertNoResult(stopped)
        self.port.bridges[0].abort()
        self.successResultOf(stopped)
        self.assertEqual(self.reactor.readers, set())
