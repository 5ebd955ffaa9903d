"""
Tests for L{mwproxy.master.service}: a true master over fake workers, seen from outside.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.spawn import ROOT

SCRIPT = str(Path(__file__).with_name("fake_master.py"))


class MasterProcessTests(SynchronousTestCase):
    """
    What an operator, a service manager and a shell see of a master.
    """

    timeout = 60

    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.file = Path(self.directory, "a.cfg")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notify.close)
        self.notify.bind(f"{self.directory}/n")
        self.notify.settimeout(30)

    def start(self, text: str) -> subprocess.Popen[str]:
        """
        Start a master.
        """
        self.file.write_text(text)
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": f"{self.directory}/n",
            "PYTHONPATH": ROOT,
        }
        master = subprocess.Popen(
            [sys.executable, SCRIPT, str(self.file)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        self.addCleanup(self.end, master)
        self.master = master
        return master

    def end(self, master: subprocess.Popen[str]) -> None:
        if master.poll() is None:
            master.kill()
            master.communicate()

    def told(self) -> str:
        """
        Wait for the next message to the service manager; that a former worker has ended, which
        happens at any moment, is left out.
        """
        message = "STATUS=Ready. workers: "
        while message.startswith("STATUS=Ready. workers: "):
            try:
                message = self.notify.recv(1000).decode()
            except TimeoutError:
                status = self.master.poll()
                self.master.kill()
                self.fail(f"silent, status {status}:\n{self.master.communicate()[1]}")
        return message

    def children(self, master: subprocess.Popen[str]) -> list[int]:
        found = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        return [int(pid) for pid in found]

    def finish(self, master: subprocess.Popen[str], signum: int) -> tuple[int, list[str]]:
        """
        Signal a master and wait for its end.

        @return: Its status, and what was said, without pids.
        """
        master.send_signal(signum)
        _, said = master.communicate()
        return master.returncode, [
            re.sub(r"\(\d\d+\)", "(n)", line).partition(" : ")[2] for line in said.splitlines()
        ]

    def test_start_and_stop(self) -> None:
        """
        SIGTERM ends everything with status 0, and all is said in HAProxy's words.
        """
        master = self.start("global\n")
        self.assertEqual(self.told(), f"READY=1\nMAINPID={master.pid}\nSTATUS=Ready.\n")
        status, said = self.finish(master, signal.SIGTERM)
        self.assertEqual(status, 0)
        self.assertEqual(self.told(), "STOPPING=1")
        self.assertEqual(said[:2], ["Initializing new worker (n)", "Loading success."])
        self.assertEqual(
            said[-3:],
            [
                "Exiting Master process...",
                "Current worker (n) exited with code 143 (Terminated)",
                "All workers exited. Exiting... (0)",
            ],
        )

    def test_interrupt(self) -> None:
        """
        SIGINT gives status 130, from the worker's.
        """
        master = self.start("global\n")
        self.told()
        self.assertEqual(self.finish(master, signal.SIGINT)[0], 130)

    def test_failed_start(self) -> None:
        """
        The first worker's status is the master's, and the service manager is not told READY.
        """
        master = self.start("global\n#fail 3\n")
        master.communicate()
        self.assertEqual(master.returncode, 3)
        self.notify.setblocking(False)
        self.assertRaises(BlockingIOError, self.notify.recv, 100)

    def test_reloads(self) -> None:
        """
        SIGUSR2 reloads: a good configuration replaces the worker, a bad one changes nothing.
        """
        master = self.start("global\n")
        self.told()
        master.send_signal(signal.SIGUSR2)
        self.assertTrue(self.told().startswith("RELOADING=1\n"))
        self.assertTrue(self.told().startswith("READY=1\nMAINPID="))
        self.file.write_text("global\n#fail 2\n")
        master.send_signal(signal.SIGUSR2)
        self.assertTrue(self.told().startswith("RELOADING=1\n"))
        self.assertEqual(self.told(), "READY=1\nSTATUS=Reload failed!\n")
        status, said = self.finish(master, signal.SIGTERM)
        self.assertEqual(status, 0)
        self.assertIn("Former worker (n) exited with code 0 (Exit)", said)
        self.assertIn("Failed to load worker (n) exited with code 2 (Exit)", said)

    def test_listening_socket(self) -> None:
        """
        The master binds what a worker asks for; after a clean stop its path is gone.
        """
        path = f"{self.directory}/s"
        master = self.start(f"global\n#bind {path}\n")
        self.told()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
        self.assertEqual(self.finish(master, signal.SIGTERM)[0], 0)
        self.assertFalse(Path(path).exists())

    def test_killed(self) -> None:
        """
        When the master is killed nothing of it remains: workers, standby, programs, the watch.
        """
        master = self.start("global\nprogram p\n    command sh -c 'sleep 60 & wait'\n")
        self.told()
        # The standby is started after READY; a reload needs it.
        master.send_signal(signal.SIGUSR2)
        self.told()
        self.told()
        handles = []
        for pid in self.children(master):
            # The former worker may end at any moment.
            with contextlib.suppress(ProcessLookupError):
                handles.append(os.pidfd_open(pid))
                self.addCleanup(os.close, handles[-1])
        self.assertGreaterEqual(len(handles), 3)
        master.kill()
        for handle in handles:
            # A pidfd becomes readable when its process ends.
            self.assertEqual(select.select([handle], [], [], 20)[0], [handle])
