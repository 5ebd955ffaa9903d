"""
Tests of C{mwproxy/rules/log_aliases/timers.py}.
"""

from __future__ import annotations

from tests.rules.log_aliases.streams import VariableCase


class TimerTests(VariableCase):
    """
    Tests of log variables.
    """

    def test_served(self) -> None:
        """
        Each variable shows its part of a stream that was served.
        """
        for text, expected in (
            ("%Th", "0"),
            ("%Ti", "0"),
            ("%TR", "0"),
            ("%Tq", "0"),
            ("%Tw", "-1"),
            ("%Tc", "-1"),
            ("%Tr", "-1"),
            ("%Td", "-1"),
            ("%Ta", "0"),
            ("%Tt", "0"),
            ("%Tu", "0"),
        ):
            self.assertEqual(self.both(text), expected, text)

    def test_bare(self) -> None:
        """
        Each variable has a form for what there is not.
        """
        for text, expected in (
            ("%TR", "-1"),
            ("%Tq", "-1"),
        ):
            self.assertEqual(self.both(text, True), expected, text)
