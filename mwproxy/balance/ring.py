"""
Consistent hashing: servers own points of a ring, a key belongs to the nearest point that follows
it.

Rules. A server's points depend on its number and weight alone, so a server that goes or comes moves
only its own keys. All points, for full weights, are computed once; a change merely filters them.
Each unit of weight has 16 points, fewer when there would be more than L{MAX_POINTS} in all.
"""

from __future__ import annotations

from bisect import bisect_left

from mwproxy.balance.hashes import avalanche
from mwproxy.live.servers import Server

MAX_POINTS = 65536
_PER_WEIGHT = 16
_PER_SERVER = 4096


class Ring:
    """
    Points of servers.
    """

    __slots__ = ("_all", "_owners", "_per_weight", "_points")

    def __init__(self, servers: list[Server]) -> None:
        """
        @param servers: All servers that may ever be placed, in any state.
        """
        total = sum(max(server.initial_weight, 1) for server in servers)
        self._per_weight = min(_PER_WEIGHT, MAX_POINTS / max(total, 1))
        self._all: list[tuple[int, int, Server]] = []
        for server in servers:
            for index in range(self._count(max(server.initial_weight, 1) * 16)):
                point = avalanche(server.number * _PER_SERVER + index)
                self._all.append((point, index, server))
        self._all.sort(key=lambda entry: entry[:2])
        self._points: list[int] = []
        self._owners: list[Server] = []

    def place(self, servers: list[Server]) -> None:
        """
        Say which servers own their points now, as many as their share allows.

        @param servers: They, out of those given at first; a weight above the first
            one adds points.
        """
        limits = {server: self._count(server.share) for server in servers}
        chosen = [entry for entry in self._all if entry[1] < limits.get(entry[2], 0)]
        extra = [
            (avalanche(server.number * _PER_SERVER + index), index, server)
            for server, limit in limits.items()
            for index in range(self._count(max(server.initial_weight, 1) * 16), limit)
        ]
        if extra:
            chosen = sorted(chosen + extra, key=lambda entry: entry[:2])
        self._points = [entry[0] for entry in chosen]
        self._owners = [entry[2] for entry in chosen]

    def find(self, key: int) -> Server | None:
        """
        Look up who owns a key.

        @param key: 0 to 2**32 - 1.

        @return: L{None} when nobody is placed.
        """
        owners = self._owners
        if not owners:
            return None
        return owners[bisect_left(self._points, key) % len(owners)]

    def _count(self, share: int) -> int:
        return max(1, int(share * self._per_weight / 16)) if share else 0
