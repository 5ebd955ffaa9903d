"""
C{balance source}: a client address always gets the same server.

C{hash-type} decides how. With C{map-based} the address as a number, modulo the number of places, is
a place in a table in which each server has as many as its weight says; nearly all clients move when
a server comes or goes. With C{consistent} it is looked up on a L{Ring<mwproxy.balance.ring.Ring>},
and few move. As in HAProxy, the hash function (C{sdbm}, C{djb2}, C{wt6}, C{crc32}) does not matter
for addresses, which are numbers already; the C{avalanche} modifier does, and is implied by
C{consistent} when no function is named.

A server that is full is not replaced by another, which would lose what its client is bound to:
L{Source.pick} finds none. Streams without an IP address (UNIX sockets) are served in turn.
"""

from __future__ import annotations

from itertools import cycle, repeat
from typing import Any

from mwproxy.balance.farm import candidates, takes_more
from mwproxy.balance.hashes import address_key, avalanche
from mwproxy.balance.places import places
from mwproxy.balance.ring import Ring
from mwproxy.core.families import balance
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Server


class Source:
    """
    Servers by client address. See the module's text.
    """

    __slots__ = (
        "_avalanche",
        "_backend",
        "_next",
        "_ring",
        "_servers",
        "_table",
        "live_weights",
        "sticky",
        "tracks_load",
    )

    def __init__(self, backend: Backend) -> None:
        """
        @param backend: The backend.
        """
        method, _, modifier = backend.description.hash_type
        self.tracks_load = False
        self.sticky = True
        self._backend = backend
        self._avalanche = modifier == "avalanche"
        self._ring = Ring(backend.servers) if method == "consistent" else None
        self.live_weights = self._ring is not None
        self._table: list[Server] = []
        self._servers: list[Server] = []
        self.update()

    def pick(self, stream: Any, avoid: Server | None = None) -> Server | None:
        """
        Choose the client's server; in place of one to avoid, the next in line. See
        L{Balancer.pick<mwproxy.live.servers.Balancer.pick>}.
        """
        server = self.preferred(stream)
        if server is None:
            return None
        if server is avoid:
            return self._instead_of(server)
        return server if takes_more(server) else None

    def preferred(self, stream: Any) -> Server | None:
        """
        Tell which server a stream belongs to, whether it has room or not.

        @param stream: The stream.

        @return: L{None} when no server is usable.
        """
        key = address_key(stream.session.client_host)
        if key is None:
            return self._next()
        if self._avalanche:
            key = avalanche(key)
        if self._ring is not None:
            return self._ring.find(key)
        table = self._table
        return table[key % len(table)] if table else None

    def update(self) -> None:
        """
        Take notice that servers came, went or changed weight.
        """
        servers = candidates(self._backend)
        self._servers = servers
        self._next = cycle(servers).__next__ if servers else repeat(None).__next__
        if self._ring is not None:
            self._ring.place(servers)
        else:
            order = places([server.weight for server in servers])
            self._table = [servers[position] for position in order]

    def load_changed(self, server: Server) -> None:
        """
        Loads do not matter here.
        """

    def _instead_of(self, server: Server) -> Server | None:
        at = self._servers.index(server)
        for other in self._servers[at + 1 :] + self._servers[: at + 1]:
            if takes_more(other):
                return other
        return None


@balance("source", live_weights=False)
def balance_source(backend: Backend) -> Source:
    """
    C{balance source}: by a hash of the client's address, see C{hash-type}.
    """
    return Source(backend)
