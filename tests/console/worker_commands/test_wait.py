"""
Tests for L{mwproxy.console.worker_commands.wait}.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.core.levels import Level
from mwproxy.live import states
from tests.console.sessions import connected
from tests.observe.worker import START, a_worker


class WaitTests(SynchronousTestCase):
    """
    Tests of C{wait}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.worker = a_worker()
        self.session = WorkerConsole(self.worker, Level.ADMIN, "i", 1000, clock=self.clock)
        self.wire = connected(self.session)
        self.wire.clear()
        self.server = self.worker.backends["be1"].servers[0]

    def say(self, text: str) -> str:
        """
        Run commands.

        @return: What is answered at once.
        """
        self.session.dataReceived(f"{text}\n".encode())
        return self.wire.text()

    def test_time(self) -> None:
        """
        Commands wait; the idle timeout does not count.
        """
        self.assertEqual(self.say("wait 5s; get weight be1/s1"), "")
        self.clock.advance(4.9)
        self.assertEqual(self.wire.text(), "")
        self.clock.advance(0.2)
        self.assertEqual(self.wire.text(), "Done.\n\n10 (initial 10)\n\n")

    def test_removable(self) -> None:
        """
        A wait ends when the server can be deleted.
        """
        states.set_maint(self.server, START)
        self.server.current = 1
        self.assertEqual(self.say("wait 5s srv-removable be1/s1"), "")
        self.clock.advance(1)
        self.assertEqual(self.wire.text(), "")
        self.server.current = 0
        self.clock.advance(0.1)
        self.assertEqual(self.wire.text(), "Done.\n\n")
        self.assertEqual(self.say("wait 5s srv-unused be1/s1"), "Done.\n\n")

    def test_expired(self) -> None:
        """
        A wait for what does not come ends in time.
        """
        states.set_maint(self.server, START)
        self.server.current = 1
        self.say("wait 50 srv-removable be1/s1")
        self.clock.pump([0.01] * 6)
        self.assertEqual(self.wire.text(), "Wait delay expired.\n\n")

    def test_never(self) -> None:
        """
        A wait for what cannot come ends at once, and so does one whose server comes back.
        """
        maintenance = "Only servers in maintenance mode can be deleted.\n\n"
        self.assertEqual(self.say("wait 5s srv-removable be1/s1"), maintenance)
        self.assertEqual(self.say("wait 5s srv-removable be1/x"), "No such server.\n\n")
        states.set_maint(self.server, START)
        self.server.current = 1
        self.say("wait 5s srv-removable be1/s1")
        states.set_ready(self.server, START)
        self.clock.advance(0.1)
        self.assertEqual(self.wire.text(), maintenance)

    def test_wrong(self) -> None:
        """
        Wrong arguments are told.
        """
        self.assertEqual(self.say("wait"), "Expects a duration in milliseconds.\n\n")
        self.assertEqual(self.say("wait x"), "Invalid duration.\n\n")
        self.assertTrue(self.say("wait -h").startswith("Usage: wait"))
        self.assertTrue(self.say("wait 5 foo").startswith("Usage: wait"))
        self.assertEqual(self.say("wait 5 srv-removable"), "Require 'backend/server'.\n\n")

    def test_gone(self) -> None:
        """
        Nothing is left of a connection that is lost meanwhile.
        """
        self.say("wait 5s")
        self.session.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.clock.getDelayedCalls(), [])
