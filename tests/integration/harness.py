"""
A true proxy for a test: started as an operator starts it, driven only from outside.

Nothing here sleeps for luck: each wait is for a fact (a notification, an exit, a
line of output), looks again every few milliseconds and gives up after a while with
all that the proxy said.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.integration.clients import PATIENCE, Crowd, Response, console, fetch

Found = TypeVar("Found")
ROOT = Path(__file__).resolve().parent.parent.parent
MARK = "MWPROXY_TEST"


def command_of(product: str) -> list[str]:
    """
    Tell how a product is started.

    @param product: C{"mwproxy"}, C{"twistd"} or C{"haproxy"}.

    @return: The first words of its command line.

    @raise SkipTest: It is not installed.
    """
    if product == "mwproxy":
        return [sys.executable, "-m", "mwproxy", "-Ws"]
    if product == "twistd":
        return [sys.executable, str(Path(sys.executable).with_name("twistd")), "-n", "mwproxy"]
    found = shutil.which(product)
    if found is None:
        raise SkipTest(f"{product} is not installed")
    return [found, "-Ws"]


def wait_until(fact: Callable[[], Found], told: Callable[[], str], seconds: float) -> Found:
    """
    Wait for a fact.

    @param fact: Gives something true once it is one.

    @param told: Gives what is known, for the failure.

    @return: What C{fact} gave.
    """
    end = time.monotonic() + seconds
    while not (found := fact()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {told()}")
        time.sleep(0.005)
    return found


def marked(mark: str) -> dict[int, str]:
    """
    List the processes that descend from one start.

    @param mark: The value of the mark in their environment.

    @return: Their command lines by pid; zombies do not count.
    """
    found = {}
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    found[int(entry.name)] = b" ".join(words).decode("latin-1").strip()
    return found


class Proxy:
    """
    One start of a proxy in its own directory, session and process group.

    In its configuration C{<listen:name>} stands for a socket that the test has bound
    (C{fd@N}), C{<dir>} for its directory, other words in angle brackets for values
    given to L{configure}.

    @ivar notices: What it told its service manager, in order.

    @ivar console_path: The master console.

    @ivar also_pass: Descriptors that it inherits besides those listeners.

    @ivar command: How it is started instead of as its product, empty for the usual.
    """

    def __init__(self, product: str = "mwproxy") -> None:
        self.product = product
        self.directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.file = self.directory / "proxy.cfg"
        self.console_path = str(self.directory / "m.sock")
        self.notices: list[str] = []
        self.mark = uuid.uuid4().hex
        self.values: dict[str, str] = {"dir": str(self.directory)}
        self.process: subprocess.Popen[bytes] | None = None
        self.command: list[str] = []
        self.also_pass: list[int] = []
        self._listeners: dict[str, socket.socket] = {}
        self._ports: dict[str, int] = {}
        self._output = (self.directory / "output").open("wb")
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(self.directory / "n.sock"))
        threading.Thread(target=self._hear, daemon=True).start()

    @property
    def pid(self) -> int:
        """
        The pid of the master.
        """
        assert self.process is not None
        return self.process.pid

    @property
    def output(self) -> str:
        """
        All that it printed so far.
        """
        return (self.directory / "output").read_text("utf-8", "replace")

    def port(self, name: str) -> int:
        """
        Tell the port of a C{<listen:name>}.
        """
        return self._ports[name]

    def configure(self, text: str, **values: str) -> None:
        """
        Write the configuration.

        @param values: What words in angle brackets stand for, from now on.
        """
        self.values.update(values)

        def replace(match: re.Match[str]) -> str:
            word = match[1]
            if word.startswith("listen:"):
                return f"fd@{self._listen(word.removeprefix('listen:'))}"
            return self.values[word]

        self.file.write_text(re.sub(r"<([a-z:_0-9]+)>", replace, text))

    def start(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        """
        Start it, without waiting.

        @param arguments: More words of the command line.

        @param environment: More variables.
        """
        words = [
            *(self.command or command_of(self.product)),
            "-f",
            str(self.file),
            "-S",
            self.console_path,
        ]
        env = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
        env |= {MARK: self.mark, "NOTIFY_SOCKET": str(self.directory / "n.sock")}
        self.process = subprocess.Popen(
            [*words, *arguments],
            cwd=ROOT,
            env=env | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            pass_fds=[*(sock.fileno() for sock in self._listeners.values()), *self.also_pass],
            start_new_session=True,
        )

    def wait_ready(self, times: int = 1) -> None:
        """
        Wait until it told its service manager so often that it is ready.
        """
        self.wait(lambda: self._told("READY=1") >= times or self._died())
        if self._told("READY=1") < times:
            raise AssertionError(f"it ended before it was ready:\n{self.output}")
        # From here on only the proxy holds them: when it is gone, they refuse.
        for sock in self._listeners.values():
            sock.close()

    def wait(self, fact: Callable[[], Found], seconds: float = 2 * PATIENCE) -> Found:
        """
        Wait for a fact; a failure tells what the proxy printed.

        @return: What C{fact} gave.
        """
        return wait_until(fact, lambda: f"\n{self.output}\n{self.notices}", seconds)

    def wait_output(self, pattern: str, times: int = 1) -> re.Match[str]:
        """
        Wait for a line of its output.

        @param pattern: A regular expression.

        @return: The match that makes C{times} full.
        """
        found = self.wait(lambda: list(re.finditer(pattern, self.output))[times - 1 : times])
        return found[0]

    def wait_exit(self, seconds: float = 2 * PATIENCE) -> int:
        """
        Wait until the master has ended.

        @return: Its status, negative when a signal ended it.
        """
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end:\n{self.output}") from None

    def signal(self, number: signal.Signals) -> None:
        """
        Send the master a signal.
        """
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """
        End it as a service manager does.

        @return: The exit status.
        """
        self.signal(signal.SIGTERM)
        return self.wait_exit()

    def master_cli(self, commands: str) -> str:
        """
        Run commands on the master console.

        @return: The answer.
        """
        return console(self.console_path, commands)

    def reload(self) -> str:
        """
        Reload through the master console.

        @return: The answer; HAProxy before 2.7 gives none.
        """
        return self.master_cli("reload")

    def rows(self) -> dict[str, list[list[str]]]:
        """
        Read C{show proc}.

        @return: The rows below each title: C{"master"}, C{"workers"}, C{"old workers"},
            C{"programs"}, C{"old programs"}.
        """
        found: dict[str, list[list[str]]] = {"master": []}
        title = "master"
        for line in self.master_cli("show proc").splitlines()[1:]:
            if line.startswith("# "):
                title = line[2:].strip()
                found[title] = []
            elif line.strip():
                found[title].append(line.split())
        return found

    def worker_pids(self) -> list[int]:
        """
        List the current workers.

        @return: Their pids.
        """
        return [int(row[0]) for row in self.rows()["workers"]]

    def processes(self) -> dict[int, str]:
        """
        List all that descends from this start.

        @return: Command lines by pid.
        """
        return marked(self.mark)

    def get(self, name: str, path: str = "/", headers: str = "") -> Response:
        """
        Ask a listener once.

        @return: The response.
        """
        return fetch(self.port(name), path, headers)

    def keep_connecting(self, name: str) -> Crowd:
        """
        Begin to ask a listener all the time.

        @return: The clients, to be finished by the test.
        """
        return Crowd(self.port(name))

    def clean_up(self) -> None:
        """
        Kill whatever is left, and forget the directory.
        """
        if self.process is not None:
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
        for sock in self._listeners.values():
            sock.close()
        # Closing alone does not wake the thread that waits.
        with contextlib.suppress(OSError):
            self._notify.shutdown(socket.SHUT_RD)
        self._notify.close()
        self._output.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _listen(self, name: str) -> int:
        if name not in self._listeners:
            sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
            self._ports[name] = sock.getsockname()[1]
            # Kept above the numbers that a starting process uses for itself; a number that is
            # taken in this process stays what it is.
            number = fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD_CLOEXEC, 50)
            sock.close()
            self._listeners[name] = socket.socket(fileno=number)
            self.values[f"listen:{name}"] = f"fd@{number}"
            return number
        return int(self.values[f"listen:{name}"].removeprefix("fd@"))

    def _hear(self) -> None:
        while True:
            try:
                message = self._notify.recv(65536)
            except OSError:
                return
            if not message:
                return
            self.notices.append(message.decode())

    def _told(self, line: str) -> int:
        return sum(line in notice.split("\n") for notice in self.notices)

    def _died(self) -> bool:
        return self.process is not None and self.process.poll() is not None


class ProcessTestCase(SynchronousTestCase):
    """
    A test that runs true proxies. All its waits are bounded by themselves.
    """

    def make(self, config: str, product: str = "mwproxy", **values: str) -> Proxy:
        """
        Prepare a proxy that is killed, children included, when the test ends.

        @param values: What words in angle brackets of the configuration stand for.

        @return: The proxy, not started.
        """
        proxy = Proxy(product)
        self.addCleanup(proxy.clean_up)
        proxy.configure(config, **values)
        return proxy

    def start(
        self, config: str, arguments: Sequence[str] = (), product: str = "mwproxy", **values: str
    ) -> Proxy:
        """
        Start a proxy and wait until it serves.

        @return: The proxy.
        """
        proxy = self.make(config, product, **values)
        proxy.start(*arguments)
        proxy.wait_ready()
        return proxy

    def assert_no_orphans(self, proxy: Proxy) -> None:
        """
        Assert that no process of this start is left; those that are ending get their time.
        """
        with contextlib.suppress(AssertionError):
            wait_until(lambda: not proxy.processes(), str, PATIENCE)
        self.assertEqual(proxy.processes(), {})
