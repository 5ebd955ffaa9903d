"""
Tests of C{mwproxy/rules/matchers/numbers.py}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.rules.matchers.numbers import match_bool, match_found, match_int, match_ranges

BOUND = st.none() | st.integers(-5, 5)


class NumberMatcherTests(SynchronousTestCase):
    """
    Tests of match methods for numbers.
    """

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(st.lists(st.tuples(BOUND, BOUND)), st.integers(-6, 6))
    def test_ranges(self, ranges: list[tuple[int | None, int | None]], number: int) -> None:
        """
        A number matches when one of the ranges holds it.
        """
        expected = any(
            (low is None or low <= number) and (high is None or number <= high)
            for low, high in ranges
        )
        self.assertEqual(bool(match_ranges(ranges)(number)), expected)

    def test_words(self) -> None:
        """
        Patterns are numbers, ranges and operators.
        """
        for words, yes, no in (
            (["5"], 5, 4),
            (["5", "7"], 7, 6),
            (["gt", "5"], 6, 5),
            (["le", "5"], 5, 6),
            (["1:5", "8:"], 9, 6),
        ):
            self.assertTrue(match_int(words)(yes))
            self.assertFalse(match_int(words)(no))

    def test_truth(self) -> None:
        """
        C{bool} asks for truth, C{found} for nothing.
        """
        self.assertEqual([match_bool([])(value) for value in (0, 2, True)], [False, True, True])
        self.assertTrue(match_found([])(b""))
