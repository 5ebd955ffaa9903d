"""
Tests for L{mwproxy.protocols.syslog}.
"""

from __future__ import annotations

import time

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.syslog import FACILITIES, FORMATS, LEVELS, Formatter

#: 2026-11-05 18:01:04.423006 UTC
WALL = 1793901664.423006


def formatter(name: str, **more: object) -> Formatter:
    """
    Make a formatter with fixed surroundings.
    """
    facts: dict[str, object] = {"tag": "mwproxy", "pid": 77, "localtime": time.gmtime, **more}
    return Formatter(name, FACILITIES.index("local0"), **facts)  # type: ignore[arg-type]


class FormatTests(SynchronousTestCase):
    """
    Tests for the formats, compared with lines of HAProxy.
    """

    def test_each_format(self) -> None:
        """
        Each format has its header.
        """
        for name, line in (
            ("raw", b"hello line\n"),
            ("short", b"<6>hello line\n"),
            ("timed", b"<6>2026-11-05T18:01:04.423006+00:00 hello line\n"),
            ("rfc3164", b"<134>Nov  5 18:01:04 localhost mwproxy[77]: hello line\n"),
            ("rfc5424", b"<134>1 2026-11-05T18:01:04.423006+00:00 - mwproxy 77 - - hello line\n"),
            ("iso", b"2026-11-05T18:01:04.423006+00:00 hello line\n"),
            ("priority", b"<134>hello line\n"),
            ("local", b"<134>Nov  5 18:01:04 mwproxy[77]: hello line\n"),
        ):
            self.assertEqual(formatter(name).line(6, WALL, b"hello line"), line)

    def test_hostname(self) -> None:
        """
        The host's name is sent when that was asked for, in the two formats that have one.
        """
        for name, line in (
            ("rfc3164", b"<134>Nov  5 18:01:04 here mwproxy[77]: x\n"),
            ("rfc5424", b"<134>1 2026-11-05T18:01:04.423006+00:00 here mwproxy 77 - - x\n"),
            ("local", b"<134>Nov  5 18:01:04 mwproxy[77]: x\n"),
        ):
            self.assertEqual(formatter(name, hostname="here").line(6, WALL, b"x"), line)

    def test_zone(self) -> None:
        """
        Offsets from UTC have a sign, hours and minutes.
        """
        for offset, text in ((19800, b"+05:30"), (-12600, b"-03:30"), (0, b"+00:00")):

            def localtime(wall: float, offset: int = offset) -> time.struct_time:
                return time.struct_time((*time.gmtime(wall)[:9], "X", offset))

            line = formatter("iso", localtime=localtime).line(6, WALL, b"x")
            self.assertEqual(line, b"2026-11-05T18:01:04.423006" + text + b" x\n")

    def test_header_follows_time_and_severity(self) -> None:
        """
        A remembered header serves its second and severity only.
        """
        local = formatter("local")
        self.assertEqual(local.line(6, WALL, b"x")[:20], b"<134>Nov  5 18:01:04")
        self.assertEqual(local.line(3, WALL, b"x")[:20], b"<131>Nov  5 18:01:04")
        self.assertEqual(local.line(6, WALL + 0.5, b"x")[:20], b"<134>Nov  5 18:01:04")
        self.assertEqual(local.line(6, WALL + 1, b"x")[:20], b"<134>Nov  5 18:01:05")
        iso = formatter("iso")
        self.assertIn(b".423006+", iso.line(6, WALL, b"x"))
        self.assertIn(b".500000+", iso.line(6, WALL + 0.076994, b"x"))

    def test_length(self) -> None:
        """
        Lines are cut at the limit, which counts header and line feed.
        """
        for name in FORMATS:
            line = formatter(name, length=80).line(6, WALL, b"x" * 200)
            self.assertEqual((len(line), line[-2:]), (80, b"x\n"))
            longer = formatter(name, length=300).line(6, WALL, b"x" * 200)
            self.assertEqual(longer[-201:], b"x" * 200 + b"\n")

    def test_line_feeds(self) -> None:
        """
        One call makes one line.
        """
        self.assertEqual(formatter("raw").line(6, WALL, b"a\nb\n"), b"a b \n")

    def test_unknown_format(self) -> None:
        """
        An unknown format is a mistake of the caller.
        """
        self.assertRaises(ValueError, formatter, "xml")

    def test_names(self) -> None:
        """
        Positions of facilities and levels are their numbers.
        """
        self.assertEqual(len(FACILITIES), 24)
        self.assertEqual(
            (FACILITIES[0], FACILITIES[3], FACILITIES[23]), ("kern", "daemon", "local7")
        )
        self.assertEqual((LEVELS[0], LEVELS[6], LEVELS[7]), ("emerg", "info", "debug"))
