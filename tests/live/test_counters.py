"""
Tests for L{mwproxy.live.counters}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.counters import Counters


class CountersTests(SynchronousTestCase):
    """
    Tests for L{Counters}.
    """

    def test_rates(self) -> None:
        """
        A rate is the growth during the last second, with its maximum.
        """
        counters = Counters()
        for total in (5, 15, 18):
            counters.stot = total
            counters.tick()
        self.assertEqual((counters.session_rate.current, counters.session_rate.maximum), (3, 10))

    def test_rates_are_their_own(self) -> None:
        """
        What one server has counted shows at no other, although all begin with the same rate.
        """
        busy, idle = Counters(), Counters()
        busy.stot = 7
        for counters in (busy, idle):
            counters.tick()
        self.assertEqual((busy.session_rate.current, busy.request_rate.current), (7, 0))
        self.assertEqual((idle.session_rate.current, Counters().session_rate.maximum), (0, 0))

    def test_everything_begins_at_nothing(self) -> None:
        """
        Every figure of new counters is there and 0.
        """
        counters = Counters()
        others = {"responses", "session_rate", "request_rate", "connection_rate"}
        for name in set(Counters.__slots__) - others:
            self.assertEqual(getattr(counters, name), 0, name)

    def test_averages_lose_what_is_old(self) -> None:
        """
        Each stream counts for 1/1024 in the sums of times, so those before it lose as much.
        """
        counters = Counters()
        counters.ttime_sum, counters.qtime_sum, counters.stot = 102_400, 10_240, 1024
        counters.tick()
        kept = (1023 / 1024) ** 1024
        self.assertEqual(counters.ttime_sum, int(102_400 * kept))
        self.assertEqual(counters.qtime_sum, int(10_240 * kept))
        counters.tick()
        self.assertEqual(counters.ttime_sum, int(102_400 * kept))

    def test_clear_maxima(self) -> None:
        """
        C{clear counters} resets maxima only.
        """
        counters = Counters()
        counters.scur, counters.smax, counters.stot, counters.qmax = 2, 9, 30, 4
        counters.tick()
        counters.tick()
        counters.clear(everything=False)
        self.assertEqual((counters.smax, counters.stot, counters.qmax), (2, 30, 0))
        self.assertEqual(counters.session_rate.maximum, 0)

    def test_clear_all(self) -> None:
        """
        C{clear counters all} resets everything but figures of the present.
        """
        counters = Counters()
        counters.scur, counters.smax, counters.stot = 2, 9, 30
        counters.responses[2] = 8
        counters.clear(everything=True)
        self.assertEqual((counters.scur, counters.smax, counters.stot), (2, 2, 0))
        self.assertEqual(counters.responses, [0] * 6)
