"""
Tests for L{mwproxy.net.timers}.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.net.timers import TimerWheel


class Thing:
    """
    Something with a timeout.
    """

    def __init__(self, expiry: float = inf, act: Callable[[], None] = lambda: None) -> None:
        self.expiry = expiry
        self.parked_at = inf
        self.act = act
        self.expired: list[float] = []

    def expire(self, now: float) -> None:
        self.expired.append(now)
        self.act()


class TimerWheelTests(SynchronousTestCase):
    """
    Tests for L{TimerWheel}.
    """

    def setUp(self) -> None:
        self.wheel = TimerWheel()

    def thing(self, expiry: float, act: Callable[[], None] = lambda: None) -> Thing:
        made = Thing(expiry, act)
        self.wheel.park(made, expiry)
        return made

    def test_expires_not_before_its_time(self) -> None:
        """
        A thing expires once, not before its time and at most a tick after it.
        """
        thing = self.thing(100.005)
        self.wheel.run(100.0)
        self.assertEqual(thing.expired, [])
        self.wheel.run(100.02)
        self.wheel.run(200.0)
        self.assertEqual(thing.expired, [100.02])
        self.assertEqual((thing.parked_at, len(self.wheel)), (inf, 0))

    def test_later_expiry_needs_no_parking(self) -> None:
        """
        Who moves its expiry on is looked at, and parked anew.
        """
        thing = self.thing(100.0)
        thing.expiry = 300.0
        self.wheel.run(101.0)
        self.assertEqual((thing.expired, len(self.wheel)), ([], 1))
        self.wheel.run(301.0)
        self.assertEqual(thing.expired, [301.0])

    def test_never(self) -> None:
        """
        Who has no expiry any more when it is looked at leaves the wheel.
        """
        thing = self.thing(100.0)
        thing.expiry = inf
        self.wheel.run(101.0)
        self.assertEqual((thing.expired, len(self.wheel), thing.parked_at), ([], 0, inf))

    def test_parked_earlier(self) -> None:
        """
        A thing that is parked again stands in one place only.
        """
        thing = self.thing(200.0)
        thing.expiry = 100.0
        self.wheel.park(thing, 100.0)
        self.assertEqual(len(self.wheel), 1)
        self.wheel.run(101.0)
        self.wheel.run(201.0)
        self.assertEqual(thing.expired, [101.0])

    def test_forgotten(self) -> None:
        """
        Who is forgotten does not expire; forgetting twice does nothing.
        """
        thing = self.thing(100.0)
        self.wheel.forget(thing)
        self.wheel.forget(thing)
        self.wheel.run(101.0)
        self.assertEqual((thing.expired, len(self.wheel)), ([], 0))

    def test_forgotten_by_another(self) -> None:
        """
        Who is closed by another that expires in the same tick does not expire.
        """
        later = Thing(100.0)
        self.thing(100.0, lambda: self.wheel.forget(later))
        self.wheel.park(later, 100.0)
        self.wheel.run(101.0)
        self.assertEqual((later.expired, later.parked_at), ([], inf))

    def test_moved_by_another(self) -> None:
        """
        Who is given more time by another that expires in the same tick stands in one place
        afterwards, so that nothing of it remains when it is closed.
        """
        later = Thing(100.0)

        def give_time() -> None:
            later.expiry = 150.0
            self.wheel.park(later, 120.0)

        self.thing(100.0, give_time)
        self.wheel.park(later, 100.0)
        self.wheel.run(101.0)
        self.assertEqual(len(self.wheel), 1)
        self.wheel.forget(later)
        self.assertEqual(len(self.wheel), 0)
        self.wheel.run(200.0)
        self.assertEqual(later.expired, [])

    def test_parks_itself_again(self) -> None:
        """
        Who expires may set a new expiry.
        """
        thing = Thing(100.0)

        def again() -> None:
            thing.expiry = 102.0
            self.wheel.park(thing, 102.0)

        thing.act = again
        self.wheel.park(thing, 100.0)
        self.wheel.run(101.0)
        self.assertEqual((thing.expired, len(self.wheel)), ([101.0], 1))

    def test_failure_of_one(self) -> None:
        """
        An expiry that fails is logged, and the others take place.
        """

        def fail() -> None:
            raise ValueError("told so")

        self.thing(100.0, fail)
        other = self.thing(100.0)
        self.wheel.run(101.0)
        self.assertEqual(other.expired, [101.0])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_delay(self) -> None:
        """
        The delay is that of the first bucket that is not empty; L{None} when all are.
        """
        self.assertIsNone(self.wheel.delay(90.0))
        first = self.thing(100.0)
        self.thing(200.0)
        self.assertAlmostEqual(self.wheel.delay(90.0) or 0, 10.01)
        self.assertEqual(self.wheel.delay(150.0), 0.0)
        self.wheel.forget(first)
        self.assertAlmostEqual(self.wheel.delay(90.0) or 0, 110.01)
