"""
Tests for L{mwproxy.live.rates}.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.rates import RateLimit

#: A machine under load decides nothing.
_PATIENT = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class RateTests(SynchronousTestCase):
    """
    Tests for L{RateLimit}.
    """

    def test_room(self) -> None:
        """
        There is room for as many as the limit, then none within a second, then room again.
        """
        limit = RateLimit(10)
        self.assertEqual(limit.room(0, 100.0), 10)
        self.assertEqual(limit.room(7, 100.2), 3)
        self.assertEqual(limit.room(10, 100.4), 0)
        self.assertEqual(limit.room(10, 101.0), 0)
        self.assertEqual(limit.room(10, 101.5), 5)
        self.assertEqual(limit.room(10, 103.0), 10)

    def test_cleared_counters(self) -> None:
        """
        A figure that was cleared begins anew.
        """
        limit = RateLimit(10)
        limit.room(8, 100.0)
        self.assertEqual(limit.room(1, 100.1), 1)

    def test_set(self) -> None:
        """
        What came before the limit was set does not count.
        """
        limit = RateLimit()
        limit.set(5, 1000, 100.7)
        self.assertEqual(limit.room(1000, 100.8), 5)
        self.assertEqual(limit.room(1005, 100.9), 0)

    @_PATIENT
    @given(
        st.integers(1, 50),
        st.lists(st.tuples(st.floats(0, 0.7), st.integers(0, 60)), max_size=60),
    )
    def test_never_more(self, most: int, looks: list[tuple[float, int]]) -> None:
        """
        Who comes back after each delay, and takes what room there is, has at most twice the limit
        within any second, however it falls, and the limit itself in each second of the clock.
        """
        limit = RateLimit(most)
        now, total = 100.0, 0
        taken: list[tuple[float, int]] = []
        for passed, wanted in looks:
            now += passed
            room = limit.room(total, now)
            self.assertGreaterEqual(room, 0)
            came = min(room, wanted)
            total += came
            taken.append((now, came))
        for second in {int(when) for when, _ in taken}:
            self.assertLessEqual(sum(came for when, came in taken if int(when) == second), most)

    @_PATIENT
    @given(st.integers(1, 50), st.floats(0, 5), st.integers(0, 50))
    def test_delay(self, most: int, begin: float, before: int) -> None:
        """
        Who comes back after the delay finds room, at the latest the third time.
        """
        limit = RateLimit(most)
        now = 100 + begin
        total = min(before, limit.room(0, now))
        now += 0.3
        total += limit.room(total, now)
        for _ in range(3):
            if limit.room(total, now):
                break
            delay = limit.delay(now)
            self.assertGreater(delay, 0)
            self.assertLess(delay, 2.1)
            now += delay
        self.assertGreater(limit.room(total, now), 0)
