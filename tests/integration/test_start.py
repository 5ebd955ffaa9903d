"""
How it starts: options together, and what is wrong with the surroundings.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.integration.clients import PATIENCE, Connection, console
from tests.integration.configs import NAMED
from tests.integration.harness import MARK, ROOT, ProcessTestCase, Proxy, command_of, wait_until

LOGGED = NAMED.replace("global\n", "global\n    log fd@7 format raw local0\n").replace(
    "defaults\n", "defaults\n    log global\n    option httplog\n"
)
#: Fewer descriptors than connections that come.
SCARCE = NAMED.replace("global\n", "global\n    no strict-limits\n    maxconn 1000\n")


def run_it(proxy: Proxy, *words: str) -> tuple[int, str]:
    """
    Run a command that ends by itself. Its output goes to a file, so that nothing waits for what it
    leaves behind.

    @return: Its exit status and output.
    """
    path = proxy.directory / "said"
    with path.open("wb") as output:
        done = subprocess.run(
            words,
            cwd=ROOT,
            env=os.environ | {MARK: proxy.mark},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=12 * PATIENCE,
            check=False,
        )
    return done.returncode, path.read_text()


class CombinationTests(ProcessTestCase):
    """
    Tests of options that meet.
    """

    def background(self, *words: str, text: str = "") -> tuple[Proxy, int]:
        """
        Start a master in the background.

        @return: The proxy, and the pid of the master.
        """
        proxy = self.make(text or _unix(NAMED), word="x")
        pidfile = proxy.directory / "pid"
        # The harness cleans up by the mark in the environment.
        proxy.process = subprocess.Popen(["true"])
        status, said = run_it(
            proxy, sys.executable, "-m", "mwproxy", "-f", str(proxy.file), "-p", str(pidfile),
            "-S", proxy.console_path, *words,
        )  # fmt: skip
        self.assertEqual(status, 0, said)
        self.assertIn("Loading success.", said)
        wait_until(lambda: not self.attached(proxy), lambda: str(self.attached(proxy)), 20)
        self.assertEqual(pidfile.stat().st_mode & 0o777, 0o600)
        return proxy, int(pidfile.read_text())

    def attached(self, proxy: Proxy) -> list[str]:
        """
        List the standard descriptors of all processes that are not C{/dev/null}.
        """
        found = []
        for pid, command in proxy.processes().items():
            for number in (0, 1, 2):
                with contextlib.suppress(OSError):
                    target = str(Path(f"/proc/{pid}/fd/{number}").readlink())
                    if target != "/dev/null":
                        found.append(f"{command} {number} -> {target}")
        return found

    def ends(self, proxy: Proxy, master: int) -> None:
        os.kill(master, signal.SIGTERM)
        wait_until(lambda: not proxy.processes(), lambda: str(proxy.processes()), 20)

    def test_master_in_the_background(self) -> None:
        """
        With C{-W -D} the launcher ends when everything serves; the master leads a session of its
        own, in which its worker is. All have let go of the terminal.
        """
        proxy, master = self.background("-W", "-D")
        self.assertIn(f"\n{master} ", console(proxy.console_path, "show proc"))
        self.assertEqual(os.getsid(master), master)
        [worker] = proxy.worker_pids()
        self.assertEqual(os.getpgid(worker), master)
        self.ends(proxy, master)

    def test_daemon_wins_over_ws(self) -> None:
        """
        C{-D} wins over the foreground that C{-Ws} and C{-db} mean.
        """
        proxy, master = self.background("-Ws", "-D", "-db")
        self.assertEqual(os.getsid(master), master)
        self.ends(proxy, master)

    def test_daemon_of_the_configuration(self) -> None:
        """
        C{daemon} and C{master-worker} of the configuration do what C{-D} and C{-W} do.
        """
        text = _unix(NAMED).replace("global\n", "global\n    daemon\n")
        proxy, master = self.background(text=text)
        self.assertEqual(os.getsid(master), master)
        self.ends(proxy, master)

    def test_foreground_wins_over_the_configuration(self) -> None:
        """
        C{-db} keeps a master in the foreground, which writes its pid file all the same.
        """
        text = NAMED.replace("global\n", "global\n    daemon\n    pidfile <dir>/pid\n")
        proxy = self.make(text, word="x")
        proxy.start("-db")
        proxy.wait_ready()
        self.assertEqual((proxy.directory / "pid").read_text(), f"{proxy.pid}\n")
        self.assertEqual(proxy.stop(), 0)

    def test_quiet(self) -> None:
        """
        With C{-q} nothing is said, and in the foreground too all have let go of the terminal.
        """
        proxy = self.start(NAMED, ["-q"], word="x")
        wait_until(lambda: not self.attached(proxy), lambda: str(self.attached(proxy)), 20)
        self.assertEqual(proxy.get("web").body, b"x")
        self.assertIn("Success=1", proxy.reload())
        self.assertEqual(proxy.get("web").body, b"x")
        self.assertEqual(proxy.stop(), 0)
        self.assertEqual(proxy.output, "")

    def test_several_consoles(self) -> None:
        """
        C{-S} may be repeated; C{HAPROXY_MASTER_CLI} has all, the last one first.
        """
        proxy = self.make(NAMED, word="x")
        other = str(proxy.directory / "o.sock")
        proxy.start("-S", f"{other},level,user")
        proxy.wait_ready()
        found = console(proxy.console_path, "show env HAPROXY_MASTER_CLI").strip()
        self.assertEqual(found, f"HAPROXY_MASTER_CLI=unix@{other};unix@{proxy.console_path}")
        self.assertIn("Permission denied", console(other, "reload"))

    def test_trace(self) -> None:
        """
        With C{-d} the traffic shows on standard output, of workers after a reload too.
        """
        proxy = self.start(NAMED, ["-d"], word="x")
        for _ in range(2):
            proxy.get("web", "/shown")
            proxy.wait_output(r"00000000:web.clireq\[[0-9a-f]{4}:ffffffff\]: GET /shown HTTP/1.1")
            proxy.wait_output(r"00000000:web.closed\[[0-9a-f]{4}:ffff\]")
            self.assertIn("Success=1", proxy.reload())


class TwistdTests(ProcessTestCase):
    """
    Tests of C{twistd -n mwproxy}.
    """

    def twistd(self, *words: str) -> tuple[int, str]:
        proxy = self.make(NAMED.replace("<listen:web>", "unix@<dir>/w.sock"), word="x")
        (proxy.directory / "bad.cfg").write_text("global\n    foo\n")
        words = tuple(word.replace("DIR", str(proxy.directory)) for word in words)
        status, said = run_it(proxy, *command_of("twistd"), *words)
        self.assertNotIn("Traceback", said)
        return status, said

    def test_missing_file(self) -> None:
        """
        A file that is not there is told as the command tells it, with its exit status.
        """
        status, said = self.twistd("-f", "DIR/none.cfg")
        self.assertEqual(status, 1)
        self.assertRegex(
            said,
            r"\[ALERT\]    \(\d+\) : config : Cannot open configuration file/directory "
            r".*/none.cfg : No such file or directory\n",
        )

    def test_bad_file(self) -> None:
        """
        A mistake in a file ends it with 1.
        """
        status, said = self.twistd("-f", "DIR/bad.cfg")
        self.assertEqual(status, 1)
        self.assertIn("unknown keyword 'foo' in 'global' section", said)

    def test_check(self) -> None:
        """
        C{--check} checks and ends, with the command's exit statuses.
        """
        status, said = self.twistd("-f", "DIR/proxy.cfg", "--check")
        self.assertEqual((status, said), (0, "Configuration file is valid\n"))
        self.assertEqual(self.twistd("-f", "DIR/bad.cfg", "--check")[0], 1)

    def test_no_file(self) -> None:
        """
        Without a configuration there is a hint, and exit status 1.
        """
        status, said = self.twistd()
        self.assertEqual(status, 1)
        self.assertIn("Name a configuration: -f <file or directory>", said)


class FaultTests(ProcessTestCase):
    """
    Tests of surroundings that are not as they should be.
    """

    def shell(self, proxy: Proxy, before: str) -> None:
        """
        Have a shell do something before the proxy is started.
        """
        proxy.command = ["sh", "-c", f'{before}; exec "$@"', "sh", *command_of("mwproxy")]

    def test_full_disk(self) -> None:
        """
        Where log lines find no room they are dropped and counted; traffic does not notice.
        """
        proxy = self.make(LOGGED, word="x")
        self.shell(proxy, "exec 7>/dev/full")
        proxy.start()
        proxy.wait_ready()
        for _ in range(3):
            self.assertEqual(proxy.get("web").body, b"x")
        dropped = "@1 show info"
        proxy.wait(lambda: "DroppedLogs: 3" in proxy.master_cli(dropped))
        self.assertIn("Success=1", proxy.reload())
        self.assertEqual(proxy.get("web").body, b"x")
        self.assertEqual(proxy.stop(), 0)

    def test_log_descriptor(self) -> None:
        """
        A descriptor that the shell has opened is logged to by workers of all generations.
        """
        proxy = self.make(LOGGED, word="x")
        log = proxy.directory / "log"
        self.shell(proxy, f"exec 7>>{log}")
        proxy.start()
        proxy.wait_ready()
        for number in (1, 2):
            proxy.get("web", f"/{number}")
            proxy.wait(lambda number=number: f"GET /{number} " in log.read_text())  # type: ignore[misc]
            proxy.reload()

    def test_log_descriptor_that_nobody_opened(self) -> None:
        """
        One that was not passed is told, and nothing starts.
        """
        proxy = self.make(LOGGED, word="x")
        proxy.start()
        self.assertEqual(proxy.wait_exit(), 1)
        self.assertIn("descriptor 7 was not passed to this process.", proxy.output)

    def test_worker_out_of_descriptors(self) -> None:
        """
        A worker that has no descriptor left says so once, leaves clients to the backlog, and
        serves them when there are descriptors again.
        """
        proxy = self.make(SCARCE, word="x")
        self.shell(proxy, "ulimit -n 100")
        proxy.start()
        proxy.wait_ready()
        self.assertIn("Please raise 'ulimit-n' to ", proxy.output)
        held = [Connection(proxy.port("web")) for _ in range(120)]
        for each in held:
            self.addCleanup(each.close)
        proxy.wait_output("is out of descriptors or memory, accepting rests")
        for each in held:
            each.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        # Those that were accepted are served, and make room for the others.
        served = 0
        while held:
            each = held.pop(0)
            self.assertEqual(each.response().body, b"x")
            each.close()
            served += 1
        self.assertEqual(served, 120)
        self.assertEqual(proxy.get("web").body, b"x")
        self.assertLessEqual(proxy.output.count("accepting rests"), 2)

    def test_too_few_descriptors(self) -> None:
        """
        A limit that is too low for C{maxconn} prevents the start, unless C{no strict-limits}.
        """
        proxy = self.make(SCARCE.replace("no strict-limits", "strict-limits"), word="x")
        self.shell(proxy, "ulimit -n 100")
        proxy.start()
        self.assertEqual(proxy.wait_exit(), 1)
        self.assertRegex(
            proxy.output, r"main\(\)\] Cannot raise FD limit to 20\d\d, limit is 100\."
        )

    def test_unreadable_file(self) -> None:
        """
        A file that may not be read is told with the system's reason.
        """
        proxy = self.make(NAMED, word="x")
        proxy.file.unlink()
        proxy.file.mkdir()
        inner = proxy.file / "a.cfg"
        inner.symlink_to(inner)
        proxy.start()
        self.assertEqual(proxy.wait_exit(), 1)
        self.assertNotIn("Traceback", proxy.output)
        self.assertTrue("Usage" in proxy.output or "Cannot open" in proxy.output, proxy.output)

    def test_pidfile_that_cannot_be_written(self) -> None:
        """
        A master warns of it and serves.
        """
        proxy = self.make(NAMED, word="x")
        proxy.start("-p", "/proc/no/pid")
        proxy.wait_ready()
        self.assertIn(
            "Cannot create pidfile /proc/no/pid (No such file or directory)", proxy.output
        )
        self.assertEqual(proxy.get("web").body, b"x")
        self.assertEqual(proxy.stop(), 0)

    def test_memory(self) -> None:
        """
        C{-m} binds master and workers, and what they start begins without.
        """
        text = NAMED + 'program look\n    command sh -c "ulimit -v > <dir>/limit; exec sleep 600"\n'
        proxy = self.start(text, ["-m", "700"], word="x")
        for pid in (proxy.pid, *proxy.worker_pids()):
            limits = Path(f"/proc/{pid}/limits").read_text()
            self.assertRegex(limits, r"Max address space +734003200 ")
        proxy.wait(lambda: _text(proxy.directory / "limit").endswith("\n"))
        self.assertEqual(_text(proxy.directory / "limit"), "unlimited\n")
        self.assertIn("Memmax_MB: 700\n", proxy.master_cli("@1 show info"))


def _unix(text: str) -> str:
    """
    Have a configuration listen on a path: a process in the background keeps no descriptors of ours.
    """
    return text.replace("<listen:web>", "unix@<dir>/w.sock")


def _text(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text()
    return ""
