"""
C{balance leastconn}: the server with the fewest streams for its weight.

Theory. A heap orders servers by load, that is (current + waiting) / share, and those of equal load
by how long ago they were moved, which makes a round robin of ties. An entry may claim less load
than its server has by now: that is found out when it comes to the top, and it is put where it
belongs. It must never claim more, so a load that fell is entered at once
(L{LeastConn.load_changed}) under a new stamp, and the entry with the old stamp is dropped when it
comes to the top. A server found full leaves the heap until its load changes; so a saturated farm
costs next to nothing per pick.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace
from itertools import count
from typing import Any

from mwproxy.balance.farm import candidates, takes_more
from mwproxy.core.families import balance
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Server

#: Entered load of a server that is not in the heap because it was full.
_PARKED = float("inf")
_SLACK = 64


class LeastConn:
    """
    Servers by load. See the module's text.
    """

    __slots__ = (
        "_backend",
        "_entered",
        "_heap",
        "_stamps",
        "live_weights",
        "sticky",
        "tracks_load",
    )

    def __init__(self, backend: Backend) -> None:
        """
        @param backend: The backend.
        """
        self.tracks_load = True
        self.live_weights = True
        self.sticky = False
        self._backend = backend
        self._stamps = count(1)
        self._heap: list[tuple[float, int, Server]] = []
        #: Load and stamp of each server's valid entry.
        self._entered: dict[Server, tuple[float, int]] = {}
        self.update()

    def pick(self, stream: Any, avoid: Server | None = None) -> Server | None:
        """
        Choose the server with the least load. See
        L{Balancer.pick<mwproxy.live.servers.Balancer.pick>}.
        """
        heap = self._heap
        entered = self._entered
        passed = None
        found = None
        while heap:
            entry = heap[0]
            load, stamp, server = entry
            if entered[server][1] != stamp:
                heappop(heap)
                continue
            # A share of 0 is that of a server that has left since (batches.py).
            actual = (server.current + len(server.queue)) / (server.share or 1)
            if actual > load:
                stamp = next(self._stamps)
                entered[server] = (actual, stamp)
                heapreplace(heap, (actual, stamp, server))
                continue
            if not takes_more(server):
                heappop(heap)
                entered[server] = (_PARKED, 0)
                continue
            if server is avoid:
                passed = heappop(heap)
                continue
            stamp = next(self._stamps)
            entered[server] = (actual, stamp)
            heapreplace(heap, (actual, stamp, server))
            found = server
            break
        if passed is not None:
            heappush(heap, passed)
            return found or avoid
        return found

    def update(self) -> None:
        """
        Take notice that servers came, went or changed weight.
        """
        before = self._entered
        self._entered = {}
        servers = candidates(self._backend)
        # New ones first: they have been idle for longest.
        servers.sort(key=lambda server: before[server][1] if server in before else 0)
        for server in servers:
            load = (server.current + len(server.queue)) / server.share
            self._entered[server] = (load, next(self._stamps))
        self._rebuild()

    def load_changed(self, server: Server) -> None:
        """
        Enter a load that fell.
        """
        known = self._entered.get(server)
        if known is None:
            return
        load = (server.current + len(server.queue)) / (server.share or 1)
        if load < known[0] or known[0] == _PARKED:
            stamp = next(self._stamps)
            self._entered[server] = (load, stamp)
            if len(self._heap) > 4 * len(self._entered) + _SLACK:
                self._rebuild()
            else:
                heappush(self._heap, (load, stamp, server))

    def _rebuild(self) -> None:
        self._heap = [
            (load, stamp, server)
            for server, (load, stamp) in self._entered.items()
            if load != _PARKED
        ]
        heapify(self._heap)


@balance("leastconn", live_weights=True)
def balance_leastconn(backend: Backend) -> LeastConn:
    """
    C{balance leastconn}: the server with the fewest streams, running and waiting, for its weight.
    """
    return LeastConn(backend)
