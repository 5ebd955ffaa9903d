"""
Tests for L{mwproxy.process.affinity}.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.affinity import bind_to_cpus


class AffinityTests(SynchronousTestCase):
    """
    Processors of this process.
    """

    def test_bound(self) -> None:
        """
        Processors that the machine does not have do not count, unless there are no others.
        """
        before = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, before)
        one = min(before)
        self.assertEqual(bind_to_cpus({one, 1023}), "")
        self.assertEqual(os.sched_getaffinity(0), {one})
        self.assertEqual(bind_to_cpus({1023}), "Invalid argument")
        self.assertEqual(os.sched_getaffinity(0), {one})
