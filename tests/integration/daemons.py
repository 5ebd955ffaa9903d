"""
Proxies without a master, for a test: started as an operator starts them, in the background or not,
one generation after the other in the same directory and on the same ports.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.integration.clients import PATIENCE, Crowd, console, fetch
from tests.integration.harness import MARK, ROOT, Found, marked, wait_until

#: One generation: it names itself.
SITE = """\
global
    {globals}
    stats socket {dir}/s.sock level admin {expose}
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend web
    bind 127.0.0.1:{web}
    bind {dir}/w.sock
    http-request return status 200 content-type text/plain string "{word}"
{more}"""


class Site:
    """
    A directory and ports in which generations follow each other.

    @ivar pidfile: Where daemons write their pids.

    @ivar stats: The path of the C{stats socket}.
    """

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mwd"))
        self.file = self.directory / "proxy.cfg"
        self.pidfile = self.directory / "pid"
        self.stats = str(self.directory / "s.sock")
        self.mark = uuid.uuid4().hex
        self._reserved: dict[str, socket.socket] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._outputs = 0

    def port(self, name: str) -> int:
        """
        Tell a port that is ours: bound, but nobody listens yet, so that proxies can share it or
        take it over.
        """
        if name not in self._reserved:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("127.0.0.1", 0))
            self._reserved[name] = sock
        port: int = self._reserved[name].getsockname()[1]
        return port

    def configure(self, word: str, *, settings: str = "", more: str = "", expose: str = "") -> None:
        """
        Write the next generation's configuration.

        @param word: What it answers.

        @param settings: More of C{global}.

        @param more: More sections; C{{dir}} is the directory, C{{port:name}} a port.

        @param expose: Options of the C{stats socket}.
        """
        text = SITE.format(
            word=word,
            dir=self.directory,
            web=self.port("web"),
            globals=settings.replace("\n", "\n    "),
            more=more,
            expose=expose,
        )
        self.file.write_text(text)

    def run(self, *arguments: str, product: str = "mwproxy") -> subprocess.CompletedProcess[str]:
        """
        Start a daemon, and wait until its launcher has ended.

        @return: Exit status and output of the launcher.
        """
        words = [*self.command(product), "-D", "-p", str(self.pidfile), "-f", str(self.file)]
        return subprocess.run(
            [*words, *arguments],
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=6 * PATIENCE,
            check=False,
        )

    def start(self, *arguments: str, product: str = "mwproxy") -> list[int]:
        """
        Start a daemon that has to succeed.

        @return: Its pids.
        """
        done = self.run(*arguments, product=product)
        if done.returncode:
            raise AssertionError(f"status {done.returncode}: {done.stdout}")
        return self.pids()

    def replace(self, *arguments: str, product: str = "mwproxy") -> list[int]:
        """
        Start a daemon that replaces the present one, and wait until that is gone.

        @return: The new pids.
        """
        old = self.pids()
        new = self.start(*arguments, "-sf", *map(str, old), product=product)
        for pid in old:
            self.wait_gone(pid)
        return new

    def foreground(self, *arguments: str, product: str = "mwproxy") -> subprocess.Popen[bytes]:
        """
        Start a proxy in the foreground, without waiting.

        @return: It; L{output} tells what it printed.
        """
        self._outputs += 1
        with (self.directory / f"output{self._outputs}").open("wb") as output:
            process = subprocess.Popen(
                [*self.command(product), "-db", "-f", str(self.file), *arguments],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def output(self, process: subprocess.Popen[bytes]) -> str:
        """
        Read what a proxy in the foreground printed so far.
        """
        number = self._processes.index(process) + 1
        return (self.directory / f"output{number}").read_text("utf-8", "replace")

    def wait_output(self, process: subprocess.Popen[bytes], text: str, times: int = 1) -> None:
        """
        Wait until a proxy in the foreground has printed something.
        """
        self.wait(lambda: self.output(process).count(text) >= times, lambda: self.output(process))

    def wait_serving(self, word: str) -> None:
        """
        Wait until the site answers as a generation does.
        """

        def serves() -> bool:
            with contextlib.suppress(OSError, EOFError):
                return self.ask() == word
            return False

        self.wait(serves)

    def pids(self) -> list[int]:
        """
        Read the pid file.
        """
        return [int(line) for line in self.pidfile.read_text().splitlines()]

    def wait(self, fact: Callable[[], Found], told: Callable[[], str] = str) -> Found:
        """
        Wait for a fact.
        """
        return wait_until(fact, told, 3 * PATIENCE)

    def wait_alone(self, pids: list[int]) -> None:
        """
        Wait until no other processes are left: who started them ends a moment after it said so.
        """
        self.wait(lambda: set(self.processes()) == set(pids), lambda: f"{self.processes()}")

    def wait_gone(self, pid: int) -> None:
        """
        Wait until a process has ended.
        """
        self.wait(lambda: pid not in marked(self.mark), lambda: f"{marked(self.mark)}")

    def ask(self, name: str = "web") -> str:
        """
        Ask once.
        """
        return fetch(self.port(name)).body.decode()

    def ask_path(self) -> str:
        """
        Ask once through the UNIX socket.
        """
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(str(self.directory / "w.sock"))
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while data := sock.recv(65536):
                answer += data
        return answer.partition(b"\r\n\r\n")[2].decode()

    def ask_stats(self, command: str, path: str = "") -> str:
        """
        Run a command on the C{stats socket}.
        """
        return console(path or self.stats, command)

    def crowd(self) -> Crowd:
        """
        Begin to ask all the time.
        """
        return Crowd(self.port("web"))

    def processes(self) -> dict[int, str]:
        """
        List all that descends from this site.
        """
        return marked(self.mark)

    def command(self, product: str) -> list[str]:
        """
        Tell how a product is started.

        @raise SkipTest: It is not installed.
        """
        if product == "mwproxy":
            return [sys.executable, "-m", "mwproxy"]
        found = shutil.which(product)
        if found is None:
            raise SkipTest(f"{product} is not installed")
        return [found]

    def clean_up(self) -> None:
        """
        Kill whatever is left, and forget the directory.
        """
        while left := self.processes():
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for process in self._processes:
            process.wait()
        for sock in self._reserved.values():
            sock.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
        return env | {MARK: self.mark}


class SiteTestCase(SynchronousTestCase):
    """
    A test with a site.
    """

    def setUp(self) -> None:
        self.site = Site()
        self.addCleanup(self.site.clean_up)

    def assert_nothing_lost(self, crowd: Crowd) -> None:
        """
        Assert that a crowd was served all along.
        """
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))
        self.assertTrue(tally.served)
