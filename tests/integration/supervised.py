"""
Service directories of C{doc/examples} under the true supervisor, each in a place of its own.
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

from tests.integration.clients import PATIENCE, console
from tests.integration.harness import MARK, ROOT, marked, wait_until

EXAMPLES = ROOT / "doc" / "examples"
#: A generation that names itself.
PROXY = """\
global
    log stdout format raw local0
defaults
    log global
    option httplog
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend web
    bind {address}
    http-request return status 200 content-type text/plain string "{word}"
"""
_COMMAND = """\
#!/bin/sh
PYTHONPATH={root} exec {python} -m {module} "$@"
"""


def write_commands(directory: Path, root: str = str(ROOT)) -> None:
    """
    Make C{mwproxy} and C{mwproxyctl} of this checkout.

    @param directory: Where they shall stand.

    @param root: Where the package is, as they see it.
    """
    directory.mkdir(exist_ok=True)
    for name, module in (("mwproxy", "mwproxy"), ("mwproxyctl", "mwproxy.client.main")):
        script = directory / name
        script.write_text(_COMMAND.format(root=root, python=sys.executable, module=module))
        script.chmod(0o755)


def ask(path: Path) -> str:
    """
    Ask a frontend that listens on a UNIX socket.

    @return: The body of the answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        # The service may have to be started for it.
        sock.settimeout(6 * PATIENCE)
        sock.connect(str(path))
        sock.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer.partition(b"\r\n\r\n")[2].decode()


class SupervisedTestCase(SynchronousTestCase):
    """
    A test with a service under a supervisor.

    @ivar programs: What has to be installed.

    @ivar family: The folder of the examples.
    """

    programs: tuple[str, ...] = ()
    family = ""

    def setUp(self) -> None:
        for name in self.programs:
            if shutil.which(name) is None:
                raise SkipTest(f"{name} is not installed")
        self.directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.service = self.directory / "service"
        self.mark = uuid.uuid4().hex
        self.supervisor: subprocess.Popen[bytes] | None = None
        write_commands(self.directory / "bin")
        self.environment = {
            **os.environ,
            "PATH": f"{self.directory}/bin:{os.environ['PATH']}",
            MARK: self.mark,
        }
        self.environment.pop("NOTIFY_SOCKET", None)
        self.addCleanup(self._clean_up)

    def supervise(self, example: str, *command: str) -> None:
        """
        Start the supervisor of an example's service directory.

        @param command: The supervisor; the directory follows.
        """
        shutil.copytree(EXAMPLES / self.family / example, self.service)
        # Its logger belongs to the supervisor of supervisors, or would want a place of its own.
        shutil.rmtree(self.service / "log", ignore_errors=True)
        values = {"CONFIG": "proxy.cfg", "SOCKET": "m.sock", "PIDFILE": "pid"}
        lines = [f"{name}={self.directory}/{value}\n" for name, value in values.items()]
        (self.service / "conf").write_text("".join(lines))
        with (self.directory / "log").open("ab") as log:
            self.supervisor = subprocess.Popen(
                [*command, str(self.service)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def configure(self, word: str, address: str = "", mistake: bool = False) -> None:
        """
        Write the configuration.

        @param address: Where it listens, empty for a UNIX socket.
        """
        text = PROXY.format(word=word, address=address or f"unix@{self.directory}/web.sock")
        (self.directory / "proxy.cfg").write_text(text.replace("bind", "bnid") if mistake else text)

    def get(self) -> str:
        return ask(self.directory / "web.sock")

    def serves(self, word: str) -> bool:
        """
        Tell whether a configuration is being served.
        """
        try:
            return self.get() == word
        except OSError:
            return False

    def log(self) -> str:
        return (self.directory / "log").read_text("utf-8", "replace")

    def wait(self, fact: Callable[[], object]) -> None:
        wait_until(fact, self.log, 3 * PATIENCE)

    def cli(self, command: str) -> str:
        return console(str(self.directory / "m.sock"), command)

    def run_tool(self, *words: str) -> subprocess.CompletedProcess[str]:
        """
        Run a command of the supervisor's, in the service directory.
        """
        return subprocess.run(
            words,
            cwd=self.service,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=6 * PATIENCE,
            check=False,
        )

    def tool(self, *words: str) -> str:
        """
        Run one that has to succeed.

        @return: What it printed.
        """
        done = self.run_tool(*words)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}{self.log()}")
        return done.stdout

    def processes(self) -> dict[int, str]:
        """
        List all that runs, but the supervisor.
        """
        found = marked(self.mark)
        if self.supervisor is not None:
            found.pop(self.supervisor.pid, None)
        return found

    def assert_nothing_left(self) -> None:
        """
        Assert that nothing runs any more; what is ending gets its time.
        """
        with contextlib.suppress(AssertionError):
            wait_until(lambda: not self.processes(), str, PATIENCE)
        self.assertEqual(self.processes(), {})

    def _clean_up(self) -> None:
        for pid in marked(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.supervisor is not None:
            self.supervisor.wait()
        # One that was just being started.
        for pid in marked(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)
