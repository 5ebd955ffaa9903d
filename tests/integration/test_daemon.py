"""
Without a master: starts that fail, older processes, signals, several processes.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.integration.clients import PATIENCE, Connection
from tests.integration.daemons import SiteTestCase


class OlderTests(SiteTestCase):
    """
    Older processes of C{-sf} and C{-st}.
    """

    def foreign(self, port: int) -> socket.socket:
        """
        Listen on a port as a program that shares it with nobody.
        """
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen()
        return sock

    def busy_port(self) -> int:
        """
        Get a port that somebody else has.
        """
        port: int = self.foreign(0).getsockname()[1]
        return port

    def test_port_is_released(self) -> None:
        """
        A port that is not shared is released by the older process; HAProxy's and ours alike.
        """
        self.site.configure("one")
        self.site.start("-dR", product="haproxy")
        for word, product in (("two", "mwproxy"), ("three", "haproxy"), ("four", "mwproxy")):
            self.site.configure(word)
            self.site.replace("-dR", product=product)
            self.assertEqual((self.site.ask(), self.site.ask_path()), (word, word))

    def test_start_fails(self) -> None:
        """
        When the younger process cannot have all its ports the older one listens again, on its UNIX
        sockets too, and the pid file still names it. What is wrong is said once.
        """
        self.site.configure("one")
        older = self.site.foreground("-dR")
        self.site.wait_serving("one")
        self.site.pidfile.write_text(f"{older.pid}\n")
        busy = self.busy_port()
        more = f"frontend other\n    bind 127.0.0.1:{busy}\n"
        self.site.configure("two", more=more)
        failed = self.site.run("-dR", "-sf", str(older.pid))
        self.assertEqual(failed.returncode, 1)
        text = (
            "for frontend other: protocol tcpv4: cannot bind socket (Address already in use)"
            f" for [127.0.0.1:{busy}]."
        )
        self.assertEqual(failed.stdout.count(text), 1, failed.stdout)
        self.assertIn("main()] Some protocols failed to start their listeners!", failed.stdout)
        self.site.wait_output(older, "Resumed frontend web.")
        self.assertEqual(self.site.output(older).count("Paused frontend web."), 1)
        self.assertEqual(self.site.output(older).count("Resumed frontend web."), 1)
        self.assertEqual((self.site.ask(), self.site.ask_path()), ("one", "one"))
        self.assertIn("Pid: ", self.site.ask_stats("show info"))
        self.assertEqual(self.site.pids(), [older.pid])
        self.site.wait_alone([older.pid])

    def test_later_failure(self) -> None:
        """
        So too when what fails comes after the ports.
        """
        self.site.configure("one")
        older = self.site.foreground("-dR")
        self.site.wait_serving("one")
        self.site.configure("two", settings="chroot /no/such/directory")
        failed = self.site.run("-dR", "-sf", str(older.pid))
        self.assertEqual(failed.returncode, 1)
        self.assertIn("main()] Cannot chroot(/no/such/directory).", failed.stdout)
        self.site.wait_output(older, "Resumed frontend web.")
        self.assertEqual((self.site.ask(), self.site.ask_path()), ("one", "one"))

    def test_younger_is_killed(self) -> None:
        """
        The older one listens again even when the younger is killed while it waits for ports.
        """
        self.site.configure("one")
        older = self.site.foreground("-dR")
        self.site.wait_serving("one")
        more = f"frontend other\n    bind 127.0.0.1:{self.busy_port()}\n"
        self.site.configure("two", more=more)
        younger = self.site.foreground("-dR", "-sf", str(older.pid))
        self.site.wait_output(older, "Paused frontend web.")
        younger.kill()
        self.site.wait_output(older, "Resumed frontend web.")
        self.assertEqual(self.site.ask(), "one")

    def test_conflict(self) -> None:
        """
        A port that somebody else took meanwhile cannot be resumed; a later SIGTTIN tries again.
        """
        self.site.configure("one")
        process = self.site.foreground("-dR")
        self.site.wait_serving("one")
        process.send_signal(signal.SIGTTOU)
        self.site.wait_output(process, "Paused frontend web.")
        other = self.foreign(self.site.port("web"))
        process.send_signal(signal.SIGTTIN)
        self.site.wait_output(process, "Some proxies refused to resume, probably due to a conflict")
        other.close()
        process.send_signal(signal.SIGTTIN)
        self.site.wait_serving("one")
        self.assertEqual(self.site.output(process).count("refused to resume"), 1)

    def test_somebody_else(self) -> None:
        """
        A stale pid file is harmless: who has its number now is told nothing.
        """
        bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        self.addCleanup(bystander.wait)
        self.addCleanup(bystander.kill)
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        self.site.configure("one")
        done = self.site.run("-st", str(bystander.pid), str(gone.pid))
        self.assertEqual(done.returncode, 0, done.stdout)
        name = Path(f"/proc/{bystander.pid}/exe").readlink().name
        self.assertIn(
            f"[WARNING]  ({self.site.pids()[0]}) : Process {bystander.pid} ('{name}') is neither"
            " mwproxy nor haproxy: not signaled, the pid file may be stale.\n",
            done.stdout,
        )
        self.assertNotIn(str(gone.pid), done.stdout)
        self.assertIsNone(bystander.poll())

    def test_at_once(self) -> None:
        """
        C{-st} ends the older process though a client is connected; with C{-sf} that one is served.
        """
        self.site.configure("one")
        (old,) = self.site.start()
        client = Connection(self.site.port("web"))
        self.addCleanup(client.close)
        client.send(b"GET / HTTP/1.1\r\nhost: x\r\n")
        # It is the older one that has it: what it has accepted is counted.
        self.site.wait(lambda: "\nCurrConns: 1\n" in self.site.ask_stats("show info"))
        self.site.configure("two")
        (young,) = self.site.start("-sf", str(old))
        client.send(b"\r\n")
        self.assertEqual(client.response().body, b"one")
        client.close()
        self.site.wait_gone(old)
        client = Connection(self.site.port("web"))
        self.addCleanup(client.close)
        client.send(b"GET / HTTP/1.1\r\nhost: x\r\n")
        self.site.wait(lambda: "\nCurrConns: 1\n" in self.site.ask_stats("show info"))
        self.site.start("-st", str(young))
        self.site.wait_gone(young)
        self.assertEqual(client.receive_all(), b"")

    def test_another_user(self) -> None:
        """
        Older processes of another user leave, though the younger gave its rights up.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can become somebody else")
        self.site.directory.chmod(0o755)
        self.site.configure("one", settings="uid 1")
        (old,) = self.site.start()
        self.site.configure("two", settings="uid 65534")
        (young,) = self.site.replace()
        self.assertNotEqual(old, young)
        self.assertEqual(Path(f"/proc/{young}").stat().st_uid, 65534)
        self.assertEqual(self.site.ask(), "two")

    def test_soft_stop_closes_ports(self) -> None:
        """
        Nobody waits at the port of a process that finishes its last session.
        """
        self.site.configure("one")
        process = self.site.foreground()
        self.site.wait_serving("one")
        client = Connection(self.site.port("web"))
        self.addCleanup(client.close)
        client.send(b"GET / HTTP/1.1\r\nhost: x\r\n")
        self.site.wait(lambda: "\nCurrConns: 1\n" in self.site.ask_stats("show info"))
        process.send_signal(signal.SIGUSR1)
        self.site.wait_output(process, "Proxy web stopped")
        self.assertRaises(ConnectionRefusedError, Connection, self.site.port("web"))
        client.send(b"\r\n")
        self.assertEqual(client.response().body, b"one")
        self.assertEqual(process.wait(PATIENCE), 0)


class TransferTests(SiteTestCase):
    """
    C{-x} with a peer that is no good.
    """

    def refused(self) -> str:
        """
        Start, which has to fail, and leave nothing.

        @return: What was said.
        """
        self.site.configure("one")
        done = self.site.run("-x", f"{self.site.directory}/peer")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Failed to get the sockets from the old process!", done.stdout)
        self.assertNotIn("Traceback", done.stdout)
        self.assertEqual(self.site.processes(), {})
        return done.stdout

    def peer(self, *answers: bytes, hold: bool = False) -> None:
        """
        Answer one connection, and hang up unless it is to be held.
        """
        server = socket.socket(socket.AF_UNIX)
        server.bind(f"{self.site.directory}/peer")
        server.listen()
        leave = threading.Event()

        def serve() -> None:
            with server, server.accept()[0] as connection:
                connection.recv(100)
                for answer in answers:
                    connection.sendall(answer)
                if hold:
                    leave.wait()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(leave.set)

    def test_nobody(self) -> None:
        """
        No such socket, or nobody behind it.
        """
        self.assertIn("peer': No such file or directory", self.refused())
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(f"{self.site.directory}/peer")
        self.assertIn("peer': Connection refused", self.refused())

    def test_silence(self) -> None:
        """
        One that accepts and does not answer.
        """
        self.peer(hold=True)
        self.assertIn("peer': it does not answer", self.refused())

    def test_hangs_up(self) -> None:
        """
        One whose socket does not expose listeners.
        """
        self.peer()
        self.assertIn("Failed to get the number of sockets to be transferred !", self.refused())

    def test_words(self) -> None:
        """
        One that speaks something else.
        """
        self.peer(b"HTTP/1.0 400 Bad request\r\n\r\n")
        self.assertIn("did not answer with its sockets", self.refused())

    def test_too_few(self) -> None:
        """
        One that sends less than it said.
        """
        self.peer(struct.pack("=i", 2), bytes(12), hold=True)
        self.assertIn("sent fewer sockets than it announced", self.refused())

    def test_not_exposed(self) -> None:
        """
        Our own C{stats socket} gives nothing away unless it is told to.
        """
        self.site.configure("one")
        (old,) = self.site.start()
        done = self.site.run("-x", self.site.stats, "-sf", str(old))
        self.assertEqual(done.returncode, 1)
        self.assertIn("Failed to get the number of sockets", done.stdout)
        self.assertEqual(self.site.ask(), "one")
        self.assertEqual(self.site.pids(), [old])

    def test_disabled(self) -> None:
        """
        C{-x /dev/null} is no C{-x}.
        """
        self.site.configure("one")
        self.site.start("-x", "/dev/null")
        self.assertEqual(self.site.ask(), "one")

    def test_path_is_gone(self) -> None:
        """
        A UNIX socket whose path somebody removed is bound anew.
        """
        self.site.configure("one", expose="expose-fd listeners")
        self.site.start()
        (self.site.directory / "w.sock").unlink()
        self.site.configure("two", expose="expose-fd listeners")
        self.site.replace("-x", self.site.stats)
        self.assertEqual(self.site.ask_path(), "two")


class SignalTests(SiteTestCase):
    """
    Signals of a process without a master, beside HAProxy's.
    """

    def test_death(self) -> None:
        """
        SIGTERM and SIGINT kill, without a word.
        """
        self.site.configure("one")
        for product in ("haproxy", "mwproxy"):
            for signum in (signal.SIGTERM, signal.SIGINT):
                process = self.site.foreground(product=product)
                self.site.wait_serving("one")
                said = self.site.output(process)
                process.send_signal(signum)
                self.assertEqual(process.wait(PATIENCE), -signum)
                self.assertEqual(self.site.output(process), said)

    def test_the_others(self) -> None:
        """
        Pausing, resuming, states and memory are told as HAProxy tells them; SIGUSR2 and SIGPIPE do
        nothing, SIGUSR1 ends softly.
        """
        more = f"listen both\n    bind 127.0.0.1:{self.site.port('both')}\n    mode tcp\n"
        self.site.configure("one", more=more)
        facts = {
            signal.SIGTTOU: (
                "Paused frontend GLOBAL.",
                "Paused frontend web.",
                "Paused proxy both.",
            ),
            signal.SIGTTIN: (
                "Resumed frontend GLOBAL.",
                "Resumed frontend web.",
                "Resumed proxy both.",
            ),
            signal.SIGHUP: (
                "SIGHUP received, dumping servers states.",
                "SIGHUP: Proxy GLOBAL has no servers. Conn: act(FE+BE): 0+0, 0 pend (0 unass),"
                " tot(FE+BE): ",
                "SIGHUP: Proxy web has no servers. Conn: act(FE+BE): ",
                "SIGHUP: Proxy both has no servers. Conn: act(FE+BE): ",
            ),
            signal.SIGQUIT: ("Use SIGQUIT to f",),
            signal.SIGUSR2: (),
            signal.SIGPIPE: (),
            signal.SIGUSR1: (
                "Proxy GLOBAL stopped (cumulated conns: FE: 0, BE: 0).",
                "Proxy web stopped (cumulated conns: FE: ",
                "Proxy both stopped (cumulated conns: FE: 0, BE: 0).",
            ),
        }
        for product in ("haproxy", "mwproxy"):
            process = self.site.foreground(product=product)
            self.site.wait_serving("one")
            for signum, texts in facts.items():
                process.send_signal(signum)
                for text in texts:
                    self.site.wait_output(process, text)
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertEqual(self.site.output(process).count("Paused frontend web."), 1)

    def test_paused_port_is_free(self) -> None:
        """
        While paused, its port is anybody's, and clients of the UNIX socket wait.
        """
        self.site.configure("one")
        process = self.site.foreground("-dR")
        self.site.wait_serving("one")
        process.send_signal(signal.SIGTTOU)
        self.site.wait_output(process, "Paused frontend web.")
        self.assertRaises(ConnectionRefusedError, Connection, self.site.port("web"))
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(f"{self.site.directory}/w.sock")
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            process.send_signal(signal.SIGTTIN)
            self.assertTrue(client.recv(65536).startswith(b"HTTP/1."))
        self.assertEqual(self.site.ask(), "one")


class SeveralTests(SiteTestCase):
    """
    C{nbproc} of a daemon.
    """

    def test_numbers(self) -> None:
        """
        Processes are numbered as the pid file lists them, lead sessions of their own, and listen
        where they are told to.
        """
        second = f"{self.site.directory}/s2.sock"
        settings = f"nbproc 2\nstats socket {second} process 2"
        more = f"frontend other\n    bind 127.0.0.1:{self.site.port('other')} process 2\n"
        more += "    http-request return status 200 content-type text/plain lf-string %pid\n"
        self.site.configure("one", settings=settings, more=more, expose="process 1")
        pids = self.site.start()
        for number, path in ((1, self.site.stats), (2, second)):
            info = self.site.ask_stats("show info", path)
            self.assertIn(f"\nNbproc: 2\nProcess_num: {number}\nPid: {pids[number - 1]}\n", info)
        self.assertEqual([os.getsid(pid) for pid in pids], pids)
        for _ in range(4):
            self.assertEqual(self.site.ask("other"), str(pids[1]))

    def test_soft_stop(self) -> None:
        """
        All end when told to; when one ends the others go on, with their UNIX sockets.
        """
        self.site.configure("one", settings="nbproc 3")
        first, *others = self.site.start()
        os.kill(first, signal.SIGUSR1)
        self.site.wait_gone(first)
        self.assertEqual((self.site.ask(), self.site.ask_path()), ("one", "one"))
        for pid in others:
            os.kill(pid, signal.SIGUSR1)
            self.site.wait_gone(pid)
        self.assertRaises(ConnectionRefusedError, self.site.ask)

    def test_mode_of_the_pid_file(self) -> None:
        """
        Nobody else may read the pid file unless C{pidfile-mode} says so. A start that fails puts
        the former one back as it was.
        """
        for settings, mode in (
            ("nbproc 2", 0o600),
            ("", 0o600),
            ("pidfile-mode 640", 0o640),
            ("nbproc 2\npidfile-mode 644\nuid 65534", 0o644),
        ):
            self.site.configure("one", settings=settings)
            pids = self.site.replace() if self.site.pidfile.exists() else self.site.start()
            found = self.site.pidfile.stat()
            self.assertEqual((found.st_mode & 0o777, found.st_uid), (mode, os.geteuid()))
        self.site.pidfile.chmod(0o444)
        self.site.configure("two", settings="chroot /no/such/directory")
        self.assertEqual(self.site.run("-sf", *map(str, pids)).returncode, 1)
        self.assertEqual(self.site.pids(), pids)
        self.assertEqual(self.site.pidfile.stat().st_mode & 0o777, 0o444)

    def test_pid_file_cannot_be_written(self) -> None:
        """
        Then nothing is started.
        """
        self.site.pidfile.mkdir()
        for settings in ("nbproc 2", ""):
            self.site.configure("one", settings=settings)
            done = self.site.run()
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"main()] Cannot create pidfile {self.site.pidfile}\n", done.stdout)
            self.assertEqual(self.site.processes(), {})

    def test_chroot(self) -> None:
        """
        Processes in a chroot without C{/dev}, and of another user, go to the background all the
        same, and are replaced by their like.
        """
        if os.geteuid() != 0:
            raise SkipTest("only root can chroot")
        root = self.site.directory / "root"
        root.mkdir()
        for count in (1, 2, 1):
            settings = f"nbproc {count}\nchroot {root}\nuid 65534\ngid 65534"
            self.site.configure("one", settings=settings)
            pids = self.site.replace() if self.site.pidfile.exists() else self.site.start()
            for pid in pids:
                self.assertEqual(Path(f"/proc/{pid}/root").readlink(), root)
                for fd in (0, 1, 2):
                    found = Path(f"/proc/{pid}/fd/{fd}").readlink()
                    self.assertTrue(found.match("*null"), found)
            self.assertEqual((self.site.ask(), self.site.ask_path()), ("one", "one"))

    def test_nothing_is_left(self) -> None:
        """
        A start that fails leaves no names of UNIX sockets.
        """
        settings = "nbproc 2\nchroot /no/such/directory"
        for expose in ("", "expose-fd listeners"):
            self.site.configure("one", settings=settings, expose=expose)
            self.assertEqual(self.site.run().returncode, 1)
            left = [each.name for each in self.site.directory.iterdir()]
            self.assertEqual(left, ["proxy.cfg"])

    def test_one_cannot_start(self) -> None:
        """
        When one cannot start none does, and older processes go on.
        """
        self.site.configure("one", settings="nbproc 2")
        older = self.site.start()
        self.site.configure("two", settings="nbproc 2\nchroot /no/such/directory")
        done = self.site.run("-sf", *map(str, older))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"Process #1 \(\d+\) exited with code 1 \(Exit\)")
        self.assertEqual(self.site.pids(), older)
        self.site.wait_alone(older)
        self.assertEqual((self.site.ask(), self.site.ask_path()), ("one", "one"))

    def test_ports_in_use(self) -> None:
        """
        A port that cannot be had is said once.
        """
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        more = f"frontend other\n    bind 127.0.0.1:{port}\n"
        self.site.configure("one", settings="nbproc 3", more=more)
        done = self.site.run()
        self.assertEqual(done.returncode, 1)
        text = f"cannot bind socket (Address already in use) for [127.0.0.1:{port}]."
        self.assertEqual(done.stdout.count(text), 1)
        self.assertEqual(self.site.processes(), {})

    def test_foreground(self) -> None:
        """
        In the foreground there is one process.
        """
        self.site.configure("one", settings="nbproc 2")
        process = self.site.foreground()
        self.site.wait_serving("one")
        info = self.site.ask_stats("show info")
        self.assertIn(f"\nNbproc: 1\nProcess_num: 1\nPid: {process.pid}\n", info)
