"""
Tests of C{mwproxy/rules/arguments.py}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.arguments import convert_arguments, split_arguments
from mwproxy.rules.context import pending
from tests.rules.streams import context, proxy


class ArgumentTests(SynchronousTestCase):
    """
    Tests of argument lists.
    """

    def test_quoting(self) -> None:
        """
        Quotes and backslashes protect commas and parentheses; other backslashes stay.
        """
        for text, expected in (
            ("a,b)", ["a", "b"]),
            (")", [""]),
            (",x)", ["", "x"]),
            ('"a,b",c)', ["a,b", "c"]),
            ("'a)b')", ["a)b"]),
            (r"\,,\))", [",", ")"]),
            (r'"(a)|\1",\2)', [r"(a)|\1", r"\2"]),
            (r'"\"")', ['"']),
            (r"'\'x)", ["\\x"]),
            (r"\n\t)", ["\n\t"]),
        ):
            self.assertEqual(split_arguments(text, 0), (expected, len(text)), text)

    def test_unclosed(self) -> None:
        """
        A list without end is refused, and so is a quote.
        """
        self.assertRaises(ConfigError, split_arguments, "a", 0)
        self.assertRaises(ConfigError, split_arguments, "'a)", 0)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.lists(st.text(st.characters(exclude_characters="'")), min_size=1, max_size=4))
    def test_round_trip(self, words: list[str]) -> None:
        """
        What stands in single quotes comes out as it is.
        """
        text = ",".join(f"'{word}'" for word in words) + ")rest"
        self.assertEqual(split_arguments(text, 0), (words, len(text) - 4))

    def test_types(self) -> None:
        """
        Arguments become values of their types.
        """
        values = convert_arguments(
            ["a", "-5", "24", "txn.x"], ("str", "sint", "mask4", "var"), context(), "x"
        )
        self.assertEqual(values, [b"a", -5, 0xFFFFFF00, "txn.x"])

    def test_optional(self) -> None:
        """
        Absent arguments are left out at the end and L{None} or empty before others.
        """
        kinds = ("sint?", "str?", "sint?")
        self.assertEqual(convert_arguments(None, kinds, context(), "x"), [])
        self.assertEqual(convert_arguments(["", "", "1"], kinds, context(), "x"), [None, b"", 1])
        self.assertEqual(convert_arguments([""], ("str",), context(), "x"), [b""])

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for words, kinds, message in (
            (["a", "b"], ("str",), "expected ')' before 'b)'"),
            (None, ("sint",), "missing arguments (got 0/1), type 'integer' expected"),
            (["a"], ("str", "str"), "missing arguments (got 1/2), type 'string' expected"),
            (["", "x"], ("sint", "str"), "expected type 'integer' at position 1, but got nothing"),
            (["zz"], ("mask4",), "failed to parse 'zz' as type 'IPv4 mask' at position 1"),
            (["zz"], ("mask6",), "failed to parse 'zz' as type 'IPv6 mask' at position 1"),
        ):
            error = self.assertRaises(ConfigError, convert_arguments, words, kinds, context(), "x")
            self.assertEqual(str(error), message)

    def test_current_backend(self) -> None:
        """
        Without a name the section itself is meant, which must have servers.
        """
        kinds = ("backend?",)
        inside = context(proxy=proxy("listen", "l"))
        self.assertEqual(convert_arguments(None, kinds, inside, "nbsrv"), ["l"])
        error = self.assertRaises(ConfigError, convert_arguments, None, kinds, context(), "nbsrv")
        self.assertEqual(
            str(error),
            "proxy 'f', referenced in arg 1 of keyword 'nbsrv' in proxy 'f', has not backend "
            "capability",
        )

    def test_references(self) -> None:
        """
        Names are noted, to be checked at the end; a server alone is one of the section.
        """
        place = context()
        self.assertEqual(convert_arguments(["s"], ("server",), place, "srv_conn"), ["f/s"])
        self.assertEqual(convert_arguments(["b"], ("backend?",), place, "nbsrv"), ["b"])
        self.assertEqual([each.name for each in pending(place.diagnostics)], ["s", "b"])
