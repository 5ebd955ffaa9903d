"""
Tests for L{mwproxy.process.probe}; how it is used is in C{tests/master/test_upgrade.py}.
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.process.inheritance import FORMAT
from mwproxy.process.probe import Probe, judge, tell_fit
from mwproxy.process.reexec import Origin
from tests.process.memory import MemorySystem

ORIGIN = Origin(("/bin/true",), (), "/", {"A": "1"}, {})


class JudgeTests(SynchronousTestCase):
    """
    Tests for what a child's words mean.
    """

    def test_fit(self) -> None:
        """
        What this version says of itself is good enough for this version, whatever stands around
        it.
        """
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            tell_fit()
        self.assertEqual(judge(0, f"a warning{said.getvalue()}more"), "")

    def test_unfit(self) -> None:
        """
        Another format, another status, or no answer that can be read: each has its reason.
        """
        answer = 'mwproxy-upgrade {"format": %s, "version": "9"}'
        for status, output, reason in (
            (
                0,
                answer % (FORMAT + 1),
                f"version 9 cannot take over from {__version__}, a restart is needed",
            ),
            (3, answer % FORMAT, "the installed version 9 exited with code 3"),
            (0, "", "the installed code does not start: exited with code 0"),
            (0, answer % '"x"', "the installed code does not start: exited with code 0"),
            (139, "mwproxy-upgrade []", "exited with code 139 (Segmentation fault)"),
            (1, "mwproxy-upgrade {", "exited with code 1"),
        ):
            self.assertIn(reason, judge(status, output))

    def test_long_output(self) -> None:
        """
        Of what it said the last lines are told.
        """
        text = judge(1, "".join(f"line {number}\n\n" for number in range(100)))
        self.assertEqual(len(text.splitlines()), 13)
        self.assertEqual(text.splitlines()[-1], "   | line 99")


class ProbeTests(SynchronousTestCase):
    """
    Tests for the child.
    """

    def test_last_words(self) -> None:
        """
        The answer of a child that exited may still be on the way; a child of its own that holds
        its output open is not waited for.
        """
        system = MemorySystem()
        coming = Probe(system).start(ORIGIN, b"data")
        (child,) = system.children
        output, child.channel = child.channel, None
        child.exit(0)
        output.dataReceived(f'mwproxy-upgrade {{"format": {FORMAT}, "version": "9"}}'.encode())
        self.assertNoResult(coming)
        system.clock.advance(1)
        output.connectionLost()
        self.assertEqual(self.successResultOf(coming), "")

    def test_nothing_stays_open(self) -> None:
        """
        Nothing stays open when the child cannot be started.
        """
        system = MemorySystem()
        system.fails = OSError(11, "Resource temporarily unavailable")
        before = len(list(Path("/proc/self/fd").iterdir()))
        self.assertRaises(OSError, Probe(system).start, ORIGIN, b"data")
        self.assertEqual(len(list(Path("/proc/self/fd").iterdir())), before)
        self.assertEqual(system.children, [])
