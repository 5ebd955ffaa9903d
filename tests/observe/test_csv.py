"""
Tests for L{mwproxy.observe.csv}.
"""

from __future__ import annotations

import csv as standard
import io

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.observe import csv
from mwproxy.observe.fields import Field

FIELDS = [Field(name, "KNS", "str", "", lambda subject: None) for name in ("a", "b", "c")]


class CsvTests(SynchronousTestCase):
    """
    Tests of comma-separated values.
    """

    def test_header(self) -> None:
        """
        Each name has its comma, and a separator ends the line.
        """
        self.assertEqual(csv.header(FIELDS), "# a,b,c,-,\n")

    def test_quotes(self) -> None:
        """
        Commas and quotes put a value in quotes.
        """
        self.assertEqual(csv.quoted('a,"b"'), '"a,""b"""')
        self.assertEqual(csv.quoted("a b"), "a b")

    @settings(derandomize=True, max_examples=50, deadline=None)
    @given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=12))
    def test_readable(self, text: str) -> None:
        """
        Whatever a value contains, readers of CSV get it back.
        """
        line = f"{csv.quoted(text)},-,\n"
        found = next(standard.reader(io.StringIO(line, newline="")))
        self.assertEqual(found, [text, "-", ""])
