"""
C{kill -9} of each process: what remains, and what is said.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.integration.configs import NAMED, WITH_PROGRAM
from tests.integration.harness import ProcessTestCase, Proxy
from tests.integration.model_clients import Asker


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


class DeathTests(ProcessTestCase):
    """
    Tests of processes that die.
    """

    def _standby(self, proxy: Proxy) -> int:
        """
        Wait for the worker that waits, and find it: a child that C{show proc} does not list.
        """

        def find() -> set[int]:
            listed = {int(row[0]) for rows in proxy.rows().values() for row in rows}
            found = {pid for pid in proxy.processes() if pid not in listed}
            return {pid for pid in found if _name(pid) == "mwproxy-worker"}

        return proxy.wait(find).pop()

    def test_worker_with_exit_on_failure(self) -> None:
        """
        The death of the serving worker ends everything, with its status.
        """
        proxy = self.start(NAMED.replace(" no-exit-on-failure", ""), word="x")
        (worker,) = proxy.worker_pids()
        os.kill(worker, signal.SIGKILL)
        self.assertEqual(proxy.wait_exit(), 137, proxy.output)
        self.assertIn(f"Current worker ({worker}) exited with code 137 (Killed)", proxy.output)
        self.assertIn("exit-on-failure: killing every processes with SIGTERM", proxy.output)
        self.assert_no_orphans(proxy)

    def test_standby(self) -> None:
        """
        The death of the standby is not noticed by clients, and another one takes its place.
        """
        proxy = self.start(NAMED, word="one")
        standby = self._standby(proxy)
        crowd = proxy.keep_connecting("web")
        os.kill(standby, signal.SIGKILL)
        proxy.wait(lambda: standby not in proxy.processes())
        crowd.wait_for(20)
        proxy.configure(NAMED, word="two")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web").body, b"two")
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))

    def test_standby_right_before_a_reload(self) -> None:
        """
        A reload whose worker was killed before it began to load takes another one.
        """
        proxy = self.start(NAMED, word="one")
        os.kill(self._standby(proxy), signal.SIGKILL)
        proxy.configure(NAMED, word="two")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web").body, b"two")

    def test_nursery(self) -> None:
        """
        The death of the nursery is told, and another one takes its place.
        """
        proxy = self.start(NAMED, word="one")
        self._standby(proxy)
        (nursery,) = (pid for pid in proxy.processes() if _name(pid) == "mwproxy-nursery")
        os.kill(nursery, signal.SIGKILL)
        proxy.wait_output(rf"Nursery \({nursery}\) exited with code 137 \(Killed\)")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        proxy.wait(lambda: any(_name(pid) == "mwproxy-nursery" for pid in proxy.processes()))
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_old_worker(self) -> None:
        """
        The death of an old worker changes nothing for the current one.
        """
        proxy = self.start(NAMED, word="one")
        (old,) = proxy.worker_pids()
        proxy.reload()
        (current,) = proxy.worker_pids()
        if old in proxy.processes():
            os.kill(old, signal.SIGKILL)
        proxy.wait_output(rf"Former worker \({old}\) exited with code ")
        self.assertEqual(proxy.worker_pids(), [current])
        self.assertEqual(proxy.get("web").body, b"one")

    def test_last_worker_while_another_loads(self) -> None:
        """
        When the serving worker dies, and then the one that loads, the master ends; who asked for
        the reload is answered before.
        """
        proxy = self.start(NAMED, word="one")
        (serving,) = proxy.worker_pids()
        pipe = proxy.directory / "slow.http"
        os.mkfifo(pipe)
        proxy.configure(
            NAMED.replace("    http-request", f"    errorfile 503 {pipe}\n    http-request")
        )
        asker = Asker(proxy.console_path)
        found = proxy.wait_output(r"Initializing new worker \((\d+)\)", times=2)
        # Opening returns when the worker reads, so it loads.
        with pipe.open("wb"):
            os.kill(serving, signal.SIGKILL)
            proxy.wait_output(rf"Current worker \({serving}\) exited with code 137")
            os.kill(int(found[1]), signal.SIGKILL)
            self.assertEqual(proxy.wait_exit(), 137)
        self.assertIn(f"Failed to load worker ({found[1]})", asker.answer())
        self.assertTrue(asker.answer().startswith("Success=0\n--\n"), asker.answer())

    def test_program(self) -> None:
        """
        The death of a program is told; with C{no-exit-on-failure} traffic goes on.
        """
        proxy = self.start(WITH_PROGRAM, word="x", python=sys.executable)
        program = int(proxy.rows()["programs"][0][0])
        os.kill(program, signal.SIGKILL)
        proxy.wait_output(
            rf"\[ALERT\]    \({proxy.pid}\) : Current program 'side' \({program}\) exited"
            r" with code 137 \(Killed\)"
        )
        self.assertEqual(proxy.get("web").body, b"x")

    def test_program_with_exit_on_failure(self) -> None:
        """
        Without it, the death of a program ends everything with its status.
        """
        text = WITH_PROGRAM.replace(" no-exit-on-failure", "")
        proxy = self.start(text, word="x", python=sys.executable)
        os.kill(int(proxy.rows()["programs"][0][0]), signal.SIGKILL)
        self.assertEqual(proxy.wait_exit(), 137, proxy.output)
        self.assert_no_orphans(proxy)

    def test_master(self) -> None:
        """
        When the master is killed, nothing of it is left: neither workers nor programs.
        """
        proxy = self.start(WITH_PROGRAM, word="x", python=sys.executable)
        proxy.wait_output("side runs")
        os.kill(proxy.pid, signal.SIGKILL)
        self.assertEqual(proxy.wait_exit(), -signal.SIGKILL)
        self.assert_no_orphans(proxy)

    def test_master_killed_leaves_a_usable_socket_path(self) -> None:
        """
        The console's socket that a killed master left does not hinder the next one.
        """
        proxy = self.start(NAMED.replace("<listen:web>", "unix@<dir>/web.sock"), word="x")
        os.kill(proxy.pid, signal.SIGKILL)
        proxy.wait_exit()
        self.assert_no_orphans(proxy)
        proxy.notices.clear()
        proxy.start()
        proxy.wait_ready()
        self.assertEqual(proxy.stop(), 0)
        self.assertFalse((proxy.directory / "m.sock").exists())
        self.assertFalse((proxy.directory / "web.sock").exists())
