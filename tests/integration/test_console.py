"""
The consoles of a running proxy.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from pathlib import Path

from tests.integration.clients import console
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase

#: More than one worker.
TWO = NAMED.replace("global\n", "global\n    nbproc 2\n")


class ConsoleTests(ProcessTestCase):
    """
    Tests of the master's console and of a worker's.
    """

    def test_show_proc(self) -> None:
        """
        The processes are listed in HAProxy's columns, trailing blanks included.
        """
        proxy = self.start(NAMED, word="x")
        lines = proxy.master_cli("show proc").split("\n")
        header = "#<PID>          <type>          <reloads>       <uptime>        <version>      "
        self.assertEqual(lines[0], header)
        uptime = r"0d00h00m\d\ds     \S+ +"
        self.assertRegex(lines[1], rf"^{proxy.pid:<16}master          0 \[failed: 0\]   {uptime}$")
        self.assertEqual(lines[2], "# workers")
        self.assertRegex(lines[3], rf"^\d+ +worker          0               {uptime}$")
        self.assertEqual(lines[4:], ["", ""])

    def test_worker_through_master(self) -> None:
        """
        A worker answers behind C{@1} and behind C{@!pid}.
        """
        proxy = self.start(NAMED, word="x")
        (worker,) = proxy.worker_pids()
        info = proxy.master_cli("@1 show info")
        self.assertIn(f"\nPid: {worker}\n", info)
        self.assertEqual(
            re.findall(r"^Pid: .*$", proxy.master_cli(f"@!{worker} show info"), re.M),
            [f"Pid: {worker}"],
        )
        self.assertTrue(proxy.master_cli("@1 show stat").startswith("# pxname,svname,"))

    def test_several_commands(self) -> None:
        """
        Commands on one line are answered in order.
        """
        proxy = self.start(NAMED, word="x")
        answer = proxy.master_cli("show version;@1 show version")
        self.assertEqual(len(answer.split()), 2)

    def test_unknown_worker(self) -> None:
        """
        A prefix that fits no worker is refused in words.
        """
        proxy = self.start(NAMED, word="x")
        answer = proxy.master_cli("@7 show info")
        self.assertIn("Can't find the target PID matching the prefix '@7'", answer)

    def test_worker_is_stuck(self) -> None:
        """
        A worker that does not answer keeps nobody from the console.
        """
        proxy = self.start(NAMED, word="x")
        (worker,) = proxy.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        self.addCleanup(os.kill, worker, signal.SIGCONT)
        self.assertIn("# workers", proxy.master_cli("show proc"))

    def test_worker_is_stuck_over_an_upgrade(self) -> None:
        """
        Who asks a worker that does not answer is told after ten seconds, though the master has
        been replaced meanwhile.
        """
        text = NAMED.replace("no-exit-on-failure", "re-exec always")
        proxy = self.start(text, word="x")
        (worker,) = proxy.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        self.addCleanup(os.kill, worker, signal.SIGCONT)
        proxy.wait(lambda: Path(f"/proc/{worker}/stat").read_text().split()[2] == "T")
        began = time.monotonic()
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(40)
            client.connect(proxy.console_path)
            client.sendall(f"@!{worker} show info\n".encode())
            client.shutdown(socket.SHUT_WR)
            self.assertIn("Success=1", proxy.reload())
            answer = client.makefile("rb").read()
        self.assertEqual(answer, b"The worker does not answer since 10 seconds.\n\n")
        self.assertGreater(time.monotonic() - began, 9)
        self.assertIn("takes over from version", proxy.output)

    def test_all_workers_over_an_upgrade(self) -> None:
        """
        Who waits for C{@*} while the master is replaced is told why the connection ends.
        """
        proxy = self.start(NAMED.replace("no-exit-on-failure", "re-exec always"), word="x")
        (worker,) = proxy.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        self.addCleanup(os.kill, worker, signal.SIGCONT)
        proxy.wait(lambda: Path(f"/proc/{worker}/stat").read_text().split()[2] == "T")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(40)
            client.connect(proxy.console_path)
            # The first answer tells that the second command has begun, too.
            client.sendall(b"echo begun\n@* show info\n")
            stream = client.makefile("rb")
            self.assertEqual(stream.readline(), b"begun\n")
            self.assertIn("Success=1", proxy.reload())
            self.assertTrue(
                stream.read().endswith(
                    b"\n# The master is being replaced by an upgrade: this connection ends.\n"
                )
            )

    def test_stats_socket(self) -> None:
        """
        A C{stats socket} answers by itself and closes after one line of commands.
        """
        text = NAMED.replace("global\n", "global\n    stats socket <dir>/s.sock level admin\n")
        proxy = self.start(text, word="x")
        answer = console(str(proxy.directory / "s.sock"), "show info")
        self.assertIn(f"\nPid: {proxy.worker_pids()[0]}\n", answer)
        self.assertTrue(answer.endswith("\n\n"))

    def test_level(self) -> None:
        """
        A console of level user may not reload.
        """
        proxy = self.make(NAMED, word="x")
        proxy.start("-S", f"{proxy.directory}/u.sock,level,user")
        proxy.wait_ready()
        answer = console(str(proxy.directory / "u.sock"), "reload")
        self.assertIn("Permission denied", answer)
        self.assertEqual(proxy.rows()["master"][0][2], "0")

    def test_two_workers(self) -> None:
        """
        With C{nbproc 2} two workers serve, have numbers, and are replaced together.
        """
        proxy = self.start(TWO, word="one")
        pids = proxy.worker_pids()
        self.assertEqual(len(pids), 2)
        for number, pid in enumerate(pids, 1):
            self.assertIn(f"\nPid: {pid}\n", proxy.master_cli(f"@{number} show info"))
        proxy.configure(TWO, word="two")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual({proxy.get("web").body for _ in range(20)}, {b"two"})
        self.assertEqual(len(set(proxy.worker_pids()) - set(pids)), 2)
