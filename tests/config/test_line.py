"""
Tests for L{mwproxy.config.line}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.line import Line
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where


class LineTests(SynchronousTestCase):
    """
    Tests for L{Line}.
    """

    def setUp(self) -> None:
        self.diagnostics = Diagnostics()

    def _line(self, *args: str) -> Line:
        words = ["timeout", "client", *args]
        where = Where("f.cfg", 3)
        return Line(words, "timeout client", list(args), where, self.diagnostics, "frontend")

    def test_values(self) -> None:
        """
        Arguments are read as times and integers.
        """
        self.assertEqual(self._line("5s").time_ms(), 5000)
        self.assertEqual(self._line("5").time_ms(unit="s"), 5000)
        self.assertEqual(self._line("x", "7").integer(1), 7)

    def test_refused(self) -> None:
        """
        What is none is an error that names the keyword.
        """
        error = self.assertRaises(ConfigError, self._line("5x").time_ms)
        self.assertEqual(str(error), "'timeout client' : unexpected character 'x' in '5x'.")
        error = self.assertRaises(ConfigError, self._line("7").integer, 0, 8)
        self.assertEqual(str(error), "'timeout client' : '7' is out of range.")

    def test_warning(self) -> None:
        """
        A warning names the line.
        """
        self._line().warning("odd")
        (message,) = self.diagnostics.messages
        self.assertEqual(message.text, "config : parsing [f.cfg:3] : odd")
