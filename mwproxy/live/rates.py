"""
Limits of rates: how many more may come in this second (C{maxconnrate}, C{rate-limit sessions}).

Theory. What came in the running second counts whole, what came in the one before by how much of
that second is still within the last 1000 ms. So the rate is that of a window that slides, and needs
two figures only. Nothing is told to a limit: it reads a cumulated figure when somebody asks.
"""

from __future__ import annotations

import math

#: No use to look more often, in seconds.
SHORTEST_S = 0.005


class RateLimit:
    """
    One limit.

    @ivar limit: The most in any second, 0 for no limit.
    """

    __slots__ = ("_before", "_current", "_seen", "_second", "limit")

    def __init__(self, limit: int = 0) -> None:
        """
        @param limit: The most in any second, 0 for no limit.
        """
        self.limit = limit
        self._seen = 0
        self._second = 0
        self._current = 0
        self._before = 0

    def set(self, limit: int, total: int, now: float) -> None:
        """
        Change the limit; what has come so far counts as if it had come long ago.

        @param limit: The most in any second, 0 for no limit.

        @param total: The cumulated figure now.

        @param now: The monotonic clock.
        """
        self.limit = limit
        self._seen = total
        self._second = int(now)
        self._current = self._before = 0

    def room(self, total: int, now: float) -> int:
        """
        Tell how many more may come at present.

        @param total: The cumulated figure now.

        @param now: The monotonic clock.

        @return: 0 or more; only to be asked while there is a limit.
        """
        self._look(total, now)
        passed = now - self._second
        return max(0, math.floor(self.limit - self._current - self._before * (1 - passed)))

    def delay(self, now: float) -> float:
        """
        Tell when there will be room, once there was none.

        @param now: The monotonic clock.

        @return: Seconds.
        """
        passed = now - self._second
        left = self.limit - self._current
        if left >= 1 and self._before:
            # Of this second before there may be so many of the last one's.
            return max(SHORTEST_S, 1 - (left - 1) / self._before - passed)
        # Not within this second: in the next one its figure fades away.
        fading = 1 - (self.limit - 1) / self._current if self._current else 0.0
        return max(SHORTEST_S, 1 - passed + max(0.0, fading))

    def _look(self, total: int, now: float) -> None:
        second = int(now)
        if second != self._second:
            self._before = self._current if second == self._second + 1 else 0
            self._current = 0
            self._second = second
        # Less than before: the counters were cleared.
        self._current += total - self._seen if total >= self._seen else total
        self._seen = total
