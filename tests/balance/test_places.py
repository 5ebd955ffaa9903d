"""
Tests for L{mwproxy.balance.places}.
"""

from __future__ import annotations

from collections import Counter
from math import gcd

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.balance.places import MAX_PLACES, places


class PlacesTests(SynchronousTestCase):
    """
    Tests for L{places}.
    """

    def test_equal(self) -> None:
        """
        Equal weights make a table in order, as short as possible.
        """
        self.assertEqual(places([100, 100, 100]), [0, 1, 2])
        self.assertEqual(places([]), [])

    @given(st.lists(st.integers(1, 256), min_size=1, max_size=20))
    @settings(max_examples=60, derandomize=True, deadline=None)
    def test_by_weight(self, weights: list[int]) -> None:
        """
        Each server has as many places as its weight says, reduced.
        """
        divisor = gcd(*weights)
        table = places(weights)
        expected = {position: weight // divisor for position, weight in enumerate(weights)}
        self.assertEqual(Counter(table), expected)

    def test_mixed(self) -> None:
        """
        Neighboring keys get different servers.
        """
        table = places([100, 99])
        self.assertEqual(max(table[at : at + 4].count(0) for at in range(195)), 3)

    def test_bounded(self) -> None:
        """
        Large farms get a table of bounded size, roughly by weight.
        """
        table = places([256, 255] * 500)
        self.assertLessEqual(len(table), MAX_PLACES)
        self.assertEqual(len(set(table)), 1000)
