"""
Tests for L{mwproxy.core.values}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.values import (
    MAX_TIME_MS,
    BadValue,
    Binary,
    parse_integer,
    parse_size,
    parse_time_ms,
)


class BinaryTests(SynchronousTestCase):
    """
    Tests for L{Binary}.
    """

    def test_like_bytes(self) -> None:
        """
        It is the same bytes to all who do not ask.
        """
        self.assertEqual(Binary(b"ab"), b"ab")
        self.assertEqual({b"ab": 1}[Binary(b"ab")], 1)
        self.assertIs(type(Binary(b"ab").upper()), bytes)


class TimeTests(SynchronousTestCase):
    """
    Tests for L{parse_time_ms}.
    """

    def test_units(self) -> None:
        """
        Each unit has its factor; digits alone count what the keyword says.
        """
        expected = {"5": 5, "5ms": 5, "2s": 2000, "3m": 180000, "1h": 3600000, "1d": 86400000}
        self.assertEqual({text: parse_time_ms(text) for text in expected}, expected)
        self.assertEqual(parse_time_ms("5", "s"), 5000)

    def test_rounded_up(self) -> None:
        """
        Only 0 becomes 0.
        """
        self.assertEqual([parse_time_ms(f"{n}us") for n in (0, 1, 1000, 1001)], [0, 1, 1, 2])

    def test_refused(self) -> None:
        """
        The first character that does not belong is named.
        """
        for text, odd in {"5x": "x", "": "", "-1": "-", "1s2": "2", "x": "x"}.items():
            error = self.assertRaises(BadValue, parse_time_ms, text)
            self.assertEqual(str(error), f"unexpected character '{odd}'")
        self.assertRaises(BadValue, parse_time_ms, "\u0663s")

    def test_longest(self) -> None:
        """
        No time is longer than 24.8 days.
        """
        self.assertEqual(parse_time_ms(str(MAX_TIME_MS)), MAX_TIME_MS)
        error = self.assertRaises(BadValue, parse_time_ms, "25d")
        self.assertIn("timer overflow in '25d'", str(error))

    @settings(derandomize=True, max_examples=50)
    @given(st.text(max_size=6))
    def test_any_text(self, text: str) -> None:
        """
        Any text is a time or is refused, and nothing else happens.
        """
        try:
            self.assertGreaterEqual(parse_time_ms(text), 0)
        except BadValue:
            self.assertNotRegex(text, r"^[0-9]{1,5}(us|ms|s)?\Z")


class NumberTests(SynchronousTestCase):
    """
    Tests for L{parse_size} and L{parse_integer}.
    """

    def test_sizes(self) -> None:
        """
        Sizes may be in kilo-, mega- and gigabytes.
        """
        expected = {"0": 0, "10": 10, "16k": 16384, "1M": 1 << 20, "2g": 2 << 30}
        self.assertEqual({text: parse_size(text) for text in expected}, expected)
        for text in ("", "k", "1kb", "-1", "1.5k", "\u0663"):
            self.assertRaises(BadValue, parse_size, text)

    def test_integers(self) -> None:
        """
        Integers are decimal, within their bounds.
        """
        self.assertEqual([parse_integer(text) for text in ("7", "+7", "-7")], [7, 7, -7])
        self.assertEqual(parse_integer("3", 3, 3), 3)
        for text in ("", "x", "1x", "0x10", "1e3", " 1", "\u0663", "9" * 21):
            error = self.assertRaises(BadValue, parse_integer, text)
            self.assertEqual(str(error), f"'{text}' is not an integer")
        for low, high in ((4, None), (None, 2)):
            self.assertRaises(BadValue, parse_integer, "3", low, high)
