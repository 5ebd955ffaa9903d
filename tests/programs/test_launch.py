"""
Tests for L{mwproxy.programs.launch}.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.programs.program import SCRIPT


class LaunchTests(SynchronousTestCase):
    """
    The step between master and program.
    """

    timeout = 20

    def run_it(
        self,
        group: str,
        user: str,
        *command: str,
        descriptors: int = 256,
        master: int | None = None,
        options: tuple[str, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        parent = str(os.getpid() if master is None else master)
        words = [*options, parent, group, user, str(descriptors), *command]
        return subprocess.run(
            [sys.executable, "-I", "-S", SCRIPT, *words],
            capture_output=True,
            text=True,
            check=False,
        )

    def test_group_and_signals(self) -> None:
        """
        The program leads its own process group and has default signals, whatever its parent
        ignored, in the same process.
        """
        told = "grep SigIgn /proc/self/status; ps -o pid=,pgid= -p $$"
        words = [
            sys.executable,
            "-I",
            "-S",
            SCRIPT,
            str(os.getpid()),
            "",
            "",
            "256",
            "sh",
            "-c",
            told,
        ]
        done = subprocess.run(
            ["sh", "-c", 'trap "" USR1 HUP; echo $$; exec "$@"', "sh", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        started, ignored, ids = done.stdout.splitlines()
        # The C library keeps two signals to itself: nobody can give those a meaning.
        ours = sum(1 << (number - 1) for number in signal.valid_signals())
        self.assertEqual(int(ignored.split()[1], 16) & ours, 0)
        self.assertEqual(ids.split(), [started, started])

    def test_the_master_is_gone(self) -> None:
        """
        A program whose master died before it led its own group is not run: nobody would end it.
        """
        done = self.run_it("", "", "echo", "no", master=1)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", ""))

    def test_user_and_group(self) -> None:
        """
        Group and user are dropped, with no supplementary groups left.
        """
        if subprocess.run(["id", "-u"], capture_output=True, check=True).stdout != b"0\n":
            self.skipTest("only root can drop to another user")
        done = self.run_it("nogroup", "nobody", "sh", "-c", "id -u; id -g; id -G")
        self.assertEqual(done.stdout, "65534\n65534\n65534\n")

    def test_unknown_user(self) -> None:
        """
        A user that does not exist is named; nothing runs.
        """
        done = self.run_it("", "no-such-user", "echo", "no")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("Cannot execute echo: ", done.stderr)
        self.assertIn("no-such-user", done.stderr)

    def test_unknown_command(self) -> None:
        """
        A command that cannot be executed is an alert, and exit status 1.
        """
        done = self.run_it("", "", "/no/such/command")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(
            done.stderr,
            r"^\[ALERT\]    \(\d+\) : "
            r"Cannot execute /no/such/command: No such file or directory\n$",
        )

    def test_descriptors(self) -> None:
        """
        A program gets the limit of descriptors that its master was started with, however the
        master has raised its own.
        """
        done = self.run_it("", "", "sh", "-c", "ulimit -Sn", descriptors=123)
        self.assertEqual(done.stdout, "123\n")

    def test_limits(self) -> None:
        """
        Limits are set; one that cannot be had is named, and nothing runs.
        """
        command = ("sh", "-c", "ulimit -Sn; ulimit -Hn; ulimit -c")
        done = self.run_it(
            "", "", *command, options=("--limit", "nofile=50:60", "--limit", "core=0:0")
        )
        self.assertEqual(done.stdout, "50\n60\n0\n")
        limits = ("--limit", "core=0:0", "--limit", "nofile=-1:-1")
        done = self.run_it("", "", "echo", "no", options=limits)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("Cannot execute echo: cannot limit 'nofile' to -1:-1: ", done.stderr)

    def test_little_memory(self) -> None:
        """
        A limit of memory that nothing can start with is an error with a reason, or the kernel's
        verdict; never a trace.
        """
        done = self.run_it("", "", "echo", "no", options=("--limit", "as=1000000:1000000"))
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("Traceback", done.stderr)

    def test_directory(self) -> None:
        """
        It runs there; one that is not there is named.
        """
        done = self.run_it("", "", "pwd", options=("--directory", "/usr"))
        self.assertEqual(done.stdout, "/usr\n")
        done = self.run_it("", "", "pwd", options=("--directory", "/no/such"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(
            "Cannot execute pwd: directory '/no/such': No such file or directory\n", done.stderr
        )

    def test_sockets(self) -> None:
        """
        Passed sockets are told as systemd does: for this process alone.
        """
        done = self.run_it(
            "", "", "sh", "-c", "echo $LISTEN_FDS $((LISTEN_PID - $$))", options=("--listen", "2")
        )
        self.assertEqual(done.stdout, "2 0\n")

    def test_identity(self) -> None:
        """
        What it starts can be told by the pids of master and program.
        """
        done = self.run_it("", "", "sh", "-c", "echo $MWPROXY_PROGRAM_ID $$")
        known, pid = done.stdout.split()
        self.assertEqual(known, f"{os.getpid()}.{pid}")
