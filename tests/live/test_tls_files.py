"""
Tests for L{mwproxy.live.tls_files}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.live.tls_files import Refused, Shelf, TlsFile


class ShelfTests(SynchronousTestCase):
    """
    Tests for L{Shelf}, with texts as contents.
    """

    def setUp(self) -> None:
        self.shelf: Shelf[str] = Shelf()
        self.done: list[str] = []

    def use(self, who: str, *, bad: str = "") -> Callable[[Any], Callable[[], None]]:
        """
        Make a use that notes what it is given and cannot take one content.
        """

        def prepare(draft: str) -> Callable[[], None]:
            if draft == bad:
                raise ConfigError(f"{who} cannot use {draft}")
            return lambda: self.done.append(f"{who} {draft}")

        return prepare

    def test_commit_tells_all(self) -> None:
        """
        Each use gets what was committed, and counts.
        """
        self.shelf.hold("a", "old", self.use("one"))
        self.shelf.hold("a", "read otherwise", self.use("two"))
        self.assertEqual(self.shelf.begin("a", "set"), "old")
        self.assertEqual(self.shelf.change("a", "draft"), "created")
        self.assertEqual(self.shelf.change("a", "new"), "updated")
        self.assertEqual(self.done, [])
        self.assertEqual(self.shelf.commit("a"), 2)
        self.assertEqual(self.done, ["one new", "two new"])
        self.assertEqual(self.shelf.files["a"].content, "new")

    def test_one_that_cannot_stops_all(self) -> None:
        """
        When the second use cannot take it the first keeps what it has, and the draft stays.
        """
        self.shelf.hold("a", "old", self.use("one"))
        self.shelf.hold("a", "old", self.use("two", bad="new"))
        self.shelf.change("a", "new")
        self.assertRaises(ConfigError, self.shelf.commit, "a")
        self.assertEqual(self.done, [])
        self.assertEqual(self.shelf.files["a"].content, "old")
        self.assertEqual(self.shelf.pending("a"), "new")

    def test_one_transaction(self) -> None:
        """
        While one file is changed others are not, under any verb, until it is aborted.
        """
        self.shelf.files = {"a": TlsFile("1"), "b": TlsFile("2")}
        self.shelf.change("a", "new")
        for act in (
            lambda: self.shelf.begin("b", "set"),
            lambda: self.shelf.commit("b"),
            lambda: self.shelf.abort("b"),
        ):
            error = self.assertRaises(Refused, act)
            self.assertIn("The ongoing transaction is about 'a' but you are trying to", str(error))
        self.shelf.abort("a")
        self.assertEqual(self.shelf.begin("b", "set"), "2")
        self.assertRaises(Refused, self.shelf.abort, "a")
        self.assertRaises(Refused, self.shelf.commit, "a")

    def test_status(self) -> None:
        """
        A file is empty, unused or used; a draft is found behind an asterisk and is unused.
        """
        self.shelf.files["a"] = TlsFile()
        self.assertEqual(self.shelf.files["a"].status, "Empty")
        self.shelf.change("a", "x")
        draft = self.shelf.find("*a")
        assert draft is not None
        self.assertEqual((draft.status, draft.content), ("Unused", "x"))
        self.assertIsNone(self.shelf.find("*b"))
        self.assertIsNone(self.shelf.find("*"))
        self.shelf.hold("a", "y", self.use("one"))
        self.assertEqual(
            (self.shelf.files["a"].status, self.shelf.files["a"].content), ("Used", "y")
        )

    def test_names_are_sorted(self) -> None:
        """
        Names are listed by their bytes.
        """
        self.shelf.files = {name: TlsFile() for name in ("b", "/x", "@s", "a", "B")}
        self.assertEqual(self.shelf.names(), ["/x", "@s", "B", "a", "b"])
