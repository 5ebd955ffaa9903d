"""
Listening sockets of consoles: accept no more connections than may be served, in the order in which
they came; the others wait in the backlog.
"""

from __future__ import annotations

import errno
import socket
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mwproxy.config.model import Bind, BindSettings
from mwproxy.console.line_session import LineSession
from mwproxy.console.master_session import MasterConsole
from mwproxy.console.master_view import MasterView, ReloadResult
from mwproxy.console.relay import link
from mwproxy.console.session import WorkerConsole
from mwproxy.console.spec import console_listener_spec, parse_console_spec
from mwproxy.core.levels import Level
from mwproxy.core.registry import load_family
from mwproxy.process.bind import Bound, bind
from mwproxy.process.inheritance import ConsoleFacts, SessionFacts
from mwproxy.process.sockets import ListenerSpec, inherited_socket

if TYPE_CHECKING:
    from mwproxy.live.proxies import WorkerState

#: Connections that the master's console serves at one time, those of all C{-S} together.
MASTER_CONNECTIONS = 10
#: What accepting fails with when the system, or our limit, has no descriptor left, and how many
#: seconds it is left alone then.
SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
SHORTAGE_PAUSE = 0.25
#: Seconds that clients have to read what they were answered, at the end of the master.
LAST_ANSWERS = 1.0
WORKER_COMMANDS = "mwproxy.console.worker_commands"
MASTER_COMMANDS = "mwproxy.console.master_commands"

_log = Logger()


class Gate:
    """
    How many connections may still be accepted, on all ports together.
    """

    def __init__(self, limit: int) -> None:
        """
        @param limit: Most connections at one time.
        """
        self.limit = limit
        self.inside = 0
        self.accepted = 0
        self.ports: list[ConsolePort] = []

    def enter(self) -> None:
        """
        Count a connection; ports rest when it was the last one possible.
        """
        self.inside += 1
        self.accepted += 1
        if self.inside >= self.limit:
            for port in self.ports:
                port.rest()

    def leave(self) -> None:
        """
        Count a connection that has ended.
        """
        self.inside -= 1
        if self.inside < self.limit:
            for port in self.ports:
                port.watch()


@implementer(IReadDescriptor)
class ConsolePort:
    """
    One listening socket.
    """

    def __init__(
        self, reactor: Any, sock: socket.socket, gate: Gate, make: Callable[[], LineSession]
    ) -> None:
        """
        @param reactor: The reactor.

        @param sock: A listening, non-blocking socket.

        @param gate: Limits the connections.

        @param make: Makes the protocol of a new connection.
        """
        self._reactor = reactor
        self._sock = sock
        self._gate = gate
        self._make = make
        self._open = True
        self._paused = False
        gate.ports.append(self)

    def fileno(self) -> int:
        """
        Get the descriptor.

        @return: It, -1 once stopped.
        """
        return self._sock.fileno() if self._open else -1

    def logPrefix(self) -> str:
        """
        Name this in logs.

        @return: The name.
        """
        return "console"

    def watch(self) -> None:
        """
        Accept connections.
        """
        if self._open and not self._paused and self._gate.inside < self._gate.limit:
            self._reactor.addReader(self)

    def rest(self) -> None:
        """
        Leave connections in the backlog.
        """
        self._reactor.removeReader(self)

    def pause(self) -> None:
        """
        Accept none for now.
        """
        self._paused = True
        self.rest()

    def resume(self) -> None:
        """
        End L{pause}.
        """
        self._paused = False
        self.watch()

    def drain(self) -> None:
        """
        Accept all connections that wait and may be accepted.
        """
        before = -1
        while self._open and before < self._gate.inside < self._gate.limit:
            before = self._gate.inside
            self.doRead()

    def doRead(self) -> None:
        """
        Accept one connection.
        """
        try:
            sock, _ = self._sock.accept()
        except OSError as error:
            if error.errno in SHORTAGES:
                # It would be reported again and again meanwhile.
                self.rest()
                self._reactor.callLater(SHORTAGE_PAUSE, self.watch)
            return
        sock.setblocking(False)
        self.admit(sock, self._make())

    def admit(self, sock: socket.socket, session: LineSession) -> None:
        """
        Begin with a connection.

        @param sock: It, non-blocking.
        """
        self._gate.enter()
        session.when_gone(self._gate.leave)
        try:
            link(self._reactor, sock, session)
        except OSError:
            session.connectionLost()

    def connectionLost(self, reason: Failure) -> None:
        """
        Take notice that the reactor gave the socket up.

        @param reason: Why.
        """
        self.stop()

    def stop(self) -> None:
        """
        Accept no more.
        """
        if self._open:
            self._reactor.removeReader(self)
            self._open = False
            self._gate.ports.remove(self)


class StatsPort:
    """
    A C{stats socket} at work.

    @ivar sock: The listening socket.
    """

    def __init__(self, port: ConsolePort, sock: socket.socket) -> None:
        """
        @param port: Accepts.

        @param sock: Its socket, closed with it.
        """
        self._port = port
        self.sock = sock

    def drain(self) -> None:
        """
        Accept all that wait and may be accepted.
        """
        self._port.drain()

    def pause(self) -> None:
        """
        Accept no more for now.
        """
        self._port.pause()

    def resume(self) -> None:
        """
        Accept again.
        """
        self._port.resume()

    def stop(self) -> None:
        """
        Accept no more; connections at work go on.
        """
        self._port.stop()
        self.sock.close()


_gates: weakref.WeakKeyDictionary[Any, Gate] = weakref.WeakKeyDictionary()


def listen_stats(
    reactor: Any,
    fd: int,
    settings: BindSettings,
    state: WorkerState,
    sockets: Callable[[], list[socket.socket]] = list,
) -> StatsPort:
    """
    Serve a C{stats socket}.

    @param reactor: The worker's reactor.

    @param fd: The listening descriptor, owned from now on.

    @param settings: Of its line: level and severity output.

    @param state: The worker's state, whose configuration limits connections and idleness.

    @param sockets: Lists the listening sockets that C{expose-fd listeners} gives away.

    @return: It at work.
    """
    load_family(WORKER_COMMANDS)
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    limits = state.configuration.global_
    gate = _gates.setdefault(state, Gate(limits.stats_maxconn))

    def make() -> WorkerConsole:
        return WorkerConsole(
            state,
            Level.OPERATOR if settings.level is None else settings.level,
            "n",
            limits.stats_timeout_ms,
            clock=reactor,
            severity=settings.severity_output,
            sockets=sockets if settings.expose_fd_listeners else None,
        )

    port = ConsolePort(reactor, sock, gate, make)
    port.watch()
    return StatsPort(port, sock)


def console_figures(state: WorkerState) -> tuple[int, int] | None:
    """
    Count connections to the worker's own consoles.

    @return: Those of now and all so far, L{None} if there is no C{stats socket}.
    """
    gate = _gates.get(state)
    return None if gate is None else (gate.inside, gate.accepted)


def serve_socket(
    reactor: Any, sock: socket.socket, state: WorkerState, level: Level, mode: str
) -> WorkerConsole:
    """
    Serve one console session that the master opened; it has no timeout.

    @param reactor: The worker's reactor.

    @param sock: A connected stream socket, owned from now on.

    @param state: The worker's state.

    @param level: What the session may do.

    @param mode: C{n}, C{i} or C{p}.

    @return: The session.
    """
    load_family(WORKER_COMMANDS)
    sock.setblocking(False)
    session = WorkerConsole(state, level, mode, clock=reactor)
    link(reactor, sock, session)
    return session


class ConsoleService(Service):
    """
    One C{-S} listener of the master.

    The socket listens from the start, so that its address is known to be good; connections wait
    until the service is started.
    """

    def __init__(
        self, reactor: Any, bound: Bound, settings: BindSettings, view: MasterView, gate: Gate
    ) -> None:
        """
        @param reactor: The reactor.

        @param bound: The socket.

        @param settings: Of its option: level and severity output.

        @param view: The master.

        @param gate: Limits the connections.
        """
        self._reactor = reactor
        self._bound = bound
        self._settings = settings
        self._view = view
        self._gate = gate
        self._port: ConsolePort | None = None
        self._sessions: set[MasterConsole] = set()
        self.name = f"console {bound.spec.host}:{bound.spec.port}"

    @property
    def spec(self) -> ListenerSpec:
        """
        What the socket was made for.
        """
        return self._bound.spec

    @property
    def sock(self) -> socket.socket:
        """
        The listening socket.
        """
        return self._bound.sock

    def startService(self) -> None:
        """
        Serve.
        """
        super().startService()
        self._port = ConsolePort(self._reactor, self._bound.sock, self._gate, self._make)
        self._port.watch()

    def facts(self, requests: Sequence[object]) -> ConsoleFacts:
        """
        Note what another image of the master needs to go on.

        @param requests: The reloads that connections may wait for.
        """
        sessions = [session.facts(requests) for session in self._sessions]
        return ConsoleFacts(self._bound.facts(), [each for each in sessions if each is not None])

    def inherit(
        self, facts: Sequence[SessionFacts], reloads: Sequence[Awaitable[ReloadResult]]
    ) -> None:
        """
        Go on with the connections of a former image; the service has been started.

        @param reloads: The reloads that connections may wait for.
        """
        assert self._port is not None
        for each in facts:
            sock = inherited_socket(each.fd)
            if sock is None:
                continue
            session = self._make()
            self._port.admit(sock, session)
            waits = 0 <= each.request < len(reloads)
            try:
                session.go_on(each, reloads[each.request] if waits else None)
            except Exception:
                # The rim: one connection must not cost the others theirs.
                _log.failure("a console connection could not be continued")
                session.leave()

    def stopService(self) -> Deferred[Any]:
        """
        Accept no more and close all connections. A UNIX socket is removed if it is still this
        one; when no configuration was ever served, what was there before comes back.

        @return: Fires when all that was answered is sent, or nobody reads it.
        """
        super().stopService()
        if self._port is not None:
            self._port.stop()
            self._port = None
        parting = [self._part(session) for session in list(self._sessions)]
        if self._view.served:
            self._bound.close()
        else:
            self._bound.undo()
        return DeferredList(parting)

    def _part(self, session: MasterConsole) -> Deferred[None]:
        gone: Deferred[None] = Deferred()
        session.when_gone(lambda: gone.callback(None))
        session.leave()
        gone.addTimeout(LAST_ANSWERS, self._reactor)
        return gone.addErrback(lambda failure: None)

    def _make(self) -> MasterConsole:
        if self._view.served:
            self._bound.commit()
        settings = self._settings
        session = MasterConsole(
            self._view,
            self._reactor,
            Level.ADMIN if settings.level is None else settings.level,
            settings.severity_output,
        )
        self._sessions.add(session)
        session.when_gone(lambda: self._sessions.discard(session))
        return session


def make_console_services(
    specs: list[str],
    view: MasterView,
    reactor: Any,
    make_socket: Callable[[ListenerSpec], Bound] = bind,
) -> list[ConsoleService]:
    """
    Bind the listeners of the master's console.

    @param specs: What stood behind each C{-S}.

    @param view: The master.

    @param reactor: The reactor.

    @param make_socket: Makes the listening sockets.

    @return: A service for each address, not started.

    @raise ConfigError: An option cannot be understood or honored.

    @raise CannotBind: An address cannot be listened on; the others are closed.
    """
    load_family(MASTER_COMMANDS)
    binds: list[Bind] = [each for spec in specs for each in parse_console_spec(spec)]
    gate = Gate(MASTER_CONNECTIONS)
    services: list[ConsoleService] = []
    try:
        for each in binds:
            bound = make_socket(console_listener_spec(each))
            services.append(ConsoleService(reactor, bound, each.settings, view, gate))
    except Exception:
        for service in services:
            service.stopService()
        raise
    return services
