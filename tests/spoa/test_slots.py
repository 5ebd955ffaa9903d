"""
Tests for L{mwproxy.spoa.slots}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.spoa.slots import Slots


class SlotTests(SynchronousTestCase):
    """
    Tests of places that are taken and given back.
    """

    def test_in_order(self) -> None:
        """
        Who waits longest is called first, one for each place.
        """
        slots = Slots(1)
        called: list[str] = []

        def wants(name: str) -> None:
            called.append(name)
            slots.take()

        slots.take()
        self.assertTrue(slots.full)
        slots.wait(lambda: wants("a"))
        slots.wait(lambda: wants("b"))
        slots.give_back()
        self.assertEqual(called, ["a"])
        slots.give_back()
        self.assertEqual(called, ["a", "b"])
        slots.give_back()
        self.assertEqual((slots.taken, slots.full), (0, False))

    def test_nothing_to_do(self) -> None:
        """
        Who takes no place when called leaves it to the next.
        """
        slots = Slots(1)
        called: list[str] = []
        slots.take()
        slots.wait(lambda: called.append("a"))
        slots.wait(lambda: called.append("b"))
        slots.give_back()
        self.assertEqual(called, ["a", "b"])

    def test_forgotten(self) -> None:
        """
        Who waits no longer is not called; forgetting twice is no matter.
        """
        slots = Slots(1)
        called: list[str] = []

        def call() -> None:
            called.append("a")

        slots.take()
        slots.wait(call)
        slots.forget(call)
        slots.forget(call)
        slots.give_back()
        self.assertEqual(called, [])

    def test_unlimited(self) -> None:
        """
        With 0 there are any number of places.
        """
        slots = Slots(0)
        for _ in range(1000):
            slots.take()
        self.assertFalse(slots.full)
