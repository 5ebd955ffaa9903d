"""
Tests of C{mwproxy/rules/matchers/texts.py}.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.matchers import texts


class TextMatcherTests(SynchronousTestCase):
    """
    Tests of match methods for strings.
    """

    def check(self, make: Callable[..., texts.Match], patterns: str, yes: str, no: str) -> None:
        """
        Assert what matches some patterns, with and without case.
        """
        match = make(patterns.split())
        blind = make(patterns.upper().split() if make is not texts.match_reg else ["A.C"], True)
        for word in yes.split(" | "):
            self.assertTrue(match(word.encode()), word)
        for word in no.split(" | "):
            self.assertFalse(match(word.encode()), word)
        self.assertTrue(blind(b"Abc"))

    def test_methods(self) -> None:
        """
        Each method looks at its part of the string.
        """
        self.check(texts.match_str, "abc", "abc", "abcd | Abc")
        self.check(texts.match_str, "abc d", "abc | d", "ab")
        self.check(texts.match_beg, "ab x", "abc | x1", "cab | a")
        self.check(texts.match_end, "bc x", "abc | 1x", "bca | b")
        self.check(texts.match_sub, "b", "abc", "aac")
        self.check(texts.match_sub, "b x.", "abc | x.y", "aac | xy")
        self.check(texts.match_dir, "abc", "abc | /abc | x/abc/y | x/abc?y", "xabc | abcx | a.abc")
        self.check(texts.match_dir, "/abc/", "abc", "ab")
        self.check(texts.match_dom, "abc", "abc | x.abc:80 | http://abc/", "xabc | abcx")
        self.check(texts.match_reg, "^a.c$ x", "abc | x", "abcd")

    def test_manual_examples(self) -> None:
        """
        The manual's examples of C{dir} and C{dom} hold (7.1.3).
        """
        path = b"/images/png/logo/32x32.png"
        for pattern in (
            "/images",
            "/images/png",
            "images/png",
            "/png/logo",
            "logo/32x32.png",
            "32x32.png",
        ):
            self.assertTrue(texts.match_dir([pattern])(path), pattern)
        self.assertFalse(texts.match_dir(["32x32"])(path))
        url = b"http://www1.dc-eu.example.com:80/blah"
        for pattern in (
            "http",
            "www1",
            ".www1",
            "dc-eu",
            "example",
            "com",
            "80",
            "dc-eu.example",
            "blah",
            ":www1:",
            "dc-eu.example:80",
        ):
            # The last one names what does not follow each other in the string.
            self.assertEqual(texts.match_dom([pattern])(url), pattern != "dc-eu.example:80")
        for pattern in ("eu", "dc"):
            self.assertFalse(texts.match_dom([pattern])(url), pattern)

    def test_no_patterns(self) -> None:
        """
        Without patterns nothing matches.
        """
        for make in (
            texts.match_str,
            texts.match_beg,
            texts.match_end,
            texts.match_sub,
            texts.match_dir,
            texts.match_dom,
            texts.match_reg,
            texts.match_bin,
        ):
            self.assertFalse(make([])(b"x"))

    def test_len(self) -> None:
        """
        Lengths are numbers or ranges.
        """
        match = texts.match_len(["2", "4:5"])
        self.assertEqual([match(b"x" * number) for number in range(6)], [0, 0, 1, 0, 1, 1])

    def test_bin(self) -> None:
        """
        Data is written in hexadecimal.
        """
        match = texts.match_bin(["48656C6c6f0a"])
        self.assertTrue(match(b"Hello\n"))
        self.assertFalse(match(b"Hello"))
        self.assertRaises(ConfigError, texts.match_bin, ["zz"])
        self.assertRaises(ConfigError, texts.match_bin, ["abc"])
