"""
Tests for L{mwproxy.spoa.log}.
"""

from __future__ import annotations

import os

from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.spoa.log import Log


class LogTests(SynchronousTestCase):
    """
    Tests of what an agent tells its operator.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.log = Log(self.lines.append, self.clock.seconds)
        self.pid = os.getpid()

    def test_levels(self) -> None:
        """
        Lines look like HAProxy's.
        """
        self.log.notice("ready")
        self.log.complain("kind", "oops")
        self.log.alert("bad")
        self.assertEqual(
            self.lines,
            [
                f"[NOTICE]   ({self.pid}) : ready\n",
                f"[WARNING]  ({self.pid}) : oops\n",
                f"[ALERT]    ({self.pid}) : bad\n",
            ],
        )

    def test_quiet(self) -> None:
        """
        A quiet log leaves out notices alone.
        """
        self.log.quiet = True
        self.log.notice("ready")
        self.log.complain("kind", "oops")
        self.assertEqual(len(self.lines), 1)

    def test_flood(self) -> None:
        """
        A complaint of one kind comes once a second, and tells how many there were.
        """
        for _ in range(1000):
            self.log.complain("one", "oops")
        self.log.complain("other", "well")
        self.clock.advance(1)
        self.log.complain("one", "oops")
        self.assertEqual(
            [line.partition(" : ")[2] for line in self.lines],
            ["oops\n", "well\n", "oops (and 999 more of this kind)\n"],
        )

    def test_many_kinds(self) -> None:
        """
        Kinds that engines make up do not fill the memory.
        """
        for number in range(2000):
            self.log.complain(f"unknown {number}", "oops")
        self.assertLess(len(self.log._last), 501)

    def test_traceback(self) -> None:
        """
        A failure comes with its traceback.
        """
        try:
            int("x")
        except ValueError:
            self.log.complain("kind", "oops", Failure())
        self.assertIn("builtins.ValueError", self.lines[1])

    def test_one_line(self) -> None:
        """
        What an engine sends cannot make lines of its own, nor stop the log.
        """
        self.log.complain("kind", "no function for 'a\n[ALERT] \x1b[2Jb\udcff'")
        self.assertEqual(self.lines[0].count("\n"), 1)
        self.assertIn("'a\\n[ALERT] \\x1b[2Jb\\udcff'", self.lines[0])
