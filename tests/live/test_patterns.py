"""
Tests for L{mwproxy.live.patterns}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.live.patterns import Found, PatternBook, Reference, book_of, keep_book


class Recorder:
    """
    A use that takes notice, and does not understand C{bad}.
    """

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def check(self, key: str, value: str | None) -> str:
        """
        Understand all but one word.
        """
        if "bad" in (key, value):
            raise ConfigError("no good")
        return f"{key}={value}"

    def added(self, key: str, parsed: Any) -> None:
        """
        Note it.
        """
        self.calls.append(("added", key, parsed))

    def changed(self, key: str, parsed: Any) -> None:
        """
        Note it.
        """
        self.calls.append(("changed", key, parsed))

    def removed(self, key: str) -> None:
        """
        Note it.
        """
        self.calls.append(("removed", key))

    def staged(self, version: int, key: str, parsed: Any) -> None:
        """
        Note it.
        """
        self.calls.append(("staged", version, key, parsed))

    def forgotten(self, version: int) -> None:
        """
        Note it.
        """
        self.calls.append(("forgotten", version))

    def reloaded(self, version: int) -> None:
        """
        Note it.
        """
        self.calls.append(("reloaded", version))

    def look(self, text: str) -> Found:
        """
        Find nothing.
        """
        return Found("str", True, True, "", None)


class ReferenceTests(SynchronousTestCase):
    """
    Tests of one list.
    """

    def setUp(self) -> None:
        self.list = Reference("/m", [("a", "1"), ("b", "2"), ("a", "3")], has_values=True)
        self.use = Recorder()
        self.list.uses.append(self.use)

    def test_add(self) -> None:
        """
        New entries come last, and each use is told.
        """
        self.list.add([("c", "4"), ("d", "5")])
        self.assertEqual(self.list.keys(), ["a", "b", "a", "c", "d"])
        self.assertEqual(self.use.calls, [("added", "c", "c=4"), ("added", "d", "d=5")])
        self.assertEqual(self.list.first("d"), ("d", "5"))

    def test_all_or_none(self) -> None:
        """
        One entry that a use does not understand keeps out the others.
        """
        self.assertRaises(ConfigError, self.list.add, [("c", "4"), ("d", "bad")])
        self.assertEqual((self.list.count, self.use.calls), (3, []))

    def test_first(self) -> None:
        """
        The first entry of a key is the one that counts, also after changes.
        """
        self.assertEqual(self.list.first("a"), ("a", "1"))
        self.list.add([("b", "9"), ("b", "10")])
        self.assertEqual(self.list.first("b"), ("b", "2"))
        self.assertIsNone(self.list.first("z"))

    def test_change(self) -> None:
        """
        All entries of a key change.
        """
        self.assertTrue(self.list.change("a", "7"))
        self.assertEqual(list(self.list.version().values()), [("a", "7"), ("b", "2"), ("a", "7")])
        self.assertEqual(self.use.calls, [("changed", "a", "a=7")])
        self.assertFalse(self.list.change("z", "7"))
        self.assertRaises(ConfigError, self.list.change, "a", "bad")

    def test_remove(self) -> None:
        """
        All entries of a key go; uses are told of each.
        """
        self.assertTrue(self.list.remove("a"))
        self.assertEqual(self.list.keys(), ["b"])
        self.assertEqual(self.use.calls, [("removed", "a")] * 2)
        self.assertFalse(self.list.remove("a"))

    def test_one_entry(self) -> None:
        """
        One of several entries of a key can be changed and removed by its own number; uses take the
        list anew.
        """
        self.assertTrue(self.list.change_one(3, "9"))
        self.assertTrue(self.list.remove_one(1))
        self.assertEqual(list(self.list.version().items()), [(2, ("b", "2")), (3, ("a", "9"))])
        self.assertEqual(self.use.calls, [("reloaded", 0)] * 2)
        self.assertEqual(self.list.first("a"), ("a", "9"))
        self.assertFalse(self.list.remove_one(1))
        self.assertFalse(self.list.change_one(-1, "9"))

    def test_only_entry(self) -> None:
        """
        The only entry of a key goes as the key does.
        """
        self.assertTrue(self.list.change_one(2, "8"))
        self.assertTrue(self.list.remove_one(2))
        self.assertEqual(self.use.calls, [("changed", "b", "b=8"), ("removed", "b")])

    def test_versions(self) -> None:
        """
        A version is filled beside the current one and replaces it in one step; older ones are
        forgotten, younger ones stay.
        """
        self.assertEqual([self.list.prepare(), self.list.prepare()], [1, 2])
        self.list.add([("n", "1")], 1)
        self.list.add([("m", "2")], 2)
        self.assertEqual(self.list.keys(), ["a", "b", "a"])
        self.assertEqual(self.list.count, 5)
        self.assertTrue(self.list.commit(1))
        self.assertEqual(self.list.keys(), ["n"])
        self.assertEqual(self.list.first("n"), ("n", "1"))
        self.assertIsNone(self.list.first("a"))
        self.assertEqual(len(self.list.version(2)), 1)
        self.assertEqual(
            self.use.calls,
            [
                ("staged", 1, "n", "n=1"),
                ("staged", 2, "m", "m=2"),
                ("forgotten", 0),
                ("reloaded", 1),
            ],
        )

    def test_out_of_range(self) -> None:
        """
        Only a prepared version that is younger than the current one can be committed.
        """
        self.assertFalse(self.list.commit(1))
        self.list.prepare()
        self.assertFalse(self.list.commit(0))
        self.assertTrue(self.list.commit(1))
        self.assertFalse(self.list.commit(1))
        self.assertEqual(self.list.keys(), [])

    def test_clear(self) -> None:
        """
        Clearing empties one version.
        """
        self.list.prepare()
        self.list.add([("n", "1")], 1)
        self.list.clear(1)
        self.assertEqual((len(self.list.version(1)), self.list.count), (0, 3))
        self.list.clear()
        self.assertEqual(self.list.count, 0)
        self.assertEqual(self.use.calls[1:], [("forgotten", 1), ("reloaded", 0)])

    def test_entry_of_other_version(self) -> None:
        """
        Numbers tell entries of all versions apart.
        """
        self.list.prepare()
        self.list.add([("n", "1")], 1)
        self.assertTrue(self.list.remove_one(4))
        self.assertEqual(self.list.count, 3)
        self.assertEqual(self.use.calls[1:], [("forgotten", 1)])


class BookTests(SynchronousTestCase):
    """
    Tests of all lists of a configuration.
    """

    def setUp(self) -> None:
        self.book = PatternBook()

    def test_file_is_read_once(self) -> None:
        """
        A file has one list however often it is used.
        """
        read: list[str] = []

        def load(name: str) -> list[tuple[str, str | None]]:
            read.append(name)
            return [("a", None)]

        first = self.book.file("/f", load, has_values=False)
        self.assertIs(self.book.file("/f", load, has_values=False), first)
        self.assertEqual(read, ["/f"])

    def test_columns(self) -> None:
        """
        A file is either a map or a list of patterns.
        """
        self.book.file("/f", lambda name: [], has_values=False)
        error = self.assertRaises(
            ConfigError, self.book.file, "/f", lambda name: [], has_values=True
        )
        self.assertEqual(
            str(error),
            'The file "/f" is already used as one column file and cannot be used by as two column '
            "file.",
        )

    def test_numbers(self) -> None:
        """
        Numbers that were given stay, the others are counted from 0 in the order of use.
        """
        first = self.book.anonymous(["a"], "acl 'x'")
        fixed = self.book.anonymous([], "acl 'y'", 1)
        last = self.book.anonymous([], "acl 'z'")
        self.book.settle()
        self.assertEqual([first.number, fixed.number, last.number], [0, 1, 2])
        self.assertEqual(self.book.listed(maps=False), [first, fixed, last])
        self.assertEqual(self.book.listed(maps=True), [])
        self.assertRaises(ConfigError, self.book.anonymous, [], "acl 'q'", 1)

    def test_find(self) -> None:
        """
        A list is found by file or number, among those that maps or ACLs use.
        """
        made = self.book.file("/f", lambda name: [], has_values=True)
        made.in_maps = True
        self.book.settle()
        self.assertIs(self.book.find("/f", maps=True), made)
        self.assertIs(self.book.find("#0", maps=True), made)
        for text in ("#1", "#-1", "#x", "#", "/g", ""):
            self.assertIsNone(self.book.find(text, maps=True), text)
        self.assertIsNone(self.book.find("/f", maps=False))

    def test_kept(self) -> None:
        """
        A configuration has what was read for it.
        """

        class Owner:
            pass

        attempt, configuration = Owner(), Owner()
        made = book_of(attempt).anonymous([], "acl 'x'")
        keep_book(attempt, configuration)
        self.assertEqual(book_of(configuration).listed(maps=False), [made])
        self.assertEqual(made.number, 0)
        self.assertEqual(book_of(Owner()).listed(maps=False), [])
