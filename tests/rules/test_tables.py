"""
Tests for L{mwproxy.rules.tables}.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules import compiler
from mwproxy.rules.tables import (
    Addresses,
    Exact,
    Matching,
    Numbers,
    Prefixes,
    Substituting,
    Table,
)

REGISTERING = (compiler,)
CASES: list[tuple[Callable[[], Table], list[tuple[str, bytes]], Any, str]] = [
    (Exact, [("a", b"1"), ("b", b"2")], b"a", "a"),
    (Prefixes, [("ab", b"1"), ("b", b"2")], b"abc", "ab"),
    (Addresses, [("10.0.0.0/8", b"1"), ("11.0.0.1", b"2")], ip_address("10.1.1.1"), "10.0.0.0/8"),
    (Numbers, [("1:4", b"1"), ("7", b"2")], 3, "1:4"),
    (lambda: Matching("sub"), [("x", b"1"), ("y", b"2")], b"axa", "x"),
    (Substituting, [("^a(.)", b"1"), ("q", b"2")], b"ab", "^a(.)"),
]


def filled(make: Callable[[], Table], entries: list[tuple[str, bytes]]) -> Table:
    """
    Make a table with entries.
    """
    table = make()
    for key, value in entries:
        table.add(key, table.parse(key), value)
    return table


class TableTests(SynchronousTestCase):
    """
    Tests of what all tables do.
    """

    def test_changes_reach_find(self) -> None:
        """
        The function that rules hold follows all changes.
        """
        for make, entries, sample, key in CASES:
            table = make()
            find = table.find
            self.assertIsNone(find(sample))
            for each, value in entries:
                table.add(each, table.parse(each), value)
            self.assertEqual(find(sample), b"1", key)
            self.assertTrue(table.change(key, table.parse(key), b"9"))
            self.assertEqual(find(sample), b"9", key)
            self.assertTrue(table.remove(key))
            self.assertIsNone(find(sample), key)
            table.adopt(filled(make, entries))
            self.assertEqual(find(sample), b"1", key)
            table.adopt(make())
            self.assertIsNone(find(sample), key)

    def test_first_wins(self) -> None:
        """
        Of entries that match alike the first one wins.
        """
        for make, entries, sample, key in CASES:
            table = filled(make, [*entries, (key, b"3")])
            self.assertEqual(table.find(sample), b"1", key)

    def test_bad_keys(self) -> None:
        """
        What a rule could not use is refused.
        """
        for table, key in ((Addresses(), "x"), (Numbers(), "gt"), (Substituting(), "(")):
            self.assertRaises(ConfigError, table.parse, key)


class AddressTests(SynchronousTestCase):
    """
    Tests of networks.
    """

    def test_longest(self) -> None:
        """
        The longest mask wins, whichever came first.
        """
        table = filled(Addresses, [("10.0.0.0/8", b"8"), ("10.1.0.0/16", b"16")])
        self.assertEqual(table.find(ip_address("10.1.1.1")), b"16")
        self.assertEqual(table.find(ip_address("10.2.1.1")), b"8")

    def test_twice(self) -> None:
        """
        Which of two equal networks remains cannot be told: the table must be made anew.
        """
        table = filled(Addresses, [("10.0.0.0/8", b"1"), ("10.9.9.9/8", b"2")])
        self.assertFalse(table.remove("10.0.0.0/8"))
        self.assertFalse(table.change("10.9.9.9/8", table.parse("10.9.9.9/8"), b"3"))


class PrefixTests(SynchronousTestCase):
    """
    Tests of prefixes.
    """

    def test_longest(self) -> None:
        """
        The longest prefix wins, whichever came first.
        """
        table = filled(Prefixes, [("/a", b"1"), ("/a/b", b"2"), ("/", b"3")])
        self.assertEqual(table.find(b"/a/b/c"), b"2")
        self.assertEqual(table.find(b"/a/c"), b"1")
        self.assertEqual(table.find(b"/x"), b"3")
