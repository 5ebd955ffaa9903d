"""
Tests for L{mwproxy.client.top.figures} and L{mwproxy.client.top.keys}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.top.figures import lines, short
from mwproxy.client.top.keys import names
from tests.client.top.looks import look


class FigureTests(SynchronousTestCase):
    """
    Two looks, and what they tell.
    """

    def test_rates(self) -> None:
        """
        Rates are what was counted between two looks, by its time.
        """
        frontend, server, backend = lines(look(12.0, 150), look(10.0, 100))
        self.assertEqual((frontend.rate, frontend.read, frontend.sent), (25.0, 250.0, 2500.0))
        self.assertEqual((server.rate, server.server, server.kind), (25.0, "be/s1", "server"))
        self.assertEqual((backend.server, backend.total, backend.errors), ("", 150, 0))

    def test_first(self) -> None:
        """
        At the first look the rate is what the worker itself tells.
        """
        frontend, server, _ = lines(look(10.0, 100), None)
        self.assertEqual((frontend.rate, frontend.read, server.rate), (None, None, 5))

    def test_not_comparable(self) -> None:
        """
        So it is after a reload, and after counters were cleared; a row that is new has none.
        """
        other = lines(look(12.0, 150), look(10.0, 100, pid=8))
        cleared = lines(look(12.0, 50), look(10.0, 100))
        new = lines(look(12.0, 150, "s2 UP"), look(10.0, 100))
        self.assertEqual([each[1].rate for each in (other, cleared, new)], [5, 5, 5])
        self.assertIsNone(cleared[0].read)

    def test_short(self) -> None:
        """
        Numbers fit into five characters.
        """
        for number, text in (
            (None, "-"),
            (0, "0"),
            (0.25, "0.2"),
            (7, "7"),
            (99.4, "99"),
            (999, "999"),
            (1000, "1.0k"),
            (9949, "9.9k"),
            (999_499, "999k"),
            (999_600, "1.0M"),
            (5e16, "50P"),
            (5e19, "50000P"),
        ):
            self.assertEqual(short(number), text)


class KeyTests(SynchronousTestCase):
    """
    What a terminal sends.
    """

    def test_names(self) -> None:
        """
        Keys have names, characters stand for themselves, unknown sequences are nothing.
        """
        for data, expected in (
            (b"q", ["q"]),
            (b"\x1b[A\x1bOB\x1b[5~", ["up", "down", "pgup"]),
            (b"a\r\x7f\x03", ["a", "enter", "backspace", "ctrl-c"]),
            (b"\x1b", ["esc"]),
            (b"\x1bq", ["esc", "q"]),
            (b"\x1b[1;5Cx", ["x"]),
            (b"\x1b[", []),
            ("é".encode(), ["é"]),
            (b"\xff", ["�"]),
        ):
            self.assertEqual(names(data), expected, data)
