"""
Tests for L{mwproxy.spoa.run}: true agents, seen from outside.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.spoa.actions import set_var
from mwproxy.spoa.run import main, parse_arguments
from tests.integration.clients import PATIENCE
from tests.spoa.fakes import notify
from tests.spoa.processes import AgentTestCase, end

CODE = """\
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent

agent = Agent("tested")
waiting = []

@agent.message("echo")
def echo(value: int) -> object:
    return set_var("txn", "value", value)

@agent.message("wait")
async def wait() -> object:
    waiting.append(Deferred())
    print("waits", flush=True)
    return set_var("txn", "value", await waiting[-1])

@agent.at_start
async def start():
    print("starts", flush=True)

@agent.at_reload
def reload():
    print("reloads", flush=True)
    for each in waiting:
        each.callback(5)

@agent.at_stop
def stop():
    print("stops", flush=True)

if __name__ == "__main__":
    import sys
    sys.exit(agent.run("--listen", "127.0.0.1:0"))
"""


class ArgumentTests(SynchronousTestCase):
    """
    Tests of the command line.
    """

    def refused(self, *words: str) -> str:
        """
        Read a wrong command line.

        @return: What it says.
        """
        error = io.StringIO()
        with contextlib.redirect_stderr(error):
            self.assertEqual(main(list(words)), 2)
        return error.getvalue()

    def test_options(self) -> None:
        """
        Options have their units.
        """
        found = parse_arguments(
            ["--listen", "a:1", "--listen", "fd@3", "--max-in-flight", "5", "--timeout", "0.5",
             "--max-frame-size", "256", "--stay", "m:a"]
        )  # fmt: skip
        self.assertEqual((found.agent, found.listen), ("m:a", ["a:1", "fd@3"]))
        self.assertEqual((found.max_in_flight, found.timeout, found.drain_timeout), (5, 0.5, 30.0))

    def test_wrong(self) -> None:
        """
        Wrong options are told.
        """
        self.assertIn("arguments are required: agent", self.refused())
        self.assertIn("'x' is no number", self.refused("--max-in-flight", "x", "m"))
        self.assertIn("'-1' is no number", self.refused("--max-in-flight=-1", "m"))
        self.assertIn("'255' is not at least 256", self.refused("--max-frame-size", "255", "m"))
        self.assertIn("'nan' is no number of seconds", self.refused("--timeout", "nan", "m"))

    def test_help(self) -> None:
        """
        Help is no error.
        """
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(main(["--help"]), 0)
        self.assertIn("module:name or file.py:name", out.getvalue())


class RunTests(AgentTestCase):
    """
    Tests of an agent's life.
    """

    def test_serves(self) -> None:
        """
        It calls what is to be called at the start, says where it listens, answers, and ends with 0.
        """
        agent = self.started(CODE)
        self.assertRegex(agent.output, r"starts\n\[NOTICE\]   \(\d+\) : tested is ready on 127")
        engine = self.engine(agent)
        self.assertEqual(engine.ask(notify(1, "echo", value=7)), [set_var("txn", "value", 7)])
        agent.signal(signal.SIGTERM)
        self.assertEqual(engine.farewell(), 0)
        self.assertEqual(agent.wait_exit(), 0)
        self.assertIn("stops\n", agent.output)
        self.assertRegex(agent.output, r"tested: connections=1 open=0 .* acks=1 ")

    def test_leaves_gracefully(self) -> None:
        """
        On USR1 what is in work is answered, though nobody can connect any more.
        """
        agent = self.started(CODE)
        engine = self.engine(agent)
        port = agent.port
        engine.sock.sendall(notify(1, "wait"))
        agent.wait_output("waits\n")
        agent.signal(signal.SIGUSR1)
        agent.wait_output("tested leaves, 1 connections")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), PATIENCE)
        agent.signal(signal.SIGHUP)
        self.assertEqual(engine.ask(b""), [set_var("txn", "value", 5)])
        self.assertEqual(engine.farewell(), 0)
        self.assertEqual(agent.wait_exit(), 0)

    def test_second_signal(self) -> None:
        """
        Who asks twice does not want to wait.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            agent = self.started(CODE)
            engine = self.engine(agent)
            engine.sock.sendall(notify(1, "wait"))
            agent.wait_output("waits\n")
            agent.signal(signal.SIGUSR1)
            agent.wait_output("tested leaves")
            agent.signal(number)
            self.assertEqual(agent.wait_exit(), 0)
            self.assertEqual(engine.farewell(), -1)

    def test_signal_at_the_very_end(self) -> None:
        """
        One that comes while the interpreter ends makes no failure of it.
        """
        last = (
            "import os, signal\n"
            "class Last:\n"
            "    def __del__(self, kill=os.kill, pid=os.getpid(), signum=signal.SIGUSR1):\n"
            "        kill(pid, signum)\n"
            "last = Last()\n"
        )
        agent = self.started(CODE + last)
        agent.signal(signal.SIGUSR1)
        self.assertEqual(agent.wait_exit(), 0)

    def test_limit(self) -> None:
        """
        Leaving ends when its time is over.
        """
        agent = self.started(CODE, "--drain-timeout", "0.2")
        engine = self.engine(agent)
        engine.sock.sendall(notify(1, "wait"))
        agent.wait_output("waits\n")
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait_exit(), 0)
        self.assertEqual(engine.farewell(), -1)

    def test_other_signals(self) -> None:
        """
        Signals that proxies send to all of their children change nothing; with --stay USR1 neither.
        """
        agent = self.started(CODE, "--stay")
        for number in (signal.SIGTTOU, signal.SIGTTIN, signal.SIGPIPE, signal.SIGUSR1):
            agent.signal(number)
        agent.signal(signal.SIGHUP)
        agent.wait_output("reloads\n")
        self.assertEqual(self.engine(agent).ask(notify(1, "echo", value=1)) is None, False)
        self.assertEqual(agent.counters()["acks"], 1)

    def test_timeout(self) -> None:
        """
        A function that takes too long is answered for.
        """
        agent = self.started(CODE, "--timeout", "0.1")
        self.assertEqual(self.engine(agent).ask(notify(1, "wait")), [])
        self.assertIn("message 'wait' takes too long", agent.output)

    def test_unix(self) -> None:
        """
        A UNIX socket is made, and removed at the end.
        """
        agent = self.agent(CODE)
        path = agent.directory / "s"
        agent.start("--listen", f"unix@{path}")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(b"\0\0\0\0")
            self.assertIn(b"status-code", sock.recv(1000))
        agent.signal(signal.SIGTERM)
        agent.wait_exit()
        self.assertFalse(path.exists())

    def test_service_manager(self) -> None:
        """
        With sockets of a service manager it listens on these, and tells it that it is ready.
        """
        agent = self.agent(CODE)
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(told.close)
        told.settimeout(2 * PATIENCE)
        told.bind(str(agent.directory / "n"))
        sock = self.listening()
        launcher = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); "
            "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
            "os.execv(sys.executable, [sys.executable, '-m', 'mwproxy.spoa', 'tested_agent'])"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", launcher, str(sock.fileno())],
            cwd=agent.directory,
            env=os.environ
            | {
                "PYTHONPATH": str(Path(__file__).parent.parent.parent),
                "NOTIFY_SOCKET": str(agent.directory / "n"),
            },
            pass_fds=[sock.fileno()],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self.addCleanup(end, process)
        self.assertEqual(told.recv(100), b"READY=1")
        with socket.create_connection(sock.getsockname(), PATIENCE) as client:
            client.sendall(b"\0\0\0\0")
            self.assertIn(b"status-code", client.recv(1000))
        process.terminate()
        self.assertEqual(told.recv(100), b"STOPPING=1")
        self.assertEqual(process.wait(2 * PATIENCE), 0)

    def test_own_main(self) -> None:
        """
        A file can run its agent by itself.
        """
        agent = self.agent(CODE)
        with subprocess.Popen(
            [sys.executable, str(agent.file)],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            self.addCleanup(end, process)
            assert process.stderr is not None
            self.assertIn(b"tested is ready on 127.0.0.1:", process.stderr.readline())
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(2 * PATIENCE), 0)

    def test_cannot_start(self) -> None:
        """
        When a function of the start fails the agent ends with 1 and says why.
        """
        agent = self.agent(CODE + "\nagent.at_start(lambda: 1 / 0)\n")
        process = agent.spawn(["--listen", "127.0.0.1:0", "tested_agent"])
        self.addCleanup(end, process)
        self.assertEqual(process.wait(2 * PATIENCE), 1)
        self.assertIn("tested cannot start: division by zero", agent.output)
        self.assertNotIn("is ready", agent.output)

    def test_cannot_run(self) -> None:
        """
        What cannot run says why and ends with 1.
        """
        agent = self.agent(CODE)
        for words, expected in (
            (["nope"], "there is no module 'nope' here"),
            (["--listen", "x", "tested_agent"], "'x' lacks a port, as in 127.0.0.1:12345"),
        ):
            process = agent.spawn(words)
            self.addCleanup(end, process)
            self.assertEqual(process.wait(2 * PATIENCE), 1)
            self.assertIn(f"[ALERT]    ({process.pid}) : ", agent.output)
            self.assertIn(expected, agent.output)
