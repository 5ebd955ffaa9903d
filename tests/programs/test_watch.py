"""
Tests for L{mwproxy.programs.watch}.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.programs.guard import SCRIPT
from mwproxy.programs.watch import follow


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

    def program(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["sleep", "60"], process_group=0)
        self.addCleanup(process.wait)
        self.addCleanup(self.kill, process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
