"""
Tests for L{mwproxy.worker.run}.
"""

from __future__ import annotations

import gc
import signal

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.worker.run import COLLECT_AFTER, Surroundings, run_until


class Reactor:
    """
    A reactor that notes whether cycles are looked for while it runs.
    """

    def run(self, installSignalHandlers: bool) -> None:
        self.collects = gc.isenabled()


class CollectionTests(SynchronousTestCase):
    """
    Tests for when a worker looks for reference cycles.
    """

    def setUp(self) -> None:
        threshold = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *threshold)
        self.addCleanup(gc.unfreeze)
        self.addCleanup(gc.enable)
        # A worker that ends blocks signals.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, mask)

    def test_not_while_loading(self) -> None:
        """
        A worker begins to run without looking for cycles.
        """
        reactor = Reactor()
        run_until(reactor, [])
        self.assertFalse(reactor.collects)

    def test_from_ready_on(self) -> None:
        """
        Once READY it does, but not in what was loaded.
        """
        gc.disable()
        before = gc.get_freeze_count()
        Surroundings().settle()
        self.assertTrue(gc.isenabled())
        self.assertGreater(gc.get_freeze_count(), before)
        self.assertEqual(gc.get_threshold(), COLLECT_AFTER)

    def test_left_alone_elsewhere(self) -> None:
        """
        In a process that collects all the time nothing is frozen.
        """
        before = gc.get_freeze_count()
        Surroundings().settle()
        self.assertEqual(gc.get_freeze_count(), before)
