"""
Tests for the console commands C{show activity}, C{show fd} and C{show events}.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.core.levels import Level
from tests.console.sessions import connected
from tests.observe.worker import a_worker


class ActivityTests(SynchronousTestCase):
    """
    Tests of commands about the process.
    """

    def setUp(self) -> None:
        self.worker = a_worker()
        self.session = WorkerConsole(self.worker, Level.OPERATOR, "i")
        self.wire = connected(self.session)
        self.wire.clear()

    def say(self, text: str) -> str:
        """
        Run a command.

        @return: The answer without its empty line.
        """
        self.session.dataReceived(f"{text}\n".encode())
        return self.wire.text().removesuffix("\n")

    def test_activity(self) -> None:
        """
        Each line is a name and a number.
        """
        lines = dict(line.split(": ") for line in self.say("show activity").splitlines())
        self.assertEqual(lines["thread_id"], "1 (1..1)")
        self.assertEqual(lines["accepted"], "0")
        self.assertGreater(int(lines["cpu_user_ms"]), 0)

    def test_descriptors(self) -> None:
        """
        Open descriptors are listed; those of listeners say whose they are.
        """
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        listener = self.worker.frontends["tcpl"].listeners[0]
        listener.fd = reading
        lines = self.say("show fd").splitlines()
        (own,) = [line for line in lines if line.startswith(f"{reading:7} : ")]
        self.assertRegex(own, r"pipe:\[\d+\] l.st=RDY fe=tcpl fam=ipv4 lport=8002$")
        self.assertEqual(self.say(f"show fd {reading}"), f"{own}\n")

    def test_closed_descriptor(self) -> None:
        """
        What is no open descriptor is not shown.
        """
        self.assertEqual(self.say("show fd 999999"), "")
        self.assertEqual(self.say("show fd abc"), "")

    def test_sinks(self) -> None:
        """
        Sinks are listed; none keeps events.
        """
        self.assertEqual(len(self.say("show events").splitlines()), 3)
        self.assertEqual(self.say("show events nope"), "No such event sink\n")
        self.assertEqual(self.say("show events stdout -w"), "Nothing to report for this sink\n")
