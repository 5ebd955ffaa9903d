"""
The life of workers: replaced when they die, ended when they hang, limited in what they may take;
and a master that goes on when the system around it is short of something.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
from pathlib import Path

from tests.integration.clients import Connection
from tests.integration.configs import BOTH_MODES, NAMED
from tests.integration.harness import ProcessTestCase, Proxy
from tests.integration.origins import EchoOrigin, Origin

RESPAWN = NAMED.replace("no-exit-on-failure", "respawn limit 3")
#: One that is given little time to load.
IMPATIENT = NAMED.replace("no-exit-on-failure", "ready-timeout 1s")


def state(pid: int) -> str:
    """
    Tell the state of a process, such as C{"T"} for stopped.
    """
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def halt(proxy: Proxy, pid: int) -> None:
    """
    Stop a process (SIGSTOP), and wait until it is stopped.
    """
    os.kill(pid, signal.SIGSTOP)
    proxy.wait(lambda: state(pid) == "T")


class RespawnTests(ProcessTestCase):
    """
    Tests of C{master-worker respawn}.
    """

    def test_nobody_is_refused(self) -> None:
        """
        A worker that is killed again and again is replaced each time, with the configuration that
        was accepted, and no connection is refused. What the dead one had accepted is lost.
        """
        proxy = self.start(NAMED.replace("no-exit-on-failure", "respawn"), word="one")
        proxy.file.write_text("half a file")
        crowd = proxy.keep_connecting("web")
        for number in range(1, 5):
            crowd.wait_for(20)
            (worker,) = proxy.worker_pids()
            os.kill(worker, signal.SIGKILL)
            proxy.wait_output(rf"Current worker \({worker}\) exited with code 137 \(Killed\), repl")
            proxy.wait_output("serves in place of the dead one", times=number)
            self.assertEqual(proxy.get("web").body, b"one")
        crowd.wait_for(20)
        self.assertEqual(crowd.finish().refused, 0)
        self.assertEqual(proxy.rows()["master"][0][2:5], ["0", "[failed:", "0]"])
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_one_of_several(self) -> None:
        """
        With C{nbproc} only the dead one is replaced, under its number.
        """
        text = RESPAWN.replace("global\n", "global\n    nbproc 2\n")
        proxy = self.start(text, word="one")
        first, second = proxy.worker_pids()
        os.kill(second, signal.SIGKILL)
        proxy.wait_output("serves in place of the dead one")
        rows = proxy.rows()["workers"]
        self.assertEqual((int(rows[0][0]), rows[0][2], rows[1][2]), (first, "1", "2"))
        self.assertIn(f"Pid: {rows[1][0]}\n", proxy.master_cli("@2 show info"))

    def test_the_limit(self) -> None:
        """
        When as many replacements as the limit says did not last, the master ends as without
        C{respawn}.
        """
        proxy = self.start(RESPAWN, word="one")
        for number in range(1, 4):
            (worker,) = proxy.worker_pids()
            os.kill(worker, signal.SIGKILL)
            proxy.wait_output(rf"replacing it \({number} of 3\)")
            proxy.wait_output("serves in place of the dead one", times=number)
        os.kill(proxy.worker_pids()[0], signal.SIGKILL)
        self.assertEqual(proxy.wait_exit(), 137, proxy.output)
        self.assertIn("is not replaced any more: 3 in a row did not last.", proxy.output)
        self.assert_no_orphans(proxy)

    def test_what_is_missing(self) -> None:
        """
        A replacement that cannot load, for a file that the configuration names is gone, counts;
        when the file is back in time, it serves.
        """
        text = RESPAWN + "    errorfile 503 <dir>/503.http\n"
        proxy = self.make(text, word="one")
        page = proxy.directory / "503.http"
        page.write_text("HTTP/1.0 503 Sorry\r\n\r\n")
        proxy.start()
        proxy.wait_ready()
        page.rename(proxy.directory / "away")
        os.kill(proxy.worker_pids()[0], signal.SIGKILL)
        proxy.wait_output(r"exited with code 1 \(Exit\), replacing it \(2 of 3\)")
        (proxy.directory / "away").rename(page)
        proxy.wait_output("serves in place of the dead one")
        self.assertEqual(proxy.get("web").body, b"one")

    def test_a_reload_behind_it(self) -> None:
        """
        A reload takes the place of a worker that was a replacement, and says what it should.
        """
        proxy = self.start(RESPAWN, word="one")
        os.kill(proxy.worker_pids()[0], signal.SIGKILL)
        proxy.configure(RESPAWN, word="two")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web").body, b"two")
        self.assertEqual(len(proxy.rows()["workers"]), 1)


class StoppedTests(ProcessTestCase):
    """
    Tests of workers that are stopped (SIGSTOP) or hang.
    """

    def test_term(self) -> None:
        """
        TERM ends a master whose worker is stopped, at once and with status 0.
        """
        proxy = self.start(NAMED, word="x")
        halt(proxy, proxy.worker_pids()[0])
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_a_program_that_ignores_term(self) -> None:
        """
        A second TERM kills what did not end for the first.
        """
        text = (
            NAMED
            + '    \nprogram deaf\n    command sh -c "trap : TERM INT; while :; do sleep 9; done"\n'
        )
        proxy = self.start(text, word="x")
        proxy.signal(signal.SIGTERM)
        proxy.wait(lambda: not proxy.rows()["workers"])
        # One that comes at once would not count.
        proxy.wait(lambda: self._asked(proxy))
        self.assertEqual(proxy.wait_exit(), 0, proxy.output)
        self.assert_no_orphans(proxy)

    def _asked(self, proxy: Proxy) -> bool:
        proxy.signal(signal.SIGTERM)
        return "Asked to stop once more: killing what is left." in proxy.output

    def test_console_command(self) -> None:
        """
        A console command for a worker that is stopped ends with a message; the console goes on,
        and the command is not executed later.
        """
        proxy = self.start(NAMED, word="x")
        (worker,) = proxy.worker_pids()
        halt(proxy, worker)
        answer = proxy.master_cli("@1 disable frontend web; show version")
        self.assertIn("The worker does not answer since 10 seconds.\n\n", answer)
        self.assertTrue(answer.rstrip().endswith("0"), answer)
        os.kill(worker, signal.SIGCONT)
        self.assertIn("web,FRONTEND", proxy.master_cli("@1 show stat"))
        self.assertEqual(proxy.get("web").body, b"x")

    def test_an_old_worker_is_reachable(self) -> None:
        """
        A worker that leaves is listed, can be asked, and a stopped one does not hold up a reload.
        """
        origin, echo = Origin(), EchoOrigin()
        self.addCleanup(origin.stop)
        self.addCleanup(echo.stop)
        proxy = self.start(BOTH_MODES, origin=origin.address, echo=echo.address)
        (old,) = proxy.worker_pids()
        tunnel = Connection(proxy.port("relay"))
        tunnel.send(b"x")
        tunnel.receive_exactly(1)
        proxy.reload()
        self.assertEqual([int(row[0]) for row in proxy.rows()["old workers"]], [old])
        info = proxy.master_cli(f"@!{old} show info")
        self.assertIn(f"Pid: {old}\n", info)
        self.assertIn("Stopping: 1\n", info)
        halt(proxy, old)
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(state(old), "T")
        os.kill(old, signal.SIGCONT)
        tunnel.close()
        proxy.wait_output(rf"Former worker \({old}\) exited with code 0")

    def test_never_ready(self) -> None:
        """
        A worker that hangs while it loads is killed when its time is over; the reload has failed,
        the other one serves on.
        """
        proxy = self.start(IMPATIENT, word="one")
        fifo = proxy.directory / "fifo"
        os.mkfifo(fifo)
        proxy.configure(IMPATIENT + f"    errorfile 503 {fifo}\n", word="two")
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[0], "Success=0")
        self.assertRegex(answer, r"Worker \(\d+\) is not ready after 1 seconds, killing it\.")
        self.assertEqual(proxy.get("web").body, b"one")
        self.assertIn("[failed: 1]", proxy.master_cli("show proc"))
        proxy.configure(IMPATIENT, word="three")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web").body, b"three")


class StopTests(ProcessTestCase):
    """
    Tests of stops that are changed on their way, and of their limits.
    """

    def _busy(self, settings: str = "") -> tuple[Proxy, Connection]:
        origin, echo = Origin(), EchoOrigin()
        self.addCleanup(origin.stop)
        self.addCleanup(echo.stop)
        text = BOTH_MODES.replace("global\n", f"global\n{settings}")
        proxy = self.start(text, origin=origin.address, echo=echo.address)
        tunnel = Connection(proxy.port("relay"))
        self.addCleanup(tunnel.close)
        tunnel.send(b"x")
        tunnel.receive_exactly(1)
        return proxy, tunnel

    def test_usr2_takes_a_stop_back(self) -> None:
        """
        USR2 during a soft stop brings a new worker that serves; the one that stops is old, and
        finishes.
        """
        proxy, tunnel = self._busy()
        (old,) = proxy.worker_pids()
        proxy.signal(signal.SIGUSR1)
        proxy.wait_output("Proxy relay stopped")
        proxy.signal(signal.SIGUSR2)
        proxy.wait_output("Loading success", times=2)
        self.assertEqual(proxy.get("web").status, 200)
        self.assertEqual([int(row[0]) for row in proxy.rows()["old workers"]], [old])
        tunnel.send(b"still")
        tunnel.receive_exactly(5)
        tunnel.close()
        proxy.wait_output(rf"Former worker \({old}\) exited with code 0")
        self.assertEqual(proxy.get("web").status, 200)
        self.assertEqual(proxy.stop(), 0)

    def test_term_ends_a_soft_stop(self) -> None:
        """
        TERM behind USR1 ends it at once.
        """
        proxy, tunnel = self._busy()
        proxy.signal(signal.SIGUSR1)
        proxy.wait_output("Proxy relay stopped")
        proxy.signal(signal.SIGTERM)
        self.assertEqual(proxy.wait_exit(), 0, proxy.output)
        self.assertEqual(tunnel.receive_all(), b"")

    def test_hard_stop_after(self) -> None:
        """
        A leaving worker is given no longer than C{hard-stop-after}, and exits with 0.
        """
        proxy, tunnel = self._busy("    hard-stop-after 300ms\n")
        (old,) = proxy.worker_pids()
        proxy.reload()
        proxy.wait_output("soft-stop running for too long, performing a hard-stop.")
        self.assertEqual(tunnel.receive_all(), b"")
        proxy.wait_output(r"Proxy relay hard-stopped \(1 remaining conns will be closed\)")
        proxy.wait_output(rf"Former worker \({old}\) exited with code 0 \(Exit\)")

    def test_too_many_reloads(self) -> None:
        """
        A worker that has outlived more reloads than C{mworker-max-reloads} is terminated, once,
        and it is said why; the one before the last reload goes softly.
        """
        proxy, tunnel = self._busy("    mworker-max-reloads 1\n")
        (first,) = proxy.worker_pids()
        proxy.reload()
        self.assertEqual([int(row[0]) for row in proxy.rows()["old workers"]], [first])
        (second,) = proxy.worker_pids()
        later = Connection(proxy.port("relay"))
        self.addCleanup(later.close)
        later.send(b"x")
        later.receive_exactly(1)
        proxy.reload()
        proxy.wait_output(
            rf"Former worker \({first}\) exited with code 143 \(Terminated\),"
            r" as it exceeds max reloads \(1\)"
        )
        self.assertEqual(tunnel.receive_all(), b"")
        self.assertEqual([int(row[0]) for row in proxy.rows()["old workers"]], [second])
        later.send(b"still")
        later.receive_exactly(5)

    def test_grace(self) -> None:
        """
        During C{grace} a worker that is asked to stop accepts still, and says that it is stopping.
        """
        text = NAMED.replace("global\n", "global\n    grace 60s\n")
        rule = "    http-request return status 503 if { path /up } { stopping }\n"
        proxy = self.start(text.replace("    http-request", rule + "    http-request"), word="x")
        self.assertEqual(proxy.get("web", "/up").status, 200)
        proxy.signal(signal.SIGUSR1)
        proxy.wait_output("Scheduling a soft-stop in 60000 ms.")
        self.assertEqual(proxy.get("web", "/up").status, 503)
        self.assertEqual(proxy.get("web").body, b"x")
        self.assertEqual(proxy.stop(), 0)

    def test_quit_and_pipe(self) -> None:
        """
        QUIT and PIPE do nothing to a master.
        """
        proxy = self.start(NAMED, word="x")
        proxy.signal(signal.SIGQUIT)
        proxy.signal(signal.SIGPIPE)
        proxy.signal(signal.SIGHUP)
        proxy.wait_output("Loading success", times=2)
        self.assertEqual(proxy.get("web").body, b"x")
        self.assertEqual(proxy.stop(), 0)

    def test_pause(self) -> None:
        """
        TTOU and TTIN reach all workers: clients wait in the backlog meanwhile.
        """
        proxy = self.start(NAMED.replace("global\n", "global\n    nbproc 2\n"), word="x")
        proxy.signal(signal.SIGTTOU)
        proxy.wait_output("Paused frontend web", times=2)
        client = Connection(proxy.port("web"))
        client.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        client.sock.settimeout(0.2)
        self.assertRaises(TimeoutError, client.receive)
        client.sock.settimeout(10)
        proxy.signal(signal.SIGTTIN)
        self.assertEqual(client.response().body, b"x")
        client.close()


class ShortageTests(ProcessTestCase):
    """
    Tests of a master that cannot have what it needs.
    """

    def test_nobody_reads_standard_error(self) -> None:
        """
        Reloads, good ones and bad ones, go on while the pipe that the supervisor gave as standard
        error is full; what was said is written when somebody reads again.
        """
        proxy = self.make(NAMED, word="one")
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        proxy._output.close()
        proxy._output = os.fdopen(writing, "wb")
        proxy.start()
        proxy.wait_ready()
        filler = os.open(f"/proc/self/fd/{writing}", os.O_WRONLY | os.O_NONBLOCK)
        filled = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                filled += os.write(filler, b"x" * 1024)
        with contextlib.suppress(BlockingIOError):
            while True:
                filled += os.write(filler, b"x")
        os.close(filler)
        self.assertGreater(filled, 0)
        proxy.configure(NAMED, word="two")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web").body, b"two")
        proxy.configure(NAMED + "    mistake\n" * 200, word="three")
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[0], "Success=0")
        self.assertIn("unknown keyword 'mistake'", answer)
        proxy.configure(NAMED, word="four")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web").body, b"four")
        said = b""
        while b"Exiting Master process" not in said:
            if said.count(b"Loading success") == 3 and b"Exiting" not in said:
                proxy.signal(signal.SIGTERM)
            said += os.read(reading, 65536)
        self.assertEqual(proxy.wait_exit(), 0)

    def test_out_of_descriptors(self) -> None:
        """
        A master that is at its limit of descriptors reloads with those that it holds back. One
        that has not even those fails the reload with a message; what serves goes on, and when
        there is room again reloads do.
        """
        text = NAMED.replace("<listen:web>", "unix@<dir>/web")
        proxy = self.start(text, word="one")
        usual = resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE)
        self._use_all(proxy)
        proxy.configure(text, word="two")
        proxy.signal(signal.SIGUSR2)
        proxy.wait_output("Loading success", times=2)
        # Clients of the console that were in the backlog may have taken what was held back, and
        # with it the way between the two workers: then it says so before the former one has closed.
        proxy.wait(lambda: self._body(proxy) == b"two")
        resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, (3, usual[1]))
        proxy.configure(text, word="three")
        proxy.signal(signal.SIGUSR2)
        proxy.wait_output("Too many open files")
        proxy.wait(lambda: any("Reload failed" in each for each in proxy.notices))
        self.assertEqual(self._body(proxy), b"two")
        resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, usual)
        for client in self._clients:
            client.close()
        self.assertIn("[failed: 1]", proxy.master_cli("show proc"))
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(self._body(proxy), b"three")
        self.assertNotIn("Traceback", proxy.output)
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def _body(self, proxy: Proxy) -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(proxy.directory / "web"))
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            return client.makefile("rb").read().rpartition(b"\r\n\r\n")[2]

    def _use_all(self, proxy: Proxy) -> None:
        """
        Have a master use all descriptors that it may, with idle console connections.
        """
        self._clients: list[socket.socket] = []
        limit = max(self._open(proxy)) + 3
        hard = resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, (limit, hard))
        # Some may be used for a moment; those in the backlog take their place.
        for _ in range(9):
            client = socket.socket(socket.AF_UNIX)
            self.addCleanup(client.close)
            client.connect(proxy.console_path)
            self._clients.append(client)
        # Accepting takes two for a moment, so the last one may stay free.
        proxy.wait(lambda: len(self._open(proxy)) >= limit - 1)

    def _open(self, proxy: Proxy) -> set[int]:
        return {int(entry.name) for entry in Path(f"/proc/{proxy.pid}/fd").iterdir()}
