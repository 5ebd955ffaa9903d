"""
Tests for L{mwproxy.protocols.http1.fields}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.http1 import fields

quick = settings(derandomize=True, max_examples=100, deadline=None, database=None)
LINES = [(b"a", b"1"), (b"b", b"2, 3"), (b"a", b"4,5")]


class FindTests(SynchronousTestCase):
    """
    Tests for finding values.
    """

    def test_first(self) -> None:
        """
        The first line of a name is found, absence is L{None}.
        """
        self.assertEqual(fields.first(LINES, b"a"), b"1")
        self.assertIsNone(fields.first(LINES, b"c"))

    def test_elements(self) -> None:
        """
        Several lines are one list.
        """
        self.assertEqual(fields.elements(LINES, b"a"), [b"1", b"4", b"5"])
        self.assertEqual(fields.elements(LINES, b"c"), [])

    def test_split_list(self) -> None:
        """
        Commas separate, but not in quoted strings; empty elements do not count.
        """
        for value, parts in (
            (b"", []),
            (b" a ,\tb,,c, ", [b"a", b"b", b"c"]),
            (b'a="x,y", b', [b'a="x,y"', b"b"]),
            (b'"a\\",b",c', [b'"a\\",b"', b"c"]),
            (b'a,"b,c', [b"a", b'"b,c']),
            (b'a,"b\\', [b"a", b'"b\\']),
            (b'"",b', [b'""', b"b"]),
        ):
            self.assertEqual(fields.split_list(value), parts)

    @quick
    @given(st.lists(st.sampled_from([b'"', b"\\", b",", b"a", b" "]), max_size=12).map(b"".join))
    def test_nothing_is_lost(self, value: bytes) -> None:
        """
        Whatever the quoting, only commas and blanks between elements go.
        """
        joined = b"".join(fields.split_list(value))
        drop = b", "
        self.assertEqual(joined.translate(None, drop), value.translate(None, drop))


class CookieTests(SynchronousTestCase):
    """
    Tests for cookies.
    """

    def test_of_requests(self) -> None:
        """
        A request may have several cookies per line; what is no pair is passed over.
        """
        lines = [(b"cookie", b'a=1; b = "2";c;=d; e=f=g'), (b"x", b"a=9"), (b"cookie", b"a=3")]
        found = list(fields.cookies(lines))
        self.assertEqual(found, [(b"a", b"1"), (b"b", b"2"), (b"e", b"f=g"), (b"a", b"3")])
        self.assertEqual(fields.cookie(lines, b"a"), b"1")
        self.assertIsNone(fields.cookie(lines, b"A"))

    def test_of_responses(self) -> None:
        """
        A response has one cookie per line; attributes are none.
        """
        lines = [(b"set-cookie", b"a=1; Path=/; b=2"), (b"set-cookie", b"c=; Secure")]
        found = list(fields.cookies(lines, header=b"set-cookie"))
        self.assertEqual(found, [(b"a", b"1"), (b"c", b"")])


class ChangeTests(SynchronousTestCase):
    """
    Tests for changing lists.
    """

    def test_add(self) -> None:
        """
        A line is added behind the others.
        """
        lines = list(LINES)
        fields.add(lines, b"a", b"6")
        self.assertEqual(lines, [*LINES, (b"a", b"6")])

    def test_put(self) -> None:
        """
        Setting replaces all lines of the name.
        """
        lines = list(LINES)
        fields.put(lines, b"a", b"6")
        self.assertEqual(lines, [(b"b", b"2, 3"), (b"a", b"6")])

    def test_remove(self) -> None:
        """
        Removing tells how many lines went, and changes the very list.
        """
        lines = list(LINES)
        self.assertEqual(fields.remove(lines, b"a"), 2)
        self.assertEqual(fields.remove(lines, b"a"), 0)
        self.assertEqual(lines, [(b"b", b"2, 3")])
