"""
Changes of many servers taken notice of together.

Theory. An algorithm that takes notice of one change looks at all servers of its backend. When
thousands of them go down at a time, that is a thousand times thousands, and nobody is served
meanwhile. So in a backend of many servers a change only makes the algorithm's tables outdated. They
are made anew when a server is to be picked, but not more often than takes some percent of the
time: until then they may offer servers that must not be used any more, which are passed over, and
not offer yet those that have come. Between changes nothing stands between who picks and the
algorithm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Balancer, Server, StickyBalancer

#: From how many servers on it is worth it.
MANY = 100
#: Seconds per server for which outdated tables may be used; making them takes a tenth of that.
PATIENCE = 10e-6
#: How many unusable servers outdated tables may offer in a row.
TRIES = 10


class Batched:
    """
    An algorithm for a backend of many servers. See the module's text.

    @ivar pick: See L{Balancer.pick<mwproxy.live.servers.Balancer.pick>}.

    @ivar preferred: See L{StickyBalancer.preferred<mwproxy.live.servers.StickyBalancer.preferred>};
        there is none if the algorithm is not sticky.

    @ivar load_changed: The algorithm's own.
    """

    __slots__ = (
        "_algorithm",
        "_backend",
        "_due",
        "live_weights",
        "load_changed",
        "pick",
        "preferred",
        "sticky",
        "tracks_load",
    )

    pick: Callable[..., Server | None]
    preferred: Callable[[Any], Server | None]
    load_changed: Callable[[Server], None]

    def __init__(self, algorithm: Balancer, backend: Backend) -> None:
        """
        @param algorithm: What picks; its tables are made.

        @param backend: The backend.
        """
        self._algorithm = algorithm
        self._backend = backend
        self._due = 0.0
        self.live_weights = algorithm.live_weights
        self.sticky = algorithm.sticky
        self.tracks_load = algorithm.tracks_load
        self.load_changed = algorithm.load_changed
        self._settle()

    def update(self) -> None:
        """
        Take notice that servers came, went or changed weight, by and by.
        """
        self.pick = self._pick_late
        self.preferred = self._prefer_late

    def _settle(self) -> None:
        self.pick = self._algorithm.pick
        if self.sticky:
            self.preferred = cast(StickyBalancer, self._algorithm).preferred

    def _catch_up(self) -> None:
        self._algorithm.update()
        backend = self._backend
        self._due = backend.worker.now + len(backend.servers) * PATIENCE
        self._settle()

    def _pick_late(self, stream: Any, avoid: Server | None = None) -> Server | None:
        if self._backend.worker.now < self._due:
            for _ in range(TRIES):
                server = self._algorithm.pick(stream, avoid)
                if server is None:
                    break
                if server.usable_now:
                    return server
        self._catch_up()
        return self._algorithm.pick(stream, avoid)

    def _prefer_late(self, stream: Any) -> Server | None:
        if self._backend.worker.now < self._due:
            server = cast(StickyBalancer, self._algorithm).preferred(stream)
            if server is not None and server.usable_now:
                return server
        self._catch_up()
        return cast(StickyBalancer, self._algorithm).preferred(stream)
