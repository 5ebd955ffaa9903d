"""
C{balance first}: the first server that has room takes it all.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from mwproxy.balance.farm import candidates, takes_more
from mwproxy.core.families import balance
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Server


class First:
    """
    The usable servers by number (C{id}); weights do not matter.
    """

    __slots__ = ("_backend", "_servers", "live_weights", "sticky", "tracks_load")

    def __init__(self, backend: Backend) -> None:
        """
        @param backend: The backend.
        """
        self.tracks_load = False
        self.live_weights = True
        self.sticky = False
        self._backend = backend
        self._servers: list[Server] = []
        self.update()

    def pick(self, stream: Any, avoid: Server | None = None) -> Server | None:
        """
        Choose the first that has room. See
        L{Balancer.pick<mwproxy.live.servers.Balancer.pick>}.
        """
        last = None
        for server in self._servers:
            if takes_more(server):
                if server is not avoid:
                    return server
                last = server
        return last

    def update(self) -> None:
        """
        Take notice that servers came or went.
        """
        self._servers = sorted(candidates(self._backend), key=attrgetter("number"))

    def load_changed(self, server: Server) -> None:
        """
        Room is looked at when it matters.
        """


@balance("first", live_weights=True)
def balance_first(backend: Backend) -> First:
    """
    C{balance first}: the server with the lowest C{id} that has not reached its C{maxconn}.
    """
    return First(backend)
