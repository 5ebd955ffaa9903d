r"""
Tests of C{mwproxy/rules/regex.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.regex import compile_regex, expand_references, fill_references


class RegexTests(SynchronousTestCase):
    """
    Tests of regular expressions.
    """

    def test_pcre_spelling(self) -> None:
        """
        What PCRE spells differently is translated.
        """
        for pattern, yes, no in (
            (r"^[[:alpha:]_]+$", b"ab_", b"a1"),
            (r"^[^[:space:]]+$", b"ab", b"a b"),
            (r"^\h+x", b" \tx", b"\nx"),
            (r"^[\h]x", b" x", b"hx"),
            (r"a\z", b"a", b"a\n"),
            (r"a\Z", b"a\n", b"a\nb"),
            (r"^\Qa.b\E.$", b"a.bc", b"axbc"),
            (r"^\Qa.b", b"a.b", b"axb"),
            (r"^(?<n>a)(?P=n)$", b"aa", b"ab"),
            (r"^a(?<=a)b", b"ab", b"b"),
            (r"^[]a]+$", b"a]", b"b"),
            (r"^[a&&b[]+$", b"&[", b"c"),
            (r"^a++b", b"aab", b"b"),
            (r"^\x41\R$", b"A\r\n", b"A"),
        ):
            regex = compile_regex(pattern)
            self.assertTrue(regex.search(yes), pattern)
            self.assertFalse(regex.search(no), pattern)

    def test_case(self) -> None:
        """
        Case is ignored on demand.
        """
        self.assertTrue(compile_regex("A", True).search(b"a"))
        self.assertFalse(compile_regex("A").search(b"a"))

    def test_refused(self) -> None:
        """
        What cannot compile is quoted, with the place.
        """
        for pattern, message in (
            ("a(b", "regex 'a(b' is invalid (error=missing ), unterminated subpattern, erroffset=1)"),
            (r"a\Kb", r"regex 'a\Kb' is invalid (error='\K' is not supported by mwproxy, erroffset=1)"),
        ):  # fmt: skip
            self.assertEqual(str(self.assertRaises(ConfigError, compile_regex, pattern)), message)
        for pattern in ("[a", "*", "a{2,1}", "(?Z)"):
            self.assertRaises(ConfigError, compile_regex, pattern)

    def test_references(self) -> None:
        """
        Back-references are filled; unknown groups and those that took no part are empty.
        """
        found = compile_regex("(a)(x)?").search(b"ab")
        assert found is not None
        for text, filled in (
            (r"<\1>", b"<a>"),
            (r"\0\0", b"aa"),
            (r"\2|\9", b"|"),
            (r"\\1", rb"\1"),
            (r"\x41", b"A"),
            (r"\xzz", rb"\xzz"),
            ("plain", b"plain"),
        ):
            self.assertEqual(fill_references(expand_references(text), found), filled, text)
