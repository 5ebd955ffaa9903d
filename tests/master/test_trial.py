"""
Tests for L{mwproxy.master.trial}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.master.trial import Trial
from tests.process.memory import MemorySystem


class TrialTests(SynchronousTestCase):
    """
    Tests of the time that a generation has.
    """

    def setUp(self) -> None:
        self.system = MemorySystem()
        self.expired = 0
        self.trial = Trial(self.system, self.expire)

    def expire(self) -> None:
        """
        Count.
        """
        self.expired += 1

    def test_expires(self) -> None:
        """
        It is over when its time is, once.
        """
        self.trial.begin(3, 60)
        self.system.clock.advance(59)
        self.assertEqual((self.trial.left, self.trial.over, self.expired), (1, False, 0))
        self.system.clock.advance(1)
        self.assertEqual((self.trial.over, self.expired), (True, 1))
        self.system.clock.advance(1000)
        self.assertEqual((self.trial.back_to, self.expired), (3, 1))

    def test_ends(self) -> None:
        """
        What was confirmed does not expire.
        """
        self.trial.begin(3, 60)
        self.trial.end()
        self.system.clock.advance(1000)
        self.assertEqual((self.trial.back_to, self.trial.over, self.expired), (0, False, 0))
        self.assertEqual(self.trial.left, 0)

    def test_anew(self) -> None:
        """
        The time begins anew; where it goes back to does not change.
        """
        self.trial.begin(3, 60)
        self.system.clock.advance(59)
        self.trial.begin(4, 60)
        self.system.clock.advance(59)
        self.assertEqual((self.trial.back_to, self.expired), (3, 0))
        self.system.clock.advance(1)
        self.assertEqual(self.expired, 1)

    def test_another_image(self) -> None:
        """
        The time goes on in another image; what expired meanwhile does so at once.
        """
        self.trial.begin(3, 60)
        facts = self.trial.facts()
        self.trial.end()
        self.system.clock.advance(30)
        self.trial.inherit(facts)
        self.system.clock.advance(29)
        self.assertEqual(self.expired, 0)
        self.system.clock.advance(1)
        self.assertEqual(self.expired, 1)
        other = Trial(self.system, self.expire)
        other.inherit(facts)
        self.system.clock.advance(0)
        self.assertEqual(self.expired, 2)

    def test_nothing_on_trial(self) -> None:
        """
        Without a trial none begins in another image.
        """
        self.trial.inherit(self.trial.facts())
        self.assertEqual((self.trial.back_to, self.trial.over), (0, False))
