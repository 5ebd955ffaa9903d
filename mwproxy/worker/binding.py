"""
The sockets of one configuration: which process listens where, and getting them all.

Everything that cannot be had is said, so that one attempt shows all of it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

from mwproxy.config.model import Bind, Configuration, Proxy
from mwproxy.core.diagnostics import Diagnostics
from mwproxy.process.sockets import CannotBind, ListenerSpec
from mwproxy.worker.startup import StartFailed, listener_spec, protocol_name

#: Gives a descriptor for what is needed, to be owned by who asks.
GetListener = Callable[[ListenerSpec], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Opened:
    """
    One listening socket.

    @ivar proxy: L{None} for a C{stats socket}.

    @ivar fd: Its descriptor.

    @ivar ours: False for one that only other processes accept from; it is kept to be given away.
    """

    proxy: Proxy | None
    bind: Bind
    fd: int
    ours: bool


async def open_sockets(
    configuration: Configuration,
    get_listener: GetListener,
    diagnostics: Diagnostics,
    *,
    program: str,
    process: int,
    needed: bool = True,
    paused: bool = False,
) -> list[Opened]:
    """
    Get the listening sockets of one process, or of all.

    A process with a C{stats socket} that exposes listeners gets those of its siblings as well: who
    takes over shall get all from one.

    @param program: The program's name for messages.

    @param process: The relative number of the process, 0 for all processes.

    @param needed: Whether there must be any: under a master there is a console without, and
        programs.

    @param paused: Those that do not listen are left as they are.

    @return: The sockets, in the order of the files.

    @raise StartFailed: Some cannot be had, or there are none; it was said and nothing is open.
    """
    if needed and not any(True for _ in all_binds(configuration)):
        diagnostics.alert(
            f"[{program}.main()] No enabled listener found (check for 'bind' directives) ! Exiting."
        )
        raise StartFailed(1)
    exposes = any(
        bind.settings.expose_fd_listeners and _is_in(process, bind.settings.processes)
        for bind in configuration.global_.stats_sockets
    )
    gives_away = any(
        bind.settings.expose_fd_listeners for bind in configuration.global_.stats_sockets
    )
    opened: list[Opened] = []
    failed = False
    for proxy, bind in all_binds(configuration):
        ours = _is_in(process, bind.settings.processes) and (
            proxy is None or _is_in(process, proxy.processes)
        )
        if not (ours or exposes):
            continue
        reuseport = proxy is None or not configuration.global_.noreuseport
        spec = replace(listener_spec(bind, proxy, reuseport=reuseport), keep_path=gives_away)
        try:
            fd = await get_listener(spec)
        except CannotBind as error:
            diagnostics.alert(_failure(proxy, bind, error))
            failed = True
            continue
        opened.append(Opened(proxy, bind, fd, ours))
    if failed:
        for each in opened:
            os.close(each.fd)
        diagnostics.alert(
            f"[{program}.main()] Some protocols failed to start their listeners! Exiting."
        )
        raise StartFailed(1)
    if not paused:
        for each in opened:
            _make_sure_it_listens(each)
    return opened


def listeners_of(configuration: Configuration) -> Iterator[tuple[Proxy, Bind]]:
    """
    List what clients can connect to in any process.

    @return: Each C{bind} with its section.
    """
    for proxy in configuration.proxies:
        if not proxy.disabled and proxy.has_frontend:
            for bind in proxy.binds:
                yield proxy, bind


def all_binds(configuration: Configuration) -> Iterator[tuple[Proxy | None, Bind]]:
    """
    List everything that is listened on in any process, with C{stats socket} lines.

    @return: Each line with its section, L{None} for C{stats socket}.
    """
    yield from listeners_of(configuration)
    for bind in configuration.global_.stats_sockets:
        yield None, bind


def _is_in(process: int, processes: frozenset[int]) -> bool:
    return not process or not processes or process in processes


def _failure(proxy: Proxy | None, bind: Bind, error: CannotBind) -> str:
    kind = "frontend" if proxy is None else "proxy" if proxy.kind == "listen" else proxy.kind
    name = "GLOBAL" if proxy is None else proxy.name
    return f"Binding [{bind.where}] for {kind} {name}: protocol {protocol_name(bind)}: {error}."


def _make_sure_it_listens(opened: Opened) -> None:
    """
    A shared socket may be paused (SIGTTOU) by the process that had it before.
    """
    sock = socket.SocketType(fileno=opened.fd)
    try:
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sock.listen(listener_spec(opened.bind, opened.proxy, reuseport=True).backlog)
    except OSError:
        # Another process has the port now; SIGTTIN tries again.
        return
    finally:
        sock.detach()
