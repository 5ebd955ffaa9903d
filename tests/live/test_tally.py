"""
Tests for L{mwproxy.live.tally}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.counters import Counters
from mwproxy.live.tally import Tally


class TallyTests(SynchronousTestCase):
    """
    Tests for L{Tally}.
    """

    def setUp(self) -> None:
        self.unsettled: list[Tally] = []
        self.frontend, self.backend, self.server = Counters(), Counters(), Counters()
        self.tally = Tally(self.frontend, self.backend, self.server, self.unsettled)

    def test_wait(self) -> None:
        """
        It stands in line until it is settled.
        """
        self.tally.wait()
        self.assertEqual(self.unsettled, [self.tally])
        self.assertTrue(self.tally.waits)
        self.tally.settle()
        self.assertFalse(self.tally.waits)

    def test_settle(self) -> None:
        """
        Each sum goes where it belongs, once.
        """
        tally = self.tally
        tally.begun, tally.reused = 5, 3
        tally.bin, tally.bout = 100, 200
        tally.responses[2] = 4
        tally.responses[5] = 1
        tally.lastsess = 9.0
        for _ in range(2):
            tally.settle()
            for counters in (self.frontend, self.backend, self.server):
                self.assertEqual((counters.bin, counters.bout), (100, 200))
                self.assertEqual(counters.responses, [0, 0, 4, 0, 0, 1])
            for counters in (self.backend, self.server):
                self.assertEqual((counters.stot, counters.lbtot, counters.lastsess), (5, 5, 9.0))
            self.assertEqual((self.frontend.stot, self.frontend.lbtot), (0, 0))
            self.assertEqual((self.backend.reuse, self.server.reuse), (0, 3))

    def test_times(self) -> None:
        """
        Times are added up, of maxima the largest stays.
        """
        tally = self.tally
        self.server.rtime_max = 80
        for name in ("qtime", "ctime", "rtime", "ttime"):
            setattr(tally, f"{name}_sum", 70)
            setattr(tally, f"{name}_max", 60)
        tally.timed = True
        for _ in range(2):
            tally.settle()
            self.assertEqual((self.server.rtime_sum, self.server.rtime_max), (70, 80))
            for name in ("qtime", "ctime", "rtime", "ttime"):
                self.assertEqual(getattr(self.backend, f"{name}_sum"), 70)
                self.assertEqual(getattr(self.backend, f"{name}_max"), 60)

    def test_older_than_known(self) -> None:
        """
        A time of the last stream that is known already is not taken back.
        """
        self.server.lastsess = 10.0
        self.tally.lastsess = 9.0
        self.tally.settle()
        self.assertEqual(self.server.lastsess, 10.0)
