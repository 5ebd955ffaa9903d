"""
Figures of SPOE engines, for C{show spoe}.

The engine counts, whoever shows reads. Times are kept in buckets whose bounds grow by a factor: a
quarter of an octave each, so that a quantile is right to within about a fifth, whatever the scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import log2

#: Buckets for each doubling.
_FINE = 4
_BUCKETS = 40 * _FINE


def bound_of(bucket: int) -> int:
    """
    Tell how long the times are that a bucket counts.

    @param bucket: Its number.

    @return: A bound in microseconds that none of them exceeds.
    """
    return int(2 ** ((bucket + 1) / _FINE))


class Latencies:
    """
    How long something took, in buckets.

    @ivar longest: In microseconds, as a fraction.   @ivar count: How many were counted.
    """

    __slots__ = ("_buckets", "count", "longest")

    def __init__(self) -> None:
        self._buckets = [0] * _BUCKETS
        self.count = 0
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """
        Count a time.
        """
        microseconds = seconds * 1_000_000 if seconds > 0 else 0.0
        bucket = int(log2(microseconds + 1) * _FINE)
        self._buckets[bucket if bucket < _BUCKETS else -1] += 1
        self.count += 1
        if microseconds > self.longest:
            self.longest = microseconds

    def quantile(self, part: float) -> int:
        """
        Tell what time a part of all did not exceed.

        @param part: From 0 to 1, such as 0.99.

        @return: Microseconds, 0 when nothing was counted.
        """
        wanted = part * self.count
        seen = 0
        for bucket, count in enumerate(self._buckets):
            seen += count
            if count and seen >= wanted:
                return min(bound_of(bucket), int(self.longest))
        return 0

    def clear(self) -> None:
        """
        Begin anew.
        """
        self.__init__()  # type: ignore[misc]  # all anew is just what is wanted


@dataclass(slots=True)
class AgentFigures:
    """
    One server of an agent, as one engine sees it.

    @ivar connections: Connections to it, those that are being made included.

    @ivar connecting: Those of them that have not greeted yet.

    @ivar idle: Those of them that have nothing to do.

    @ivar in_flight: Frames that wait for their answers.

    @ivar waiting: Frames that wait for a connection.

    @ivar opened: Connections made so far.   @ivar failed: Attempts that failed.

    @ivar answered: Answers that came so far.
    """

    name: str
    state: str
    connections: int
    connecting: int
    idle: int
    in_flight: int
    waiting: int
    opened: int
    failed: int
    answered: int


def _nobody() -> list[AgentFigures]:
    return []


@dataclass(slots=True, eq=False)
class EngineFigures:
    """
    What an engine counts.

    @ivar connections: Connections to all servers now.   @ivar idle: Those with nothing to do.

    @ivar in_flight: Frames that wait for their answers.

    @ivar waiting: Frames that wait for a server or a connection.

    @ivar processed: Events and groups that are over.   @ivar failed: Those of them that failed.

    @ivar skipped: Those that were not begun: the engine was off for the stream, or there were too
        many errors (C{maxerrrate}).

    @ivar refused: Streams that were refused for want of an answer (C{failure closed}, C{wait}).

    @ivar repeated: Frames that were sent again.

    @ivar strays: Answers that nobody waited for any more.

    @ivar opened: Connections made so far.

    @ivar codes: How many failed, by the codes of C{option set-on-error}.

    @ivar latencies: How long successful events and groups took.

    @ivar servers: Lists the servers of the agent that have been used.
    """

    engine: str
    agent: str
    proxy: str
    backend: str
    connections: int = 0
    idle: int = 0
    in_flight: int = 0
    waiting: int = 0
    processed: int = 0
    failed: int = 0
    skipped: int = 0
    refused: int = 0
    repeated: int = 0
    strays: int = 0
    opened: int = 0
    codes: dict[int, int] = field(default_factory=dict)
    latencies: Latencies = field(default_factory=Latencies)
    servers: Callable[[], list[AgentFigures]] = _nobody

    def clear(self) -> None:
        """
        Begin to count anew (C{clear counters all}); figures of the present stay.
        """
        self.processed = self.failed = self.skipped = self.refused = 0
        self.repeated = self.strays = self.opened = 0
        self.codes.clear()
        self.latencies.clear()
