"""
Tests for L{mwproxy.master.requests}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.master.requests import Line, Request
from tests.master.fixture import SupervisorTestCase


class LineTests(SynchronousTestCase):
    """
    The line by itself.
    """

    def test_order(self) -> None:
        """
        First come, first served.
        """
        line = Line()
        answers = [line.join(hard=False, by_signal=False), line.join(hard=True, by_signal=False)]
        self.assertEqual([line.first().answer, line.first().answer], answers)
        self.assertEqual(len(line), 0)

    def test_a_signal_joins(self) -> None:
        """
        A signal is answered with the one that waits already; a console is not, nor is a signal
        that asks for something else.
        """
        line = Line()
        first = line.join(hard=False, by_signal=True)
        self.assertIs(line.join(hard=False, by_signal=True), first)
        self.assertIsNot(line.join(hard=True, by_signal=True), first)
        self.assertIsNot(line.join(hard=False, by_signal=False), first)
        self.assertEqual(len(line), 3)

    def test_dissolve(self) -> None:
        """
        A line that is dissolved tells who was in it, and is empty.
        """
        line = Line()
        request = Request(False, False)
        line.inherit([request])
        self.assertEqual(line.requests(), [request])
        self.assertEqual(line.dissolve(), [request])
        self.assertEqual(line.requests(), [])


class MasterTests(SupervisorTestCase):
    """
    The line of a master.
    """

    def test_signals_in_line_are_one(self) -> None:
        """
        However many signals arrive during a reload, one more reload follows.
        """
        self.start()
        self.reload()
        (one,) = self.starting()
        for _ in range(5):
            self.supervisor.reload(by_signal=True)
        one.ready()
        (two,) = self.starting()
        two.hello()
        two.ready()
        self.assertEqual((self.starting(), self.instance.reloads), ([], 2))
