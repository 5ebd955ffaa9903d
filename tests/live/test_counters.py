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
