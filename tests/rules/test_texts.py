"""
Tests of C{mwproxy/rules/texts.py}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.rules.texts import (
    escape_header,
    escape_log,
    escape_log_control,
    escape_log_header,
    to_text,
    to_wire,
)


class TextTests(SynchronousTestCase):
    """
    Tests of encoding and escaping.
    """

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.binary())
    def test_round_trip(self, data: bytes) -> None:
        """
        Any bytes survive as text.
        """
        self.assertEqual(to_wire(to_text(data)), data)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.binary())
    def test_nothing_ends_a_line(self, data: bytes) -> None:
        """
        No escaped text has a control character.
        """
        for escape in (escape_log, escape_log_header, escape_log_control, escape_header):
            self.assertFalse([byte for byte in escape(data) if byte < 32 or byte == 127])

    def test_forms(self) -> None:
        """
        Each place has its form of escapes.
        """
        data = b'a\n"#{|}\xff%'
        self.assertEqual(escape_log(data), b"a#0A#22#23{|}#FF%")
        self.assertEqual(escape_log_header(data), b"a#0A#22#23#7B#7C#7D#FF%")
        self.assertEqual(escape_log_control(data), b'a#0A"#{|}\xff%')
        self.assertEqual(escape_header(data), b'a%0A"#{|}\xff%')
