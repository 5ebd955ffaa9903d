"""
Tests for L{mwproxy.process.reserve}.
"""

from __future__ import annotations

import os
import resource

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.reserve import Reserve


class ReserveTests(SynchronousTestCase):
    """
    Descriptors that are held back.
    """

    def setUp(self) -> None:
        self.reserve = Reserve(3)
        self.addCleanup(self.reserve.lend)

    def test_lent_and_held(self) -> None:
        """
        What is lent can be used by others, and is held again afterwards.
        """
        self.assertEqual(len(self.reserve), 3)
        free = os.dup(0)
        os.close(free)
        self.reserve.lend()
        used = os.dup(0)
        os.close(used)
        self.assertLess(used, free)
        self.reserve.hold()
        self.reserve.hold()
        self.assertEqual(len(self.reserve), 3)

    def test_at_the_limit(self) -> None:
        """
        When there are no more to be had, fewer are held.
        """
        self.reserve.lend()
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, limits[1]))
        try:
            self.reserve.hold()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        self.assertEqual(len(self.reserve), 1)
