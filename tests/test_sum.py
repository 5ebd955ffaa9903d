"""
Tests for C{python -m tests}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.__main__ import add_up


class SumTests(SynchronousTestCase):
    """
    Tests for L{add_up}.
    """

    def test_counts(self) -> None:
        """
        The words of trial's last line are added up.
        """
        self.assertEqual(add_up("PASSED (successes=12)"), (12, 0, 0))
        self.assertEqual(add_up("PASSED (skips=2, successes=12)"), (12, 0, 2))
        last = "FAILED (skips=1, failures=2, errors=3, successes=4)"
        self.assertEqual(add_up(last), (4, 5, 1))
        self.assertEqual(add_up("FAILED (unexpectedSuccesses=1, successes=4)"), (4, 1, 0))

    def test_no_last_line(self) -> None:
        """
        A trial that did not come to its end is a failure.
        """
        self.assertEqual(add_up("Segmentation fault"), (0, 1, 0))
        self.assertEqual(add_up(""), (0, 1, 0))
