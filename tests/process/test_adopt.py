"""
Tests for L{mwproxy.process.adopt}.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from twisted.internet import process
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.adopt import expect_exit, look_for_exits, reap, watch_exit
from mwproxy.process.spawn import ROOT

ORPHANS = """
import os
from mwproxy.process.adopt import become_subreaper, reap_orphans
assert become_subreaper()
for status in (7, 8):
    between = os.fork()
    if not between:
        if not os.fork():
            os._exit(status)
        os._exit(0)
    os.waitpid(between, 0)
found = []
while len(found) < 2:
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    found += reap_orphans()
print(sorted(status for pid, status in found), reap_orphans())
"""


class AdoptTests(SynchronousTestCase):
    """
    Children that the reactor did not start.
    """

    timeout = 30

    def child(self, *command: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(command)
        # Its end is not for subprocess to see.
        self.addCleanup(setattr, child, "returncode", 0)
        return child

    def test_expected(self) -> None:
        """
        The end of an inherited child is told when somebody looks, not before, even if it was
        before all.
        """
        told: list[int] = []
        child = self.child("false")
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        expect_exit(child.pid, told.append)
        self.assertEqual(told, [])
        look_for_exits()
        look_for_exits()
        self.assertEqual(told, [1])

    def test_exit(self) -> None:
        """
        The end is told when the reactor looks, with the status as a shell sees it.
        """
        told: list[int] = []
        child = self.child("sleep", "60")
        watch_exit(child.pid, told.append)
        self.assertIn(child.pid, process.reapProcessHandlers)
        process.reapProcessHandlers[child.pid].reapProcess()
        self.assertEqual(told, [])
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        process.reapProcessHandlers[child.pid].reapProcess()
        self.assertEqual(told, [137])
        self.assertNotIn(child.pid, process.reapProcessHandlers)

    def test_ended_already(self) -> None:
        """
        One that ended before it was watched is told at once.
        """
        told: list[int] = []
        child = self.child("sh", "-c", "exit 3")
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        watch_exit(child.pid, told.append)
        self.assertEqual(told, [3])

    def test_reaped_by_somebody_else(self) -> None:
        """
        A status that is lost counts as 1.
        """
        child = self.child("true")
        os.waitpid(child.pid, 0)
        self.assertEqual(reap(child.pid), 1)

    def test_orphans(self) -> None:
        """
        A subreaper gets the orphans of its children, and reaps all of them.
        """
        done = subprocess.run(
            [sys.executable, "-c", ORPHANS],
            env={**os.environ, "PYTHONPATH": ROOT},
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(done.stdout, "[7, 8] []\n")
