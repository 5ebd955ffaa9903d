"""
Tests for L{mwproxy.process.limits}.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.limits import address_space, raise_descriptors
from mwproxy.process.spawn import ROOT


class LimitsTests(SynchronousTestCase):
    """
    Limits of true processes, each in one of its own.
    """

    timeout = 20

    def run_code(self, code: str, shell: str = "") -> str:
        """
        Run code in an interpreter.

        @param shell: What a shell does before.

        @return: What it printed.
        """
        code = f"import os, resource, subprocess\nfrom mwproxy.process.limits import *\n{code}"
        done = subprocess.run(
            ["sh", "-c", f'{shell}\nexec "$@"', "sh", sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": ROOT},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_memory(self) -> None:
        """
        A limit of memory binds the process alone: what it starts begins without.
        """
        told = self.run_code(
            "limit_memory(900)\n"
            "print(resource.getrlimit(resource.RLIMIT_AS)[0] >> 20, flush=True)\n"
            "with memory_for_children():\n"
            "    subprocess.run(['sh', '-c', 'ulimit -v'])\n"
            "print(resource.getrlimit(resource.RLIMIT_AS)[0] >> 20)\n"
            "limit_memory(0)\n"
            "try:\n"
            "    bytearray(900 << 20)\n"
            "except MemoryError:\n"
            "    print('bound')\n"
        )
        self.assertEqual(told, "900\nunlimited\n900\nbound\n")

    def test_hard_limit_of_memory(self) -> None:
        """
        A limit that the system sets is not exceeded.
        """
        told = self.run_code(
            "limit_memory(900)\nprint(resource.getrlimit(resource.RLIMIT_AS)[0] >> 20)",
            "ulimit -v 512000",
        )
        self.assertEqual(told, "500\n")

    def test_too_little(self) -> None:
        """
        A limit below what the process has already is refused, and says what is needed.
        """
        told = self.run_code("try:\n    limit_memory(1)\nexcept TooLittle as e:\n    print(e)")
        self.assertRegex(
            told,
            r"^Cannot fix MEM limit to 1 megs: this process has \d+ already, \d+ are the least it "
            r"needs\.\n$",
        )

    def test_descriptors(self) -> None:
        """
        The limit of descriptors is raised as far as it goes, never lowered.
        """
        told = self.run_code(
            "print(DESCRIPTORS_AT_START, raise_descriptors(50), raise_descriptors(150),"
            " raise_descriptors(300), resource.getrlimit(resource.RLIMIT_NOFILE))",
            "ulimit -Sn 100; ulimit -Hn 200",
        )
        self.assertEqual(told, "100 100 150 200 (200, 200)\n")

    def test_descriptors_of_a_master(self) -> None:
        """
        A master takes what it can get, and says so when that is not enough to start anything.
        """
        told = self.run_code(
            "raise_master_descriptors()\nprint(resource.getrlimit(resource.RLIMIT_NOFILE)[0])",
            "ulimit -Sn 40; ulimit -Hn 50",
        )
        self.assertEqual(told, "50\n")
        told = self.run_code(
            "try:\n    raise_master_descriptors()\nexcept TooLittle as e:\n    print(e)",
            "ulimit -n 20",
        )
        self.assertTrue(told.startswith("Cannot raise FD limit to 32, limit is 20: "), told)

    def test_unlimited_descriptors(self) -> None:
        """
        Where there is no limit there is nothing to raise.
        """
        infinite = resource.RLIM_INFINITY
        self.patch(resource, "getrlimit", lambda which: (infinite, infinite))
        self.assertEqual(raise_descriptors(50), 50)

    def test_address_space(self) -> None:
        """
        A process knows how much it has.
        """
        self.assertGreater(address_space(), 1 << 20)
