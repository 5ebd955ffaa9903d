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

from tests.integration.clients import PATIENCE, Crowd, console, fetch
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


class LifeTestCase(SupervisedTestCase):
    """
    Master and workers: what holds under each supervisor that is no service manager. To be named
    with its module, or it would be collected as it stands.
    """

    def up(self, example: str = "mwproxy") -> None:
        """
        Start it, and wait until it is ready.
        """
        raise NotImplementedError

    def pid(self) -> int:
        """
        Get what the supervisor runs, 0 for nothing.
        """
        raise NotImplementedError

    def wait_for_another(self, former: int) -> None:
        """
        Wait until another process than that one is ready.
        """
        raise NotImplementedError

    def stop_softly(self) -> None:
        """
        Have it stop when its last connection ends, and not started again.
        """
        raise NotImplementedError

    def wait_down(self) -> None:
        """
        Wait until the supervisor has seen its end.
        """
        raise NotImplementedError

    def test_soft_stop(self) -> None:
        """
        USR1, without another start: it ends when its last connection has.
        """
        self.configure("one")
        self.up()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{self.directory}/web.sock")
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n")
            self.wait(lambda: "CurrConns: 1" in self.cli("@1 show info"))
            self.stop_softly()
            self.wait(lambda: "Proxy web stopped" in self.log())
            self.assertTrue(self.pid())
            client.sendall(b"\r\n")
            self.assertIn(b"one", client.recv(1000))
        self.wait_down()
        self.assert_nothing_left()

    def test_killed(self) -> None:
        """
        A master that is killed takes its workers along, and is started anew.
        """
        self.configure("one")
        self.up()
        before = set(self.processes())
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        self.wait_for_another(pid)
        self.assertEqual(self.get(), "one")
        self.wait(lambda: not before & set(self.processes()))
        self.assertIn("mwproxy died of signal 9, and its workers with it", self.log())

    def test_handover(self) -> None:
        """
        Without a master: a copy takes over, the supervisor starts its own, which takes back; all
        clients are served meanwhile, and in the end one process is left, with the new
        configuration.
        """
        with socket.socket() as reserved:
            # Bound, and not listening: it keeps the number, and gets no connection.
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reserved.bind(("127.0.0.1", 0))
            port = reserved.getsockname()[1]
            self.configure("one", f"127.0.0.1:{port}")
            self.up("mwproxy-single")
            self.wait(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
            crowd = Crowd(port)
            self.addCleanup(crowd.finish)
            for word in ("two", "three"):
                crowd.wait_for(20)
                former = self.pid()
                self.configure(word, f"127.0.0.1:{port}")
                self.tool("./handover")
                self.wait_for_another(former)
                self.wait(lambda: list(self.processes()) == [self.pid()])
                self.assertEqual(fetch(port).body.decode(), word)
            crowd.wait_for(20)
            tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))
