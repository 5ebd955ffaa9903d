"""
Tests for L{mwproxy.master.standby}.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from twisted.internet.error import ProcessTerminated
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.master.standby import Standby
from mwproxy.process.child import Phase
from mwproxy.process.early import EarlyWorker
from mwproxy.process.messages import Speaker
from mwproxy.process.nursery import UP, Nursery
from tests.process.memory import MemorySystem


class Owner:
    """
    Passes on what concerns workers in waiting.
    """

    def __init__(self, standby: Standby) -> None:
        self.standby = standby

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None

    def worker_gone(self, worker: Any, status: int) -> None:
        self.standby.gone(worker, status)


class StandbyTests(SynchronousTestCase):
    """
    Workers in waiting.
    """

    def setUp(self) -> None:
        self.system = MemorySystem()
        self.said: list[str] = []
        speaker = Speaker("mwproxy", write=self.said.append, pid=100)
        self.standby = Standby(
            self.system, speaker, {"A": "b"}, nursery=[], take_fingerprint=lambda: self.code
        )
        self.standby.owner = Owner(self.standby)
        self.code: tuple[object, ...] = (1,)

    def test_how_one_is_started(self) -> None:
        """
        A worker runs under our interpreter, does not look for modules in the current directory,
        and has the initial environment.
        """
        self.standby.fill(1)
        (child,) = self.system.children
        self.assertEqual(child.argv, [sys.executable, "-P", "-m", "mwproxy.worker"])
        self.assertEqual(child.environment["A"], "b")

    def test_one_that_is_up_is_preferred(self) -> None:
        """
        A worker that waits is taken before one that still starts.
        """
        self.standby.fill(2)
        self.system.children[1].hello()
        self.assertEqual(self.standby.take().pid, 102)
        self.assertEqual(self.standby.take().pid, 101)

    def test_none_in_waiting(self) -> None:
        """
        When none is left a worker is started at once, not nicely.
        """
        self.assertEqual(self.standby.take().pid, 101)
        self.assertEqual(self.system.log, [])

    def test_started_before(self) -> None:
        """
        The first worker is the one that was started before the master was there, if there is one:
        its end is told as any other's. The next is started anew.
        """
        watched: list[tuple[int, Any]] = []
        self.patch(self.system, "watch_exit", lambda *arguments: watched.append(arguments))
        self.system.spawn(None, [], {}, {})
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.standby.early = EarlyWorker(4711, ours)
        worker = self.standby.take()
        self.assertEqual((worker.pid, worker.phase), (4711, Phase.BOOTING))
        self.assertEqual(watched, [(4711, worker.exited)])
        self.assertEqual(theirs.recv(1), b"")
        self.system.children[0].hello()
        self.assertIs(worker.phase, Phase.STANDBY)
        self.assertEqual((self.standby.early, self.standby.take().pid), (None, 102))

    def test_discarded_before(self) -> None:
        """
        One that is no more is not taken.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.standby.early = EarlyWorker(4711, ours)
        self.standby.early.forget()
        self.assertEqual(self.standby.take().pid, 101)

    def test_none_in_waiting_but_the_nursery(self) -> None:
        """
        When none is left the nursery makes one: no process is started anew. When the nursery is
        gone one is.
        """
        hatched: list[object] = []
        self.patch(Nursery, "hatch", lambda nursery, channel: hatched.append(channel))
        speaker = Speaker("mwproxy", write=self.said.append, pid=100)
        self.standby = Standby(
            self.system, speaker, {}, nursery=["x"], take_fingerprint=lambda: self.code
        )
        self.standby.owner = Owner(self.standby)
        self.standby.fill(1)
        (nursery,) = self.system.children
        nursery.channel.dataReceived(UP)
        for _ in range(3):
            self.assertEqual(self.standby.take().pid, 0)
        self.assertEqual((len(self.system.children), len(hatched)), (1, 3))
        nursery.protocol.processExited(Failure(ProcessTerminated(None, 9, 9)))
        self.assertEqual(self.standby.take().pid, 102)

    def test_the_nursery_is_missed(self) -> None:
        """
        A nursery that is not up yields to others until a worker is wanted of it; that worker is
        started anew.
        """
        speaker = Speaker("mwproxy", write=self.said.append, pid=100)
        self.standby = Standby(
            self.system, speaker, {}, nursery=["x"], take_fingerprint=lambda: self.code
        )
        self.standby.owner = Owner(self.standby)
        self.standby.fill(1)
        self.assertEqual(self.system.log, ["nice 101"])
        self.assertEqual(self.standby.take().pid, 102)
        self.assertEqual(self.system.log, ["nice 101", "reset 101"])
        self.system.children[0].channel.dataReceived(UP)
        self.assertEqual(self.system.log, ["nice 101", "reset 101"])

    def test_not_more_than_four(self) -> None:
        """
        Memory is not spent on many.
        """
        self.standby.fill(20)
        self.assertEqual(len(self.system.children), 4)

    def test_delays_double(self) -> None:
        """
        One that dies again and again is replaced later and later, until one comes up.
        """
        self.standby.fill(1)
        for delay in (0.25, 0.5, 1.0):
            self.system.children[-1].exit(1)
            before = len(self.system.children)
            self.system.clock.advance(delay - 0.01)
            self.assertEqual(len(self.system.children), before)
            self.system.clock.advance(0.02)
            self.assertEqual(len(self.system.children), before + 1)
        self.system.children[-1].hello()
        for worker in self.standby.waiting:
            self.standby.up(worker)
        self.system.children[-1].exit(1)
        self.system.clock.advance(0.25)
        self.assertEqual(len(self.system.children), 5)

    def test_the_system_refuses(self) -> None:
        """
        When no process can be started that is said, and tried again.
        """
        self.system.fails = OSError(11, "Resource temporarily unavailable")
        self.standby.fill(1)
        self.assertEqual(
            self.said[-1],
            "[WARNING]  (100) : Cannot start a standby worker: Resource temporarily unavailable",
        )
        self.system.fails = None
        self.system.clock.advance(0.25)
        self.assertEqual(len(self.system.children), 1)

    def test_dismissed_ones_are_not_used(self) -> None:
        """
        A worker that was told to go is not taken, even before it is gone.
        """
        self.standby.fill(1)
        self.standby.dismiss()
        self.assertEqual(self.standby.take().pid, 102)
