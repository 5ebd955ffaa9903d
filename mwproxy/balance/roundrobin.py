"""
C{balance roundrobin}: each server in turn, according to its weight.

Theory. With equal shares the servers stand in a ring. With different shares, each has a next turn
on a common time line, and turns of a server with share w are 1/w apart: the earliest turn is next.
Over any stretch of picks a server thus gets its part to within about one pick, and heavy servers
are spread out. First turns are staggered, so that servers of equal share do not come in bursts.
When servers come, go or change their share, those that stay keep the part of their way that they
have gone.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush, heapreplace
from itertools import cycle, repeat
from typing import Any

from mwproxy.balance.farm import candidates, takes_more
from mwproxy.core.families import balance
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Server


class RoundRobin:
    """
    Servers in turn. See the module's text.
    """

    __slots__ = (
        "_backend",
        "_heap",
        "_limited",
        "_next",
        "_servers",
        "live_weights",
        "sticky",
        "tracks_load",
    )

    def __init__(self, backend: Backend, live_weights: bool) -> None:
        """
        @param backend: The backend.

        @param live_weights: Whether weights change by less than all or nothing, which
            C{slowstart} needs.
        """
        self.tracks_load = False
        self.sticky = False
        self.live_weights = live_weights
        self._backend = backend
        self._servers: list[Server] = []
        self._heap: list[tuple[float, int, float, Server]] = []
        self._limited = False
        self._next: Callable[[], Server | None] = repeat(None).__next__
        self.update()

    def pick(self, stream: Any, avoid: Server | None = None) -> Server | None:
        """
        Choose the server whose turn it is. See
        L{Balancer.pick<mwproxy.live.servers.Balancer.pick>}.
        """
        if avoid is None and not self._limited:
            return self._next()
        return self._pick_weighted(avoid) if self._heap else self._pick_equal(avoid)

    def update(self) -> None:
        """
        Take notice that servers came, went or changed weight.
        """
        servers = candidates(self._backend)
        if self.live_weights:
            shares = [server.share for server in servers]
        else:
            shares = [server.weight * 16 for server in servers]
        self._limited = any([server.maxconn for server in servers])
        if len(set(shares)) > 1:
            self._begin_weighted(servers, shares)
        else:
            self._begin_equal(servers)
        self._servers = servers

    def load_changed(self, server: Server) -> None:
        """
        Loads do not matter here.
        """

    def _begin_equal(self, servers: list[Server]) -> None:
        first = None
        if servers and len(self._servers) > 1:
            # Whose turn is it? Go on from there, or from who followed.
            order = [self._next() for _ in self._servers]
            present = set(servers)
            first = next((each for each in order if each in present), None)
        self._heap = []
        if first is not None:
            at = servers.index(first)
            servers = servers[at:] + servers[:at]
        self._next = cycle(servers).__next__ if servers else repeat(None).__next__

    def _begin_weighted(self, servers: list[Server], shares: list[int]) -> None:
        now = self._heap[0][0] if self._heap else 0.0
        to_go = {server: (when - now) / step for when, _, step, server in self._heap}
        heap = []
        for position, (server, share) in enumerate(zip(servers, shares, strict=True)):
            step = 16.0 / share
            wait = min(1.0, to_go.get(server, (position + 0.5) / len(servers)))
            heap.append((wait * step, position, step, server))
        heapify(heap)
        self._heap = heap
        self._next = self._take_turn

    def _take_turn(self) -> Server:
        when, position, step, server = self._heap[0]
        heapreplace(self._heap, (when + step, position, step, server))
        return server

    def _pick_equal(self, avoid: Server | None) -> Server | None:
        last = None
        for _ in self._servers:
            server = self._next()
            if server is not None and takes_more(server):
                if server is not avoid:
                    return server
                last = server
        return last

    def _pick_weighted(self, avoid: Server | None) -> Server | None:
        heap = self._heap
        passed = []
        found = last = None
        while heap and found is None:
            when, position, step, server = heappop(heap)
            passed.append((when + step, position, step, server))
            if takes_more(server):
                if server is avoid:
                    last = server
                else:
                    found = server
        for turn in passed:
            heappush(heap, turn)
        return found or last


@balance("roundrobin", live_weights=True)
def balance_roundrobin(backend: Backend) -> RoundRobin:
    """
    C{balance roundrobin}: each server in turn by weight; weights may change at any time.
    """
    return RoundRobin(backend, live_weights=True)
