"""
Tests for L{mwproxy.console.dispatch}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console import dispatch
from mwproxy.core.families import Command, debug_commands, master_commands, worker_commands
from mwproxy.core.registry import Registry


def a_registry(*names: str) -> Registry[Command]:
    """
    Register commands.
    """
    registry: Registry[Command] = Registry("command")
    for name in names:
        registry.register(
            name, Command(name, "user", name, f"do {name}", name.startswith("_"), str.upper)
        )
    return registry


class DispatchTests(SynchronousTestCase):
    """
    Tests of finding commands.
    """

    def setUp(self) -> None:
        self.registry = a_registry(
            "show info", "show stat", "set server", "help", "quit", "_hidden"
        )

    def test_longest(self) -> None:
        """
        The longest name wins.
        """
        registry = a_registry("show", "show info")
        found = dispatch.find(registry, ["show", "info", "typed"])
        assert found is not None
        self.assertEqual((found[0].name, found[1]), ("show info", 2))
        self.assertIsNone(dispatch.find(registry, ["foo"]))

    def test_names_are_short_enough(self) -> None:
        """
        No command has a name of more words than are looked at.
        """
        for registry in (worker_commands, master_commands, debug_commands):
            self.assertEqual(
                [name for name, _ in registry if len(name.split()) > dispatch.LONGEST_NAME], []
            )

    def test_help(self) -> None:
        """
        Commands are listed by usage, the last ones always, hidden ones never.
        """
        self.assertEqual(
            dispatch.help_text(self.registry, []),
            "The following commands are valid at this level:\n"
            "  set server : do set server\n"
            "  show info  : do show info\n"
            "  show stat  : do show stat\n"
            "  help       : do help\n"
            "  quit       : do quit\n",
        )

    def test_help_with_words(self) -> None:
        """
        Words restrict the list to what begins with them.
        """
        lines = dispatch.help_text(self.registry, ["show", "i"]).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn("show info", lines[1])

    def test_expert(self) -> None:
        """
        Commands for experts are listed, and guessed, in expert mode alone.
        """
        entry = Command("show guts", "user", "show guts", "t", False, print, False, True)
        self.registry.register("show guts", entry)
        for expert in (False, True):
            for text in (
                dispatch.help_text(self.registry, ["show"], expert=expert),
                dispatch.unknown(self.registry, ["show"], expert=expert),
            ):
                self.assertEqual("show guts" in text, expert)

    def test_unknown(self) -> None:
        """
        Who errs hears what may have been meant.
        """
        text = dispatch.unknown(self.registry, ["show", "inf0"])
        self.assertTrue(
            text.startswith(
                "Unknown command: 'show inf0', but maybe one of the following ones is a better "
                "match:\n  show info"
            )
        )

    def test_unknown_with_known_beginning(self) -> None:
        """
        The first words of commands bring all of them.
        """
        text = dispatch.unknown(self.registry, ["show"])
        self.assertEqual(len(text.splitlines()), 5)

    def test_nothing_similar(self) -> None:
        """
        Without anything similar all commands are listed.
        """
        text = dispatch.unknown(self.registry, ["zzzz"])
        self.assertTrue(text.startswith("Unknown command: 'zzzz'. Please enter one of"))

    def test_framed(self) -> None:
        """
        An answer ends with one line feed, and nothing stays nothing.
        """
        self.assertEqual(dispatch.framed("a\n\n\n"), "a\n")
        self.assertEqual(dispatch.framed("a"), "a\n")
        self.assertEqual(dispatch.framed("\n"), "")
