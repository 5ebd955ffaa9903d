"""
Tests for L{mwproxy.console.listener}, L{mwproxy.console.stats_port} and L{mwproxy.console.spec}.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.console_settings import ConsoleSettings
from mwproxy.config.model import Bind
from mwproxy.console.listener import (
    LAST_ANSWERS,
    MASTER_CONNECTIONS,
    ConsoleService,
    make_console_services,
)
from mwproxy.console.spec import console_listener_spec, parse_console_spec
from mwproxy.console.stats_port import console_figures, listen_stats, serve_socket
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.levels import Level
from mwproxy.process.sockets import CannotBind
from tests.console.sessions import FakeReactor, FakeView
from tests.observe.worker import a_worker


class SpecTests(SynchronousTestCase):
    """
    Tests of what stands behind C{-S}.
    """

    def refused(self, text: str) -> str:
        """
        Get the message.
        """
        return str(self.assertRaises(ConfigError, parse_console_spec, text))

    def test_path(self) -> None:
        """
        Options follow the address after commas.
        """
        [found] = parse_console_spec("/run/m.sock,level,operator,mode,600,severity-output,number")
        self.assertEqual((found.address.family, found.address.host), ("unix", "/run/m.sock"))
        self.assertEqual(found.settings.level, Level.OPERATOR)
        self.assertEqual(found.settings.severity_output, "number")
        spec = console_listener_spec(found)
        self.assertEqual((spec.family, spec.host, spec.mode), ("unix", "/run/m.sock", 0o600))

    def test_addresses(self) -> None:
        """
        TCP ports and inherited descriptors are addresses too; the level is not given by itself.
        """
        [tcp] = parse_console_spec("127.0.0.1:999")
        self.assertEqual((tcp.address.port, tcp.settings.level), (999, None))
        [fd] = parse_console_spec("fd@7")
        self.assertEqual(console_listener_spec(fd).port, 7)

    def test_mistakes(self) -> None:
        """
        Mistakes are named together with the whole option.
        """
        self.assertIn("'/m foo'", self.refused("/m,foo"))
        self.assertIn("unknown keyword 'foo'", self.refused("/m,foo"))
        self.assertIn("(got 'xx')", self.refused("/m,level,xx"))
        self.assertIn("missing", self.refused("127.0.0.1"))
        self.assertIn("missing address", self.refused(""))


class SocketTestCase(SynchronousTestCase):
    """
    What tests with sockets have in common.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = self.directory / "m"
        self.reactor = FakeReactor()
        self.view = FakeView()

    def connect(self, path: Path | None = None) -> socket.socket:
        """
        Connect a client.
        """
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.connect(str(path or self.path))
        return client

    def accept(self) -> None:
        """
        Let the reactor see what waits.
        """
        for reader in list(self.reactor.readers):
            reader.doRead()


class ServiceTests(SocketTestCase):
    """
    Tests of the master's listeners.
    """

    def make(self, *specs: str) -> list[ConsoleService]:
        """
        Make services and start them.
        """
        services = make_console_services(list(specs), self.view, self.reactor)
        for service in services:
            service.startService()
            self.addCleanup(self.stop, service)
        return services

    def stop(self, service: ConsoleService) -> None:
        """
        Stop a service that may be stopped.
        """
        if service.running:
            with contextlib.suppress(OSError):
                service.stopService()

    def test_level(self) -> None:
        """
        A connection has the level of its option, admin by default.
        """
        other = self.directory / "o"
        self.make(str(self.path), f"{other},level,user")
        self.connect()
        self.connect(other)
        self.accept()
        levels = {protocol.state.level for _, protocol in self.reactor.wires}
        self.assertEqual(levels, {Level.ADMIN, Level.USER})

    def test_out_of_descriptors(self) -> None:
        """
        Without a descriptor left the socket is left alone for a moment, instead of being reported
        over and over; then the client that waits is served.
        """
        self.make(str(self.path))
        (port,) = self.reactor.readers
        sock = port._sock

        class Short:
            def accept(self) -> None:
                raise OSError(errno.EMFILE, "Too many open files")

        port._sock = Short()
        self.connect()
        port.doRead()
        self.assertEqual(self.reactor.readers, set())
        port._sock = sock
        self.reactor.advance(1)
        self.accept()
        self.assertEqual(len(self.reactor.wires), 1)

    def test_no_descriptor_for_the_connection(self) -> None:
        """
        A connection that the reactor has no descriptor for is closed, and forgotten.
        """

        def adopt(fd: int, family: int, factory: object) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        (service,) = self.make(str(self.path))
        self.patch(self.reactor, "adoptStreamConnection", adopt)
        client = self.connect()
        self.accept()
        self.assertEqual(client.recv(1), b"")
        self.assertEqual(service.facts([]).sessions, [])

    def test_ten_at_a_time(self) -> None:
        """
        No more than ten connections are served, on all sockets together; the next one waits for
        one of them to end.
        """
        self.make(str(self.path), str(self.directory / "o"))
        for _ in range(MASTER_CONNECTIONS + 1):
            self.connect()
        for _ in range(MASTER_CONNECTIONS + 1):
            self.accept()
        self.assertEqual(len(self.reactor.wires), MASTER_CONNECTIONS)
        self.assertEqual(self.reactor.readers, set())
        self.reactor.wires[0][1].connectionLost(Failure(ConnectionDone()))
        self.assertEqual(len(self.reactor.readers), 2)
        self.accept()
        self.assertEqual(len(self.reactor.wires), MASTER_CONNECTIONS + 1)

    def test_limit_of_a_socket(self) -> None:
        """
        C{maxconn} limits its own socket; the others go on.
        """
        other = self.directory / "o"
        self.make(f"{self.path},maxconn,2", str(other))
        for _ in range(3):
            self.connect()
        self.connect(other)
        for _ in range(4):
            self.accept()
        self.assertEqual(len(self.reactor.wires), 3)
        self.assertEqual(len(self.reactor.readers), 1)
        mine = f"unix@{self.path}"
        own = [each for _, each in self.reactor.wires if each.state.address == mine]
        own[0].connectionLost(Failure(ConnectionDone()))
        self.accept()
        self.accept()
        self.assertEqual(len(self.reactor.wires), 4)

    def test_more_than_ten(self) -> None:
        """
        A higher C{maxconn} is given.
        """
        self.make(f"{self.path},maxconn,{MASTER_CONNECTIONS + 2}")
        for _ in range(MASTER_CONNECTIONS + 3):
            self.connect()
        for _ in range(MASTER_CONNECTIONS + 3):
            self.accept()
        self.assertEqual(len(self.reactor.wires), MASTER_CONNECTIONS + 2)

    def test_idle(self) -> None:
        """
        C{idle-timeout} ends connections that say nothing; without it they stay.
        """
        other = self.directory / "o"
        self.make(f"{self.path},idle-timeout,2s", str(other))
        self.connect()
        self.connect(other)
        self.accept()
        states = {protocol.state.timeout_ms: wire for wire, protocol in self.reactor.wires}
        self.reactor.advance(1.9)
        self.assertFalse(states[2000].aborted)
        self.reactor.advance(0.2)
        self.assertTrue(states[2000].aborted)
        self.reactor.advance(1e6)
        self.assertFalse(states[None].aborted)

    def test_mode(self) -> None:
        """
        Permissions are as asked for.
        """
        self.make(f"{self.path},mode,600")
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)

    def test_removed(self) -> None:
        """
        The socket is removed at the end, and connections are closed.
        """
        [service] = self.make(str(self.path))
        self.connect()
        self.accept()
        service.stopService()
        self.assertFalse(self.path.exists())
        self.assertTrue(self.reactor.wires[0][0].disconnecting)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_last_answers(self) -> None:
        """
        It has stopped when its clients have read their answers, or have had a second for that.
        """
        for late in (False, True):
            [service] = self.make(str(self.path))
            self.connect()
            self.accept()
            stopped = service.stopService()
            self.assertNoResult(stopped)
            if late:
                self.reactor.advance(LAST_ANSWERS)
            else:
                self.reactor.wires[0][1].connectionLost(Failure(ConnectionDone()))
            self.successResultOf(stopped)

    def test_not_ours_any_more(self) -> None:
        """
        A socket that another instance has put in its place stays.
        """
        [service] = self.make(str(self.path))
        self.make(str(self.path))
        service.stopService()
        self.assertTrue(self.path.exists())

    def test_start_failed(self) -> None:
        """
        An instance that never served gives the path back to the one before it.
        """
        self.make(str(self.path))
        before = self.path.stat().st_ino
        self.view.served = False
        [second] = self.make(str(self.path))
        second.stopService()
        self.assertEqual(self.path.stat().st_ino, before)
        self.view.served = True

    def test_cannot_bind(self) -> None:
        """
        When one address is not to be had, the others are closed again.
        """
        with self.assertRaises(CannotBind):
            make_console_services(
                [str(self.path), str(self.directory / "no" / "m")], self.view, self.reactor
            )
        self.assertFalse(self.path.exists())


class WorkerTests(SocketTestCase):
    """
    Tests of the worker's sockets.
    """

    def test_stats_socket(self) -> None:
        """
        A connection to a stats socket has its line's level, and the limit is that of C{stats
        maxconn} for all sockets together.
        """
        state = a_worker()
        state.configuration.global_.stats_maxconn = 2
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.path))
        server.listen()
        bind = state.configuration.global_.stats_sockets[0]
        port = listen_stats(self.reactor, server.detach(), bind, state)
        for _ in range(3):
            self.connect()
            self.accept()
        self.assertEqual(len(self.reactor.wires), 2)
        self.assertEqual(self.reactor.wires[0][1].state.level, Level.ADMIN)
        self.assertEqual(self.reactor.wires[0][1].state.timeout_ms, 10_000)
        port.stop()
        self.assertEqual(self.reactor.readers, set())

    def test_own_words(self) -> None:
        """
        C{maxconn} and C{idle-timeout} of a line hold for it; C{idle-timeout 0} is for ever.
        """
        for word, expected in ((None, 10_000), (0, None), (500, 500)):
            state = a_worker()
            server = socket.socket(socket.AF_UNIX)
            path = self.directory / f"w{expected}"
            server.bind(str(path))
            server.listen()
            settings = ConsoleSettings(maxconn=1, idle_ms=word)
            bind = Bind(state.configuration.global_.stats_sockets[0].address, settings)
            port = listen_stats(self.reactor, server.detach(), bind, state)
            self.addCleanup(port.stop)
            before = len(self.reactor.wires)
            self.connect(path)
            self.connect(path)
            self.accept()
            self.accept()
            self.assertEqual(len(self.reactor.wires), before + 1)
            self.assertEqual(self.reactor.wires[-1][1].state.timeout_ms, expected)

    def test_from_master(self) -> None:
        """
        A session that the master opens has its level and mode, and no timeout.
        """
        one, other = socket.socketpair()
        self.addCleanup(other.close)
        session = serve_socket(self.reactor, one, a_worker(), Level.USER, "i")
        self.assertEqual((session.state.level, session.state.mode), (Level.USER, "i"))
        self.assertIsNone(session.state.timeout_ms)
        self.assertEqual(one.fileno(), -1)

    def test_paused(self) -> None:
        """
        Paused, it leaves connections in the backlog whatever others do; drained, it accepts all
        that it may. Connections are counted.
        """
        state = a_worker()
        state.configuration.global_.stats_maxconn = 3
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.path))
        server.listen()
        bind = state.configuration.global_.stats_sockets[0]
        self.assertIsNone(console_figures(state))
        port = listen_stats(self.reactor, server.detach(), bind, state)
        self.addCleanup(port.stop)
        for _ in range(5):
            self.connect()
        port.drain()
        self.assertEqual(console_figures(state), (3, 3))
        port.pause()
        self.reactor.wires[0][1].connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.reactor.readers, set())
        port.resume()
        self.assertEqual(len(self.reactor.readers), 1)
        self.accept()
        self.assertEqual(console_figures(state), (3, 4))
