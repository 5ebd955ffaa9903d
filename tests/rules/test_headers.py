"""
Tests of C{mwproxy/rules/headers.py}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.rules.headers import (
    header_lines,
    header_values,
    parse_cookies,
    parse_parameters,
    parse_set_cookies,
    pick,
    split_values,
)
from tests.rules.streams import request


class HeaderTests(SynchronousTestCase):
    """
    Tests of reading header values.
    """

    def test_split(self) -> None:
        """
        Commas separate, but not within quotes.
        """
        for value, parts in (
            (b"a", [b"a"]),
            (b" a , b", [b"a", b"b"]),
            (b'"a,b", c', [b'"a,b"', b"c"]),
            (rb'"a\",b",c', [rb'"a\",b"', b"c"]),
            (b"a,,b", [b"a", b"", b"b"]),
            (b"", [b""]),
        ):
            self.assertEqual(split_values(value), parts)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.lists(st.text("ab ", max_size=4), min_size=1))
    def test_join_and_split(self, words: list[str]) -> None:
        """
        Values that are joined come apart again.
        """
        parts = [word.strip(" ").encode() for word in words]
        self.assertEqual(split_values(b", ".join(parts)), parts)

    def test_find(self) -> None:
        """
        Lines and values are found by name, or all of them.
        """
        message = request(b"GET / HTTP/1.1\r\nhost: h\r\nA: 1, 2\r\na: 3\r\n\r\n")
        self.assertEqual(header_lines(message, b"a"), [b"1, 2", b"3"])
        self.assertEqual(header_values(message, b"a"), [b"1", b"2", b"3"])
        self.assertEqual(header_values(message, b""), [b"h", b"1", b"2", b"3"])
        self.assertEqual(header_lines(message, b""), [b"h", b"1, 2", b"3"])
        self.assertEqual(header_lines(None, b"a"), [])
        self.assertEqual(header_values(None, b"a"), [])

    def test_pick(self) -> None:
        """
        Occurrences count from both ends; 0 is the last.
        """
        values = [b"a", b"b", b"c"]
        picked = [pick(values, number) for number in (0, 1, 3, 4, -1, -3, -4)]
        self.assertEqual(picked, [b"c", b"a", b"c", None, b"c", b"a", None])
        self.assertIsNone(pick([], 0))

    def test_cookies(self) -> None:
        """
        Blanks around names and values do not count; attributes of C{set-cookie} are left out.
        """
        self.assertEqual(
            parse_cookies([b"a=1; b = 2 ;c=", b"x;d=4"]),
            [(b"a", b"1"), (b"b", b"2"), (b"c", b""), (b"d", b"4")],
        )
        self.assertEqual(parse_set_cookies([b"a=1; path=/"]), [(b"a", b"1")])

    def test_parameters(self) -> None:
        """
        Both separators count; what has no value is no parameter.
        """
        self.assertEqual(
            parse_parameters(b"a=1&b;c=2&&d="), [(b"a", b"1"), (b"c", b"2"), (b"d", b"")]
        )
