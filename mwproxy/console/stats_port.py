"""
The consoles of a worker: C{stats socket}, and the sessions that the master opens.
"""

from __future__ import annotations

import socket
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mwproxy.config.console_settings import ConsoleSettings, console_settings
from mwproxy.config.model import Bind
from mwproxy.console.gate import ConsolePort, Gate
from mwproxy.console.ports import address_text, make_port, tls_of
from mwproxy.console.relay import link
from mwproxy.console.session import WorkerConsole
from mwproxy.core.diagnostics import ConfigError, Severity
from mwproxy.core.levels import Level, Peer, level_of
from mwproxy.core.registry import load_family

if TYPE_CHECKING:
    from mwproxy.live.proxies import WorkerState

WORKER_COMMANDS = "mwproxy.console.worker_commands"


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
        tls = tls_of(bind, lambda text: state.say(Severity.WARNING, text), lenient=True)
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
            limits.stats_timeout_ms if settings.idle_ms is None else settings.idle_ms or None,
            clock=reactor,
            severity=settings.severity_output,
            address=name,
            sockets=sockets if settings.expose_fd_listeners else None,
            who=peer.text,
            say=say,
        )

    port = make_port(reactor, sock, gate, make, tls, name=name, say=say, most=settings.maxconn)
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


def _default(settings: ConsoleSettings) -> Level:
    return Level.OPERATOR if settings.level is None else settings.level
