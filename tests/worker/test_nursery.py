"""
Tests for L{mwproxy.worker.nursery} and L{mwproxy.process.nursery}, with true processes.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
from typing import Any

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.protocols import amp
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.nursery import HATCH, UP, Nursery
from mwproxy.process.spawn import ROOT, worker_command
from mwproxy.worker.nursery import outlive
from tests.process.memory import MemorySystem


class NurseryProcessTests(SynchronousTestCase):
    """
    A nursery, seen from the master's end of its socket.
    """

    timeout = 60

    def setUp(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.addCleanup(self.ours.close)
        self.ours.settimeout(30)
        with theirs:
            self.nursery = subprocess.Popen(
                worker_command("mwproxy.worker.nursery"),
                env={**os.environ, "PYTHONPATH": ROOT},
                preexec_fn=lambda: os.dup2(theirs.fileno(), 3) and None,
                pass_fds=(3, theirs.fileno()),
            )
        self.addCleanup(self.nursery.wait)
        self.addCleanup(self.ours.close)
        self.assertEqual(self.ours.recv(10), UP)

    def hatch(self) -> tuple[socket.socket, int]:
        """
        Have a worker made.

        @return: Its control channel, and its pid from its hello.
        """
        channel, theirs = socket.socketpair()
        self.addCleanup(channel.close)
        channel.settimeout(30)
        with theirs:
            socket.send_fds(self.ours, [HATCH], [theirs.fileno()])
        (hello,) = amp.parseString(channel.recv(1000))
        self.assertEqual(hello[b"_command"], b"Hello")
        return channel, int(hello[b"pid"])

    def test_workers(self) -> None:
        """
        Each worker is a process of its own, no child of the nursery, and ends with its channel.
        """
        one, first = self.hatch()
        two, second = self.hatch()
        self.assertEqual(len({first, second, self.nursery.pid}), 3)
        handle = os.pidfd_open(first)
        self.addCleanup(os.close, handle)
        children = f"/proc/{self.nursery.pid}/task/{self.nursery.pid}/children"
        with open(children) as listed:  # noqa: PTH123  # not a regular file
            self.assertEqual(listed.read(), "")
        one.close()
        self.assertEqual(select.select([handle], [], [], 20)[0], [handle])
        other = os.pidfd_open(second)
        self.addCleanup(os.close, other)
        self.assertEqual(select.select([other], [], [], 0)[0], [])
        two.close()
        self.assertEqual(select.select([other], [], [], 20)[0], [other])

    def test_the_master_hangs_up(self) -> None:
        """
        A nursery without a master ends, its workers do not.
        """
        channel, pid = self.hatch()
        handle = os.pidfd_open(pid)
        self.addCleanup(os.close, handle)
        self.ours.close()
        self.assertEqual(self.nursery.wait(), 0)
        self.assertEqual(select.select([handle], [], [], 0)[0], [])
        channel.close()
        self.assertEqual(select.select([handle], [], [], 20)[0], [handle])


class EarlyEndTests(SynchronousTestCase):
    """
    A nursery that is not wanted any more before it is up.
    """

    timeout = 60

    def test_nobody_listens(self) -> None:
        """
        It ends without a word.
        """
        ours, theirs = socket.socketpair()
        ours.close()
        with theirs:
            ended = subprocess.run(
                worker_command("mwproxy.worker.nursery"),
                env={**os.environ, "PYTHONPATH": ROOT},
                preexec_fn=lambda: os.dup2(theirs.fileno(), 3) and None,
                pass_fds=(3, theirs.fileno()),
                capture_output=True,
                check=False,
            )
        self.assertEqual((ended.returncode, ended.stderr), (0, b""))


class OrphanTests(SynchronousTestCase):
    """
    A worker and the process between it and the nursery.
    """

    def test_it_outlives_its_parent(self) -> None:
        """
        A worker waits for the end of its parent, however long the system takes for that.
        """
        yields: list[None] = []
        parents = iter((7, 7, 7, 1))
        self.patch(os, "getppid", lambda: next(parents))
        self.patch(os, "sched_yield", lambda: yields.append(None))
        outlive(7)
        self.assertEqual(len(yields), 3)


class NurseryTests(SynchronousTestCase):
    """
    The master's end.
    """

    def setUp(self) -> None:
        self.system = MemorySystem()
        self.log: list[Any] = []
        self.nursery = Nursery(self.system, lambda: self.log.append("up"), self.log.append)
        self.nursery.start(["x"], {})
        (self.child,) = self.system.children

    def test_up(self) -> None:
        """
        It is nice until it is up, so that its workers are not.
        """
        self.assertFalse(self.nursery.up)
        self.child.channel.dataReceived(UP)
        self.assertEqual((self.nursery.up, self.log), (True, ["up"]))
        self.assertEqual(self.system.log, ["nice 101", "reset 101"])

    def test_it_dies(self) -> None:
        """
        Its death is told, and it hatches no more.
        """
        self.child.channel.dataReceived(UP)
        self.child.protocol.processExited(Failure(ProcessTerminated(None, 9, 9)))
        self.assertEqual((self.nursery.up, self.log), (False, ["up", 137]))
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.assertRaises(OSError, self.nursery.hatch, theirs)

    def test_stopped(self) -> None:
        """
        One that was let go ends without a word.
        """
        self.nursery.stop()
        self.assertTrue(self.child.channel.transport.disconnecting)
        self.child.protocol.processExited(Failure(ProcessDone(0)))
        self.assertEqual(self.log, [])
