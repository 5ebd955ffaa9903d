"""
One coarse timer wheel for all connection timeouts of a worker.

Theory. Nearly every timeout is moved before it fires: each byte that passes moves it. So an expiry
is a plain number on its object, changed freely, and the wheel only promises to look at the object
no later than at the expiry it had when it was parked. Looking too early costs one re-parking;
looking too late cannot happen as long as whoever shortens an expiry asks for it::

    session.expiry = expiry = now + timeout
    if expiry < session.parked_at:
        wheel.park(session, expiry)

An object stands in one bucket at most, and leaves it when it is closed (L{TimerWheel.forget}).
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf
from typing import Protocol

from twisted.logger import Logger

_log = Logger()

#: Buckets per second.
TICKS = 100


class Timed(Protocol):
    """
    Something with a timeout.

    @ivar expiry: Monotonic time at which L{expire} is due, infinite for never.

    @ivar parked_at: When the wheel will look at it; infinite while it is not parked. It belongs
        to the wheel.
    """

    expiry: float
    parked_at: float

    def expire(self, now: float) -> None:
        """
        The time has come. May set a new expiry and park itself again.
        """


class TimerWheel:
    """
    Buckets of timed objects by tick.
    """

    __slots__ = ("_buckets", "_ticks")

    def __init__(self) -> None:
        self._buckets: dict[int, dict[Timed, None]] = {}
        self._ticks: list[int] = []

    def park(self, timed: Timed, expiry: float) -> None:
        """
        Look at an object no later than at a time.

        @param timed: The object; it moves there if it stands elsewhere.

        @param expiry: The time; must be finite.
        """
        parked_at = timed.parked_at
        if parked_at != inf:
            bucket = self._buckets.get(round(parked_at * TICKS))
            if bucket is not None:
                bucket.pop(timed, None)
        tick = int(expiry * TICKS) + 1
        timed.parked_at = tick / TICKS
        bucket = self._buckets.get(tick)
        if bucket is None:
            self._buckets[tick] = {timed: None}
            heappush(self._ticks, tick)
        else:
            bucket[timed] = None

    def forget(self, timed: Timed) -> None:
        """
        Drop an object that is closed.

        @param timed: The object, parked or not.
        """
        parked_at = timed.parked_at
        if parked_at != inf:
            timed.parked_at = inf
            bucket = self._buckets.get(round(parked_at * TICKS))
            if bucket is not None:
                bucket.pop(timed, None)

    def delay(self, now: float) -> float | None:
        """
        Tell how long there is nothing to do.

        @param now: The monotonic clock.

        @return: Seconds until the next bucket is due, L{None} when all is empty.
        """
        ticks = self._ticks
        while ticks:
            if self._buckets[ticks[0]]:
                return max(0.0, ticks[0] / TICKS - now)
            del self._buckets[heappop(ticks)]
        return None

    def run(self, now: float) -> None:
        """
        Let everything expire whose time has come.

        @param now: The monotonic clock.
        """
        ticks = self._ticks
        due = int(now * TICKS)
        while ticks and ticks[0] <= due:
            tick = heappop(ticks)
            parked_at = tick / TICKS
            for timed in list(self._buckets.pop(tick)):
                if timed.parked_at != parked_at:
                    # An earlier one of this bucket moved or closed it.
                    continue
                timed.parked_at = inf
                expiry = timed.expiry
                if expiry <= now:
                    try:
                        timed.expire(now)
                    except Exception:
                        _log.failure("a timeout of {timed} failed", timed=timed)
                elif expiry != inf:
                    self.park(timed, expiry)

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))
