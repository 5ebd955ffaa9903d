"""
Tests for L{mwproxy.programs.strays}.
"""

from __future__ import annotations

import os
import subprocess

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.programs.strays import children_of, find_strays


class StrayTests(SynchronousTestCase):
    """
    Tests for what has left a process group.
    """

    timeout = 20

    def test_found(self) -> None:
        """
        A child with the mark of a program is found with all below it, any other child is not.
        """
        own = os.getpid()
        found = []
        for leader in (7, 8):
            process = subprocess.Popen(
                ["/bin/sh", "-c", "sleep 60 & echo; wait"],
                start_new_session=True,
                env={"MWPROXY_PROGRAM_ID": f"{own}.{leader}"},
                stdout=subprocess.PIPE,
            )
            self.addCleanup(process.wait)
            self.addCleanup(os.killpg, process.pid, 9)
            assert process.stdout is not None
            self.addCleanup(process.stdout.close)
            process.stdout.readline()
            found.append(process)
        self.assertTrue({each.pid for each in found} <= set(children_of(own)))
        below = children_of(found[0].pid)
        self.assertEqual(len(below), 1)
        self.assertEqual(sorted(find_strays(own, 7)), sorted([found[0].pid, *below]))
        self.assertEqual(find_strays(own, 9), [])

    def test_gone(self) -> None:
        """
        A process that is gone has no children.
        """
        self.assertEqual(children_of(2**22), [])
