"""
True agents and true HAProxy engines for tests, each in a process of its own.

Agents listen on sockets that the test has bound and hands over, or say where they listen.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mwproxy.protocols.spop.ack import decode_ack
from mwproxy.protocols.spop.actions import Action
from mwproxy.protocols.spop.disconnect import decode_disconnect
from mwproxy.protocols.spop.frames import FrameReader, Kind, decode_head
from mwproxy.protocols.spop.hello import EngineHello, encode_engine_hello
from tests.integration.clients import PATIENCE
from tests.integration.harness import ROOT, ProcessTestCase, Proxy, wait_until


class AgentProcess:
    """
    One C{mwproxy spoa}.

    @ivar directory: Where its code is; it runs there.
    """

    def __init__(self, code: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mws"))
        self.file = self.directory / "tested_agent.py"
        self.file.write_text(code)
        self.process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def start(
        self,
        *words: str,
        sockets: Sequence[socket.socket] = (),
        environment: dict[str, str] | None = None,
        target: str = "tested_agent",
    ) -> None:
        """
        Start it and wait until it is ready.

        @param words: Options.

        @param sockets: Listening sockets to hand over.
        """
        listen = [word for sock in sockets for word in ("--listen", f"fd@{sock.fileno()}")]
        self._starts += 1
        self.process = self.spawn([*listen, *words, target], sockets, environment)
        wait_until(lambda: self.is_ready() or self._died(), lambda: self.output, 2 * PATIENCE)
        if not self.is_ready():
            raise AssertionError(f"it ended before it was ready:\n{self.output}")

    def spawn(
        self,
        words: Sequence[str],
        sockets: Sequence[socket.socket] = (),
        environment: dict[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """
        Run the command.

        @return: The process.
        """
        with self.output_file.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "mwproxy", "spoa", *words],
                cwd=self.directory,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[sock.fileno() for sock in sockets],
            )

    @property
    def output_file(self) -> Path:
        """
        Where what it prints goes.
        """
        return self.directory / f"output-{self._starts}"

    @property
    def output(self) -> str:
        """
        All that it printed since its last start.
        """
        return self.output_file.read_text("utf-8", "replace")

    @property
    def pid(self) -> int:
        """
        Its pid.
        """
        assert self.process is not None
        return self.process.pid

    def is_ready(self) -> bool:
        """
        Whether it said that it is ready.
        """
        return " is ready on " in self.output

    @property
    def port(self) -> int:
        """
        The TCP port that it listens on.
        """
        found = re.search(r"ready on \S+:(\d+)", self.output)
        assert found is not None, self.output
        return int(found[1])

    def wait_output(self, pattern: str, times: int = 1) -> re.Match[str]:
        """
        Wait for something that it prints.

        @return: The match that makes C{times} full.
        """

        def found() -> list[re.Match[str]]:
            return list(re.finditer(pattern, self.output))[times - 1 : times]

        return wait_until(found, lambda: self.output, 2 * PATIENCE)[0]

    def counters(self) -> dict[str, int]:
        """
        Ask for its counters.

        @return: Numbers by name.
        """
        line = r"connections=.*\n"
        times = len(re.findall(line, self.output)) + 1
        self.signal(signal.SIGUSR2)
        found = self.wait_output(line, times)[0]
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", found)}

    def signal(self, number: signal.Signals) -> None:
        """
        Send a signal.
        """
        assert self.process is not None
        self.process.send_signal(number)

    def wait_exit(self) -> int:
        """
        Wait until it has ended.

        @return: Its status.
        """
        assert self.process is not None
        try:
            return self.process.wait(2 * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end:\n{self.output}") from None

    def clean_up(self) -> None:
        """
        End it and forget its directory.
        """
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _died(self) -> bool:
        return self.process is not None and self.process.poll() is not None


class SocketEngine:
    """
    An engine's connection to a true agent.
    """

    def __init__(self, port: int, max_size: int = 16380, check: bool = False) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._reader = FrameReader(1 << 20)
        hello = EngineHello(max_size, frozenset(("pipelining",)), check)
        self.sock.sendall(encode_engine_hello(hello))
        self.first = self.frame()

    def frame(self) -> bytes | None:
        """
        Wait for a frame.

        @return: The frame, L{None} at the end; a reset counts as an end.
        """
        while (frame := self._reader.next()) is None:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._reader.feed(data)
        return frame

    def ask(self, data: bytes) -> list[Action] | None:
        """
        Send a NOTIFY and wait for its answer.

        @return: The actions, L{None} when the connection ends instead.
        """
        self.sock.sendall(data)
        frame = self.frame()
        if frame is None or frame[0] != Kind.ACK:
            return None
        _, flags, _, _, at = decode_head(frame)
        return decode_ack(frame, flags, at)

    def farewell(self) -> int:
        """
        Wait for the end.

        @return: The status of its DISCONNECT.
        """
        status = -1
        while (frame := self.frame()) is not None:
            kind, _, _, _, at = decode_head(frame)
            if kind == Kind.AGENT_DISCONNECT:
                status = decode_disconnect(frame, at).status
        return status

    def close(self) -> None:
        """
        Close it.
        """
        self.sock.close()


class AgentTestCase(ProcessTestCase):
    """
    A test that runs true agents.
    """

    def agent(self, code: str) -> AgentProcess:
        """
        Prepare an agent that is killed when the test ends.

        @return: The agent, not started.
        """
        agent = AgentProcess(code)
        self.addCleanup(agent.clean_up)
        return agent

    def started(self, code: str, *words: str) -> AgentProcess:
        """
        Start an agent on a port of its own.

        @return: The agent.
        """
        agent = self.agent(code)
        agent.start("--listen", "127.0.0.1:0", *words)
        return agent

    def listening(self) -> socket.socket:
        """
        Bind a socket for an agent, that stays open until the test ends.

        @return: The socket.
        """
        sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.addCleanup(sock.close)
        return sock

    def engine(
        self, agent: AgentProcess, max_size: int = 16380, check: bool = False
    ) -> SocketEngine:
        """
        Connect to an agent and shake hands.

        @return: The connection.
        """
        engine = SocketEngine(agent.port, max_size, check)
        self.addCleanup(engine.close)
        return engine

    def haproxy(self, config: str, spoe: str, **values: str) -> Proxy:
        """
        Start HAProxy with an engine.

        @param config: C{<spoe>} stands for the file of the engine.

        @param spoe: What is in this file.

        @return: The proxy.
        """
        proxy = self.make("", product="haproxy")
        file = proxy.directory / "spoe.cfg"
        file.write_text(spoe)
        proxy.configure(config, spoe=str(file), **values)
        proxy.start()
        proxy.wait_ready()
        return proxy


def end(process: subprocess.Popen[bytes]) -> None:
    """
    End a process that a test started.
    """
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()
