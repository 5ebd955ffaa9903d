"""
What all parts of a worker's data plane share.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, time
from typing import Any

from mwproxy.live.proxies import WorkerState
from mwproxy.net.pipes import PipePool
from mwproxy.net.reactor import DirectReactor


class Plane:
    """
    The surroundings of every connection.

    @ivar bufsize: Bytes that one direction of a connection may hold (C{tune.bufsize}).

    @ivar head_limit: Bytes that the head of a message may have.

    @ivar splice: Whether bodies may bypass the process.

    @ivar wall_offset: What the time of day is ahead of the monotonic clock; refreshed each second.

    @ivar closing: True once a soft stop has begun and connections have nowhere to go: they are
        closed after their present exchange.

    @ivar handover: Where idle connections go during a soft stop, a
        L{HandoverSender<mwproxy.net.handover.HandoverSender>}, or L{None}.

    @ivar session_ended: Called when a session is gone, L{None} while nobody waits for that.

    @ivar full_listeners: Listeners at a limit, which accept again when a session has ended.
    """

    __slots__ = (
        "bufsize",
        "closing",
        "full_listeners",
        "handover",
        "head_limit",
        "maxhdr",
        "pipes",
        "reactor",
        "session_ended",
        "splice",
        "state",
        "wall_offset",
        "wheel",
    )

    def __init__(self, reactor: DirectReactor, state: WorkerState) -> None:
        self.wall_offset = time() - monotonic()
        settings = state.configuration.global_
        self.reactor = reactor
        self.wheel = reactor.wheel
        self.state = state
        self.bufsize = settings.bufsize
        self.head_limit = max(1024, settings.bufsize - settings.maxrewrite)
        self.maxhdr = settings.maxhdr
        self.splice = not settings.nosplice
        self.pipes = PipePool()
        self.session_ended: Callable[[], None] | None = None
        self.closing = False
        self.handover: Any = None
        self.full_listeners: list[Any] = []
