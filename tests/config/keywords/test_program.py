"""
Tests for L{mwproxy.config.keywords.program}.
"""

from __future__ import annotations

from mwproxy.config.model import Program
from tests.config.loading import LoadingTestCase


class ProgramTests(LoadingTestCase):
    """
    Tests for the keywords of C{program} sections.
    """

    def test_all(self) -> None:
        """
        A program has a command, perhaps a user and a group, and may stay over reloads.
        """
        found = self.load(
            "program p\n command prog 'a b' c\n user root\n group root\n"
            " no option start-on-reload\nprogram q\n command x\n",
            discovery=True,
        )
        self.assertEqual(self.messages, [])
        self.assertEqual(
            found.programs,
            [
                Program("p", ("prog", "a b", "c"), "root", "root", start_on_reload=False),
                Program("q", ("x",)),
            ],
        )

    def test_option_on(self) -> None:
        """
        The option may be turned on again.
        """
        text = "program p\n command x\n no option start-on-reload\n option start-on-reload\n"
        self.assertTrue(self.load(text, discovery=True).programs[0].start_on_reload)

    def test_errors(self) -> None:
        """
        Commands are not empty, users and groups exist.
        """
        self.assertEqual(
            self.alerts(
                "program p\n command\n user no-such\n group no-such\nprogram q\n user\n group\n"
            ),
            [
                "parsing [1.cfg:2]: 'command' expects a command with optional arguments separated"
                " in words.",
                "parsing [1.cfg:3] : cannot find user id for 'no-such' (0:Success)",
                "parsing [1.cfg:4] : cannot find group id for 'no-such' (0:Success)",
                "parsing [1.cfg:6]: 'user' expects a user name.",
                "parsing [1.cfg:7]: 'group' expects a group name.",
                "The program section 'q' lacks a command to launch.",
            ],
        )
