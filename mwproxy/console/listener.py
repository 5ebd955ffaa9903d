"""
The console of a master: from C{-S} to listening sockets at work.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from mwproxy.config.console_settings import ConsoleSettings, console_settings
from mwproxy.config.model import Bind
from mwproxy.console.gate import RESERVED, ConsolePort, Gate
from mwproxy.console.identity import peer_of
from mwproxy.console.master_session import MasterConsole
from mwproxy.console.master_view import MasterView, ReloadResult
from mwproxy.console.ports import address_text, make_port, tls_of
from mwproxy.console.spec import console_listener_spec, parse_console_spec
from mwproxy.console.state import ConsoleState
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.levels import Level, Peer, level_of
from mwproxy.core.registry import load_family
from mwproxy.process.bind import Bound, bind
from mwproxy.process.inheritance import ConsoleFacts, SessionFacts
from mwproxy.process.sockets import ListenerSpec, inherited_socket

if TYPE_CHECKING:
    from mwproxy.console.tls_context import ConsoleTls

#: Connections that the master's console serves at one time, those of all C{-S} together; more if
#: one has a higher C{maxconn}.
MASTER_CONNECTIONS = 10
#: Seconds that clients have to read what they were answered, at the end of the master.
LAST_ANSWERS = 1.0
MASTER_COMMANDS = "mwproxy.console.master_commands"

_log = Logger()


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
        self._port = make_port(
            self._reactor,
            self._bound.sock,
            self._gate,
            self._make,
            self.tls,
            name=self.address,
            say=self._view.audit,
            reserved=self.reserved,
            most=self._settings.maxconn,
        )
        self._port.watch()

    def part(self, requests: Sequence[object]) -> None:
        """
        Part with what cannot cross, as this process becomes another program: tell the clients whose
        connections end, and have another process go on with TLS.

        @param requests: The reloads that connections may wait for.

        @raise OSError: There can be no more processes.
        """
        for session in list(self._sessions):
            session.farewell(requests)
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
            settings.idle_ms,
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
    secured = [tls_of(each, warn, lenient=lenient) for each in lines]
    # Who wants more on one socket gets them.
    wanted = [console_settings(line).maxconn or 0 for line in lines]
    gate = Gate(max([MASTER_CONNECTIONS, *wanted]))
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
