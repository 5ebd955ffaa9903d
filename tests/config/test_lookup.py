"""
Tests for L{mwproxy.config.lookup}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.lookup import Table, find_elsewhere
from mwproxy.core.families import PACKAGES
from mwproxy.core.registry import load_family


class TableTests(SynchronousTestCase):
    """
    Tests for finding a line's keyword.
    """

    def setUp(self) -> None:
        load_family(PACKAGES["keywords"])

    def found(self, section: str, *words: str) -> tuple[str, int] | None:
        found = Table(section).find(list(words))
        return None if found is None else (found[0].name, found[1])

    def test_longest(self) -> None:
        """
        The longest name that the words begin with is found.
        """
        self.assertEqual(self.found("global", "stats", "timeout", "5s"), ("stats timeout", 2))
        self.assertEqual(self.found("global", "maxconn", "timeout"), ("maxconn", 1))
        self.assertIsNone(self.found("global", "stats"))
        self.assertIsNone(self.found("global", "nonsense", "x"))

    def test_section(self) -> None:
        """
        Each section has its own keywords, functions of shared names differ.
        """
        self.assertIsNone(self.found("global", "mode", "http"))
        one, other = Table("global").single["maxconn"], Table("frontend").single["maxconn"]
        self.assertNotEqual(one.parse, other.parse)

    def test_discovery(self) -> None:
        """
        The discovery pass knows but what concerns the master.
        """
        table = Table("global", discovery=True)
        self.assertIn("daemon", table.single)
        self.assertNotIn("maxconn", table.single)

    def test_following(self) -> None:
        """
        The second words of a first one are listed.
        """
        table = Table("global")
        self.assertTrue({"maxconn", "timeout"} <= set(table.following("stats")))
        self.assertEqual(table.following("nonsense"), [])

    def test_first_words(self) -> None:
        """
        Guesses are made among keywords and sections.
        """
        self.assertTrue({"stats", "maxconn", "frontend"} <= set(Table("global").first_words()))

    def test_own_words(self) -> None:
        """
        Agent files have keywords, but no sections of the main files.
        """
        words = Table("spoe-message").own_words()
        self.assertEqual(words, ["acl", "args", "event", "failure", "timeout"])

    def test_elsewhere(self) -> None:
        """
        A keyword is found whatever its section.
        """
        found = find_elsewhere(["timeout", "client", "5s"])
        assert found is not None
        self.assertEqual((found[0].name, found[1]), ("timeout client", 2))
        self.assertIsNone(find_elsewhere(["nonsense"]))
