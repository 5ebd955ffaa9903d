"""
Tests for L{mwproxy.core.levels}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.levels import Level, parse_level


class LevelTests(SynchronousTestCase):
    """
    Tests for L{Level}.
    """

    def test_order(self) -> None:
        """
        A user may less than an operator, who may less than an admin.
        """
        self.assertTrue(Level.USER < Level.OPERATOR < Level.ADMIN)

    def test_words(self) -> None:
        """
        Levels are read as they are written.
        """
        for level in Level:
            self.assertIs(parse_level(level.word), level)

    def test_refused(self) -> None:
        """
        Other words are refused, in HAProxy's words.
        """
        for word in ("root", "Admin", "ADMIN", ""):
            error = self.assertRaises(ValueError, parse_level, word)
            expected = f"'level' only supports 'user', 'operator', and 'admin' (got '{word}')"
            self.assertEqual(str(error), expected)
