"""
Tests for L{mwproxy.console.about_connection}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.about_connection import DENIED, Outcome, about_connection
from mwproxy.console.state import ConsoleState
from mwproxy.core.levels import Level


class AboutConnectionTests(SynchronousTestCase):
    """
    Tests of the commands that change a connection.
    """

    def setUp(self) -> None:
        self.state = ConsoleState(Level.ADMIN, "i")

    def run_(self, text: str) -> Outcome | None:
        """
        Run a command.
        """
        return about_connection(self.state, text.split())

    def test_others(self) -> None:
        """
        Other commands are left alone.
        """
        for text in ("", "show version", "set", "set timeout", "userx", "@1"):
            self.assertIsNone(self.run_(text))

    def test_prompt(self) -> None:
        """
        The prompt is switched; what is no mode brings the usage.
        """
        self.assertEqual(self.run_("prompt"), Outcome())
        self.assertEqual(self.state.mode, "p")
        found = self.run_("prompt n")
        self.assertTrue(found and found.wrong and found.text.startswith("Usage: prompt"))

    def test_quit(self) -> None:
        """
        The connection is to be closed.
        """
        self.assertEqual(self.run_("quit"), Outcome())
        self.assertTrue(self.state.closing)

    def test_levels(self) -> None:
        """
        A level goes down only.
        """
        self.assertEqual(self.run_("operator"), Outcome())
        self.assertEqual(self.run_("user"), Outcome())
        self.assertEqual(self.run_("operator"), Outcome(DENIED, True))
        self.assertEqual(self.state.level, Level.USER)

    def test_modes(self) -> None:
        """
        Modes need admin; to ask for one is no error.
        """
        self.assertEqual(self.run_("mcli-debug-mode on"), Outcome())
        self.assertTrue(self.state.debug)
        self.assertEqual(self.run_("mcli-debug-mode"), Outcome("mcli-debug-mode is ON\n"))
        self.assertEqual(
            self.run_("expert-mode yes"), Outcome("'expert-mode' expects 'on' or 'off'.", True)
        )
        self.state.level = Level.OPERATOR
        self.assertEqual(self.run_("experimental-mode on"), Outcome(DENIED, True))

    def test_severity(self) -> None:
        """
        The severity is one of three words.
        """
        self.assertEqual(self.run_("set severity-output string"), Outcome())
        self.assertEqual(self.state.severity, "string")
        for text in ("set severity-output", "set severity-output x"):
            found = self.run_(text)
            self.assertTrue(found and found.wrong)
