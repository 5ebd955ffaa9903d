"""
Tests for L{mwproxy.programs.watch}.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.inheritance import GuardFacts
from mwproxy.programs.guard import SCRIPT, Guard
from mwproxy.programs.watch import follow
from tests.process.memory import MemorySystem


class WatchTests(SynchronousTestCase):
    """
    Programs do not survive a master that was killed.
    """

    timeout = 20

    def test_lines(self) -> None:
        """
        Groups come and go; what is no number is ignored.
        """
        groups: set[int] = set()
        for line in (b"+12", b"+13", b"-12", b"+x", b"-99", b""):
            follow(groups, line)
        self.assertEqual(groups, {13})

    def test_end_of_file(self) -> None:
        """
        When the master is gone the groups still listed are ended, the others are not.
        """
        victim = self.program()
        other = self.program()
        watch = subprocess.Popen([sys.executable, "-I", "-S", SCRIPT], stdin=subprocess.PIPE)
        assert watch.stdin is not None
        watch.stdin.write(f"+{victim.pid}\n+{other.pid}\n-{other.pid}\n".encode())
        watch.stdin.close()
        self.assertEqual(victim.wait(), -signal.SIGTERM)
        self.assertEqual(watch.wait(), 0)
        self.assertIsNone(other.poll())

    def test_what_has_left_its_group(self) -> None:
        """
        A process that has a session of its own is ended as well, one of another master is not.
        """
        mine, other = (
            subprocess.Popen(
                ["sleep", "60"], start_new_session=True, env={"MWPROXY_PROGRAM_ID": f"{master}.9"}
            )
            for master in (os.getpid(), 1)
        )
        for each in (mine, other):
            self.addCleanup(each.wait)
            self.addCleanup(self.kill, each)
        subprocess.run(
            [sys.executable, "-I", "-S", SCRIPT, str(os.getpid())],
            stdin=subprocess.DEVNULL,
            check=True,
        )
        self.assertEqual(mine.wait(), -signal.SIGTERM)
        self.assertIsNone(other.poll())

    def test_another_image_keeps_the_watch(self) -> None:
        """
        The watch of a former image goes on with a successor, which starts another when it dies.
        """
        system = MemorySystem()
        former = Guard(system)
        former.add(12)
        facts = former.facts()
        self.assertEqual(facts.pid, system.children[0].pid)
        facts.fd = os.dup(facts.fd)
        former.stop()
        self.assertEqual(former.facts(), GuardFacts())
        system = MemorySystem()
        guard = Guard(system)
        guard.inherit(facts, [12])
        self.addCleanup(guard.stop)
        guard.add(13)
        self.assertEqual([child.pid for child in system.children], [facts.pid])
        self.assertFalse(os.get_inheritable(facts.fd))
        system.children[0].exit(0)
        system.clock.advance(1)
        self.assertIn("watch", system.children[1].argv[-2])

    def test_a_watch_that_is_missing(self) -> None:
        """
        A successor whose predecessor had no watch starts one if there is something to watch.
        """
        for groups, started in (((), 0), ((12,), 1)):
            system = MemorySystem()
            guard = Guard(system)
            self.addCleanup(guard.stop)
            guard.inherit(GuardFacts(), groups)
            self.assertEqual(len(system.children), started)

    def program(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["sleep", "60"], process_group=0)
        self.addCleanup(process.wait)
        self.addCleanup(self.kill, process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
