"""
Tests for L{mwproxy.core.specialize}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.specialize import specialized


class Base:
    """
    What is inherited.
    """

    def __init__(self, value: int = 3, *, more: int = 4) -> None:
        self.value = value + more

    def get(self) -> int:
        """
        The value.
        """
        return self.value

    def over(self) -> str:
        """
        To be overridden.
        """
        return "base"

    @property
    def double(self) -> int:
        """
        Twice the value.
        """
        return 2 * self.value


class Middle(Base):
    """
    Between the two.
    """

    def over(self) -> str:
        """
        Overridden, and called from below.
        """
        return super().over() + " middle"


@specialized
class Busy(Middle):
    """
    Has copies.
    """

    def over(self) -> str:
        """
        Its own.
        """
        return super().over() + " busy"


class SpecializedTests(SynchronousTestCase):
    """
    Tests for L{specialized}.
    """

    def test_copies(self) -> None:
        """
        Inherited functions become its own, with code of their own and everything else as it was.
        """
        own: Any = vars(Busy)["get"]
        self.assertIsNot(own.__code__, Base.get.__code__)
        self.assertEqual(own.__doc__, Base.get.__doc__)
        self.assertEqual(own.__qualname__, "Base.get")
        self.assertEqual(own.__annotations__, Base.get.__annotations__)

    def test_behavior(self) -> None:
        """
        It behaves as before: defaults, overriding, properties, functions of bases by C{super}.
        """
        made = Busy()
        self.assertEqual((made.get(), made.double), (7, 14))
        self.assertEqual(Busy(1, more=1).value, 2)
        self.assertEqual(made.over(), "base middle busy")

    def test_others(self) -> None:
        """
        Its bases keep theirs.
        """
        self.assertNotIn("get", vars(Middle))
