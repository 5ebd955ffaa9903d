"""
Tests for L{mwproxy.rules.lookup}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.patterns import Reference
from mwproxy.rules import compiler
from mwproxy.rules.lookup import find_entry, is_tree

REGISTERING = (compiler,)


class LookupTests(SynchronousTestCase):
    """
    Tests of finding entries.
    """

    def find(self, keys: str, method: str, sample: str, ignore_case: bool = False) -> str | None:
        """
        Find an entry.

        @return: Its key.
        """
        reference = Reference("", [(key, None) for key in keys.split()])
        found = find_entry(reference, method, ignore_case, sample)
        return found[0] if found else None

    def test_methods(self) -> None:
        """
        Each method compares as it does in rules.
        """
        for keys, method, sample, expected in (
            ("a b", "str", "b", "b"),
            ("a b", "str", "B", None),
            ("/ /a /a/b", "beg", "/a/x", "/a"),
            ("x", "beg", "", None),
            ("b ab", "end", "xab", "b"),
            ("q", "sub", "aqa", "q"),
            ("[ab]c x", "reg", "bc", "[ab]c"),
            ("1:3 2", "int", "2", "1:3"),
            ("3", "int", "three", None),
            ("4", "len", "four", "4"),
            ("10.0.0.0/8 10.1.0.0/16", "ip", "10.1.2.3", "10.1.0.0/16"),
            ("10/8 10.1.0.0/255.255.0.0", "ip", "10.1.2.3", "10.1.0.0/255.255.0.0"),
            ("1.2.3.4", "ip", "1.2.3.4", "1.2.3.4"),
            ("2001:db8::/32", "ip", "2001:db8::1", "2001:db8::/32"),
            ("1.2.3.4", "ip", "nonsense", None),
            ("1.2.3.4 nonsense", "ip", "4.3.2.1", None),
        ):
            self.assertEqual(self.find(keys, method, sample), expected, (keys, method, sample))

    def test_case(self) -> None:
        """
        Case is ignored where it is in rules.
        """
        self.assertEqual(self.find("Abc", "str", "aBC", ignore_case=True), "Abc")

    def test_trees(self) -> None:
        """
        HAProxy keeps strings, prefixes and networks in trees.
        """
        trees = [name for name in ("str", "beg", "ip", "end", "int") if is_tree(name, False)]
        self.assertEqual(trees, ["str", "beg", "ip"])
        self.assertTrue(is_tree("ip", True))
        self.assertFalse(is_tree("str", True))
