"""
Idle connections to servers (C{http-reuse}, C{pool-max-conn}, C{pool-purge-delay}).

The one used last is taken first, so that the others age and are closed. No more are kept than were
in use at one time lately: with C{http-reuse safe} every new session makes a connection of its own,
and these would pile up.
"""

from __future__ import annotations

from collections.abc import Iterable

from mwproxy.live.servers import Server
from mwproxy.net.server_link import ServerLink


def take_idle(server: Server, reuse: str, *, first: bool) -> ServerLink | None:
    """
    Take an idle connection that a stream may use.

    @param server: Its server.

    @param reuse: C{never safe aggressive always}.

    @param first: True for the first request of a session, which could not be repeated by the
        client if the connection turned out to be dead: C{safe} gives it none, C{aggressive} only
        one that has been reused before.

    @return: L{None} when there is none to be had.
    """
    idle = server.idle
    if not idle or reuse == "never" or (first and reuse == "safe"):
        return None
    if first and reuse == "aggressive" and idle[-1].uses < 2:
        return None
    link: ServerLink = idle.pop()
    return link


def keep_idle(server: Server, link: ServerLink, now: float) -> None:
    """
    Put a connection back for others to use, or close it when the pool is full.

    @param server: Its server.

    @param link: The connection, all of its last response read.

    @param now: The monotonic clock.
    """
    if (not server.usable_now and not server.up) or len(server.idle) >= server.used_max:
        link.reset()
        return
    if server.pool_limited:
        settings = server.description.settings
        if (0 <= settings.pool_max <= len(server.idle)) or 0 <= settings.max_reuse <= link.uses:
            link.reset()
            return
        if server.moved and not _still_there(server, link):
            link.reset()
            return
    link.rest(now)
    server.idle.append(link)


def _still_there(server: Server, link: ServerLink) -> bool:
    """
    Tell whether a connection leads to where its server is now, the console having moved it.
    """
    try:
        peer = link.sock.getpeername()
    except OSError:
        return False
    where = server.sockaddr
    return bool(peer[0] == where[0] and (server.port_follows or peer[1] == where[1]))


def purge(servers: Iterable[Server], now: float) -> None:
    """
    Close half of the connections that were not needed during the last purge delay, and forget how
    many were needed before. To be called once a second.

    @param servers: Live servers.

    @param now: The monotonic clock.
    """
    for server in servers:
        server.used_max = max(server.current, server.used_max - (server.used_max >> 2) - 1, 1)
        idle = server.idle
        if not idle:
            continue
        since = now - server.description.settings.pool_purge_delay_ms / 1000
        old = sum(1 for link in idle if link.idle_since < since)
        for link in idle[: (old + 1) // 2]:
            link.reset()
        del idle[: (old + 1) // 2]


def drop_idle(server: Server) -> None:
    """
    Close all idle connections, when a server goes down or into maintenance.

    @param server: The server.
    """
    for link in server.idle:
        link.reset()
    server.idle.clear()
