"""
The consoles of a master and of a worker: from addresses and settings to listening sockets at work.
"""

from __future__ import annotations

import socket
import weakref
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from mwproxy.config.console_settings import ConsoleSettings, console_settings
from mwproxy.config.model import Bind
from mwproxy.console.audit import refused_handshake
from mwproxy.console.gate import RESERVED, ConsolePort, Gate
from mwproxy.console.identity import peer_of
from mwproxy.console.line_session import LineSession
from mwproxy.console.master_session import MasterConsole
from mwproxy.console.master_view import MasterView, ReloadResult
from mwproxy.console.relay import link
from mwproxy.console.session import WorkerConsole
from mwproxy.console.spec import console_listener_spec, parse_console_spec
from mwproxy.console.state import ConsoleState
from mwproxy.core.diagnostics import ConfigError, Severity
from mwproxy.core.levels import Level, Peer, level_of
from mwproxy.core.registry import load_family
from mwproxy.process.bind import Bound, bind
from mwproxy.process.inheritance import ConsoleFacts, SessionFacts
from mwproxy.process.sockets import ListenerSpec, inherited_socket

if TYPE_CHECKING:
    from mwproxy.console.tls_context import ConsoleTls
    from mwproxy.live.proxies import WorkerState

#: Connections that the master's console serves at one time, those of all C{-S} together.
MASTER_CONNECTIONS = 10
#: Seconds that clients have to read what they were answered, at the end of the master.
LAST_ANSWERS = 1.0
WORKER_COMMANDS = "mwproxy.console.worker_commands"
MASTER_COMMANDS = "mwproxy.console.master_commands"

_log = Logger()


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
    bind: Bind,
    state: WorkerState,
    sockets: Callable[[], list[socket.socket]] = list,
    say: Callable[[str], None] = lambda text: None,
) -> StatsPort:
    """
    Serve a C{stats socket}.

    @param reactor: The worker's reactor.

    @param fd: The listening descriptor, owned from now on.

    @param bind: Its line.

    @param state: The worker's state, whose configuration limits connections and idleness.

    @param sockets: Lists the listening sockets that C{expose-fd listeners} gives away.

    @param say: Writes a line of the audit.

    @return: It at work.

    @raise ConfigError: Its TLS files will not do; the descriptor is closed.
    """
    load_family(WORKER_COMMANDS)
    settings = console_settings(bind)
    name = address_text(bind)
    try:
        # A worker that replaces one that died must serve: its console's certificate may be old.
        tls = _tls_of(bind, lambda text: state.say(Severity.WARNING, text), lenient=True)
    except ConfigError:
        socket.socket(fileno=fd).close()
        raise
    if tls is not None and settings.tls is not None:
        from mwproxy.console.tls_uses import use_files

        use_files(tls, settings.tls, state.tls_files)
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    limits = state.configuration.global_
    gate = _gates.setdefault(state, Gate(limits.stats_maxconn))

    def make(peer: Peer) -> WorkerConsole:
        return WorkerConsole(
            state,
            level_of(peer, settings.level_rules, _default(settings)),
            "n",
            limits.stats_timeout_ms,
            clock=reactor,
            severity=settings.severity_output,
            address=name,
            sockets=sockets if settings.expose_fd_listeners else None,
            who=peer.text,
            say=say,
        )

    port = _make_port(reactor, sock, gate, make, tls, name=name, say=say)
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
    reactor: Any,
    sock: socket.socket,
    state: WorkerState,
    level: Level,
    mode: str,
    who: str = "",
    say: Callable[[str], None] = lambda text: None,
) -> WorkerConsole:
    """
    Serve one console session that the master opened; it has no timeout.

    @param reactor: The worker's reactor.

    @param sock: A connected stream socket, owned from now on.

    @param state: The worker's state.

    @param level: What the session may do.

    @param mode: C{n}, C{i} or C{p}.

    @param who: The master's client, as the audit names it; empty if the master did not say.

    @param say: Writes a line of the audit.

    @return: The session.
    """
    load_family(WORKER_COMMANDS)
    sock.setblocking(False)
    session = WorkerConsole(
        state, level, mode, clock=reactor, address="master", who=who or "unknown", say=say
    )
    link(reactor, sock, session)
    return session


class ConsoleService(Service):
    """
    One C{-S} listener of the master.

    The socket listens from the start, so that its address is known to be good; connections wait
    until the service is started.

    @ivar address: Its address as the audit names it.

    @ivar reserved: How many places it leaves to others; set before it starts.

    @ivar tls: What makes contexts for new connections, L{None} for plain text.
    """

    def __init__(
        self,
        reactor: Any,
        bound: Bound,
        line: Bind,
        view: MasterView,
        gate: Gate,
        tls: ConsoleTls | None = None,
    ) -> None:
        """
        @param reactor: The reactor.

        @param bound: The socket.

        @param line: Its option.

        @param view: The master.

        @param gate: Limits the connections.

        @param tls: L{None} for plain text.
        """
        self._reactor = reactor
        self._bound = bound
        self._settings: ConsoleSettings = console_settings(line)
        self.address = address_text(line)
        self._view = view
        self._gate = gate
        self.tls = tls
        self.reserved = 0
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

    def states(self) -> list[ConsoleState]:
        """
        List the connections.
        """
        return [session.state for session in self._sessions]

    def startService(self) -> None:
        """
        Serve.
        """
        super().startService()
        self._port = _make_port(
            self._reactor,
            self._bound.sock,
            self._gate,
            self._make,
            self.tls,
            name=self.address,
            say=self._view.audit,
            reserved=self.reserved,
        )
        self._port.watch()

    def part_with_tls(self) -> None:
        """
        Have another process go on with the TLS connections: this one becomes another program.

        @raise OSError: There can be no more processes.
        """
        if self._port is not None and self._port.bridges:
            from mwproxy.console.tls_departure import depart

            depart(self._port.bridges)
            self._port.bridges.clear()

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
            if not each.who:
                # A version without TLS and audit has left it: it is the client's own socket.
                each.who = peer_of(sock).text
            session = self._make(Peer())
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
        port, self._port = self._port, None
        if port is not None:
            port.stop()
        parting = [self._part(session) for session in list(self._sessions)]
        if port is not None:
            parting.append(self._bounded(port.emptied()))
        if self._view.served:
            self._bound.close()
        else:
            self._bound.undo()
        return DeferredList(parting)

    def _part(self, session: MasterConsole) -> Deferred[None]:
        gone: Deferred[None] = Deferred()
        session.when_gone(lambda: gone.callback(None))
        session.leave()
        return self._bounded(gone)

    def _bounded(self, gone: Deferred[None]) -> Deferred[None]:
        gone.addTimeout(LAST_ANSWERS, self._reactor)
        return gone.addErrback(lambda failure: None)

    def _make(self, peer: Peer) -> MasterConsole:
        if self._view.served:
            self._bound.commit()
        settings = self._settings
        default = Level.ADMIN if settings.level is None else settings.level
        session = MasterConsole(
            self._view,
            self._reactor,
            level_of(peer, settings.level_rules, default),
            settings.severity_output,
        )
        session.state.address = self.address
        session.state.who = peer.text
        self._sessions.add(session)
        session.when_gone(lambda: self._sessions.discard(session))
        return session


def make_console_services(
    specs: list[str],
    view: MasterView,
    reactor: Any,
    make_socket: Callable[[ListenerSpec], Bound] = bind,
    *,
    warn: Callable[[str], None] = lambda text: None,
    lenient: bool = False,
) -> list[ConsoleService]:
    """
    Bind the listeners of the master's console.

    @param specs: What stood behind each C{-S}.

    @param view: The master.

    @param reactor: The reactor.

    @param make_socket: Makes the listening sockets.

    @param warn: Told of what is bad but no reason to refuse.

    @param lenient: Certificates that are out of their time are such a thing.

    @return: A service for each address, not started.

    @raise ConfigError: An option cannot be understood or honored.

    @raise CannotBind: An address cannot be listened on; the others are closed.
    """
    load_family(MASTER_COMMANDS)
    lines: list[Bind] = [each for spec in specs for each in parse_console_spec(spec)]
    secured = [_tls_of(each, warn, lenient=lenient) for each in lines]
    gate = Gate(MASTER_CONNECTIONS)
    services: list[ConsoleService] = []
    try:
        for line, tls in zip(lines, secured, strict=True):
            bound = make_socket(console_listener_spec(line))
            services.append(ConsoleService(reactor, bound, line, view, gate, tls))
    except Exception:
        for service in services:
            service.stopService()
        raise
    families = [service.sock.family for service in services]
    for service, family in zip(services, families, strict=True):
        if family != socket.AF_UNIX and socket.AF_UNIX in families:
            service.reserved = RESERVED
    return services


def prepare_tls(services: Iterable[ConsoleService]) -> str:
    """
    Read the TLS files of all consoles anew, for L{commit_tls} or L{discard_tls}.

    @return: What is wrong with them, empty if nothing is; then nothing was prepared.
    """
    for service in services:
        if service.tls is not None:
            try:
                service.tls.prepare()
            except ConfigError as error:
                discard_tls(services)
                return f"'{service.address}' : {error}"
    return ""


def commit_tls(services: Iterable[ConsoleService]) -> None:
    """
    Have new connections get what was read by L{prepare_tls}.
    """
    for service in services:
        if service.tls is not None:
            service.tls.commit()


def discard_tls(services: Iterable[ConsoleService]) -> None:
    """
    Forget what was read by L{prepare_tls}.
    """
    for service in services:
        if service.tls is not None:
            service.tls.discard()


def address_text(line: Bind) -> str:
    """
    Write an address as C{show cli sockets} and the audit do.

    @return: Such as C{unix@/run/m.sock} or C{ipv4@127.0.0.1:9999}.
    """
    address = line.address
    if address.family == "unix":
        return f"unix@{address.host}"
    return f"{address.family}@{address}" if address.is_ip else str(address)


def tls_problem(line: Bind) -> str:
    """
    Read the TLS files of an address, for a check of the configuration.

    @return: What is wrong with them, empty if nothing is. A certificate out of its time is nothing
        wrong: a worker serves with it.
    """
    try:
        _tls_of(line, lambda text: None, lenient=True)
    except ConfigError as error:
        return str(error)
    return ""


def _default(settings: ConsoleSettings) -> Level:
    return Level.OPERATOR if settings.level is None else settings.level


def _tls_of(line: Bind, warn: Callable[[str], None], *, lenient: bool) -> ConsoleTls | None:
    settings = console_settings(line).tls
    if settings is None:
        return None
    # Only who wants TLS waits for its modules.
    from mwproxy.console.tls_context import ConsoleTls

    name = address_text(line)
    try:
        return ConsoleTls(settings, lambda text: warn(f"'{name}' : {text}"), lenient=lenient)
    except ConfigError as error:
        raise ConfigError(f"'{name}' : {error}") from None


def _make_port(
    reactor: Any,
    sock: socket.socket,
    gate: Gate,
    make: Callable[[Peer], LineSession],
    tls: ConsoleTls | None,
    *,
    name: str,
    say: Callable[[str], None],
    reserved: int = 0,
) -> ConsolePort:
    if tls is None:
        return ConsolePort(reactor, sock, gate, make, reserved)
    from mwproxy.console.tls_port import TlsPort

    def failed(peer: Peer, problem: str) -> None:
        say(refused_handshake(peer.text, name, problem))

    return TlsPort(reactor, sock, gate, make, lambda: tls.context, reserved, failed)
