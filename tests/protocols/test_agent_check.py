"""
Tests for L{mwproxy.protocols.agent_check}.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.agent_check import Advice, line_of, parse

#: A machine under load decides nothing.
_PATIENT = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class LineTests(SynchronousTestCase):
    """
    Tests for L{line_of}.
    """

    def test_ends(self) -> None:
        """
        A line ends with the first CR or LF; without one there is none yet.
        """
        self.assertEqual(line_of(b"up\n"), "up")
        self.assertEqual(line_of(b"up\rdown\n"), "up")
        self.assertEqual(line_of(b"\nup"), "")
        self.assertIsNone(line_of(b"up"))
        self.assertIsNone(line_of(b""))

    def test_garbage_is_masked(self) -> None:
        """
        What is not printable never gets to logs and consoles.
        """
        self.assertEqual(line_of(b"\x00\x1b[2J\xff\tup\n"), "??[2J?\tup")

    @_PATIENT
    @given(st.binary(max_size=60))
    def test_cut_anywhere(self, data: bytes) -> None:
        """
        More bytes never change a line that has been found.
        """
        for cut in range(len(data)):
            found = line_of(data[:cut])
            if found is not None:
                self.assertEqual(line_of(data), found)


class ParseTests(SynchronousTestCase):
    """
    Tests for L{parse}.
    """

    def test_each_word(self) -> None:
        """
        Each word fills its field.
        """
        for line, expected in (
            ("up", Advice(verdict="up")),
            ("down", Advice(verdict="down")),
            ("stopped", Advice(verdict="stopped")),
            ("fail", Advice(verdict="fail")),
            ("ready", Advice(mode="ready")),
            ("drain", Advice(mode="drain")),
            ("maint", Advice(mode="maint")),
            ("75%", Advice(weight="75%")),
            ("maxconn:30", Advice(maxconn="30")),
            ("maxconn:", Advice(maxconn="")),
            ("failed", Advice(unknown="failed")),
            ("5", Advice(unknown="5")),
            ("-5%", Advice(unknown="-5%")),
            ("50%x", Advice(weight="50%x")),
            ("", Advice()),
        ):
            self.assertEqual(parse(line), expected, line)

    def test_combined(self) -> None:
        """
        Words stand in any order, with blanks, tabs or commas between.
        """
        expected = Advice("ready", "up", "75%", "7")
        self.assertEqual(parse("up ready 75% maxconn:7"), expected)
        self.assertEqual(parse("\t75%,,ready , up\tmaxconn:7 "), expected)

    def test_last_word_counts(self) -> None:
        """
        Of words about the same thing the last one counts.
        """
        self.assertEqual(parse("drain ready up down 10% 20%"), Advice("ready", "down", "20%"))

    def test_description(self) -> None:
        """
        A C{#} at the begin of a word begins a description, which may hold anything; within a word
        it does not.
        """
        self.assertEqual(parse("down # sick, up 5%"), Advice(verdict="down", remark="sick, up 5%"))
        self.assertEqual(parse("down #x y"), Advice(verdict="down", remark="x y"))
        self.assertEqual(parse("up #"), Advice(verdict="up"))
        self.assertEqual(parse("up#fine"), Advice(unknown="up#fine"))

    def test_first_unknown_word(self) -> None:
        """
        The first word that means nothing is kept; what stands beside it counts.
        """
        self.assertEqual(parse("foo bar up"), Advice(verdict="up", unknown="foo"))

    def test_case(self) -> None:
        """
        Letters may be large; the verdict is kept as the agent wrote it.
        """
        self.assertEqual(parse("UP DRAIN MaxConn:3"), Advice("drain", "UP", "", "3"))
        self.assertTrue(parse("UP").up)
        self.assertFalse(parse("Down").up)

    @_PATIENT
    @given(st.text())
    def test_anything(self, line: str) -> None:
        """
        Nothing that an agent says is an error here.
        """
        parse(line)
