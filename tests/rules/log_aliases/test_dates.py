"""
Tests of C{mwproxy/rules/log_aliases/dates.py}.
"""

from __future__ import annotations

import time

from tests.rules.log_aliases.streams import VariableCase, served
from tests.rules.streams import log


class DateTests(VariableCase):
    """
    Tests of log variables.
    """

    def test_served(self) -> None:
        """
        Each variable shows its part of a stream that was served.
        """
        for text, expected in (
            ("%T", "14/Nov/2023:22:13:20 +0000"),
            ("%trg", "14/Nov/2023:22:13:20 +0000"),
            ("%Ts", "1700000000"),
            ("%ms", "123"),
            ("%{+X}Ts", "6553F100"),
            ("%{+X}ms", "7B"),
        ):
            self.assertEqual(self.both(text), expected, text)

    def test_bare(self) -> None:
        """
        Each variable has a form for what there is not.
        """
        for text, expected in (("%ms", "123"),):
            self.assertEqual(self.both(text, True), expected, text)

    def test_local(self) -> None:
        """
        Local dates are the same moment, with milliseconds or a zone.
        """
        stream = served()
        moment = time.localtime(1_700_000_000)
        shown = time.strftime("%d/%b/%Y:%H:%M:%S", moment)
        self.assertEqual(self.both("%t"), f"{shown}.123")
        self.assertEqual(self.both("%tr"), f"{shown}.123")
        zone = time.strftime("%z", moment)
        self.assertEqual(log("%Tl|%trl", stream), f"{shown} {zone}|{shown} {zone}")
