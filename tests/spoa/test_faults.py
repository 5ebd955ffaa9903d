"""
Tests of agents whose engines stall, flood and talk nonsense: true agents, seen from outside.
"""

from __future__ import annotations

import random
import resource
import signal
import socket
import time
from pathlib import Path

from mwproxy.protocols.spop.data import Value
from mwproxy.protocols.spop.errors import Status
from mwproxy.protocols.spop.frames import Kind, encode_frame
from mwproxy.protocols.spop.kvlist import encode_kvlist
from mwproxy.spoa.actions import set_var
from tests.integration.clients import PATIENCE
from tests.integration.harness import wait_until
from tests.spoa.fakes import HELLO, notify
from tests.spoa.processes import AgentProcess, AgentTestCase, SocketEngine

CODE = """\
from twisted.internet.defer import Deferred
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent

agent = Agent(hello_timeout_ms={hello})

@agent.message("echo")
def echo(value: object) -> object:
    return set_var("txn", "value", value)

@agent.message("large")
def large() -> object:
    return set_var("txn", "value", "x" * 10000)

@agent.message("never")
def never() -> object:
    return Deferred()
"""


def rss_kib(pid: int) -> int:
    """
    Tell the resident memory of a process, in KiB.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


class FaultTests(AgentTestCase):
    """
    Tests of engines that do not behave.
    """

    def faulty(self, *words: str, hello: int = 60_000) -> AgentProcess:
        """
        Start an agent.

        @param hello: Milliseconds that engines have for their hello.
        """
        return self.started(CODE.format(hello=hello), *words)

    def connect(self, agent: AgentProcess) -> socket.socket:
        """
        Connect without a word.
        """
        sock = socket.create_connection(("127.0.0.1", agent.port), PATIENCE)
        self.addCleanup(sock.close)
        return sock

    def assert_serves(self, agent: AgentProcess) -> None:
        """
        An engine that behaves is served.
        """
        engine = self.engine(agent)
        self.assertEqual(engine.ask(notify(1, "echo", value=5)), [set_var("txn", "value", 5)])
        engine.close()

    def test_half_open(self) -> None:
        """
        A thousand connections without a hello hold up nobody, and end after a while.
        """
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        most = limits[1] if limits[1] != resource.RLIM_INFINITY else 65536
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), limits[1]))
        agent = self.faulty(hello=3000)
        before = rss_kib(agent.pid)
        socks = [self.connect(agent) for _ in range(1000)]
        for sock in socks[:500]:
            sock.sendall(HELLO[:20])
        self.assert_serves(agent)
        self.assertLess(rss_kib(agent.pid) - before, 20_000)
        for sock in socks:
            self.assertIn(b"a timeout occurred", sock.recv(1000))
            sock.close()
        wait_until(lambda: agent.counters()["open"] == 0, lambda: agent.output, 2 * PATIENCE)
        self.assertEqual(agent.counters()["refused"], 1000)

    def test_no_descriptors(self) -> None:
        """
        An agent without descriptors says so, and serves again when it has some.
        """
        agent = self.faulty()
        resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, (40, 40))
        socks = [self.connect(agent) for _ in range(60)]
        agent.wait_output("cannot accept connections: Too many open files")
        for sock in socks:
            sock.close()
        self.assert_serves(agent)

    def test_garbage(self) -> None:
        """
        Garbage of any kind, before the hello and behind it, ends its connection alone.
        """
        agent = self.faulty()
        dice = random.Random(1)
        for turn in range(200):
            engine = self.connect(agent)
            if turn % 2:
                engine.sendall(HELLO)
            garbage = dice.randbytes(dice.randrange(1, 200))
            if turn % 3:
                garbage = encode_frame(dice.randrange(256), garbage, flags=dice.randrange(4))
            engine.sendall(garbage)
            engine.close()
        self.assert_serves(agent)
        wait_until(lambda: agent.counters()["open"] == 0, lambda: agent.output, PATIENCE)
        self.assertNotIn("Traceback", agent.output)

    def test_wrong_version(self) -> None:
        """
        An engine of another version is told, and the agent's log says what it speaks.
        """
        agent = self.faulty()
        sock = self.connect(agent)
        items: dict[str, Value] = {
            "supported-versions": "3.0",
            "max-frame-size": 16380,
            "capabilities": "",
        }
        sock.sendall(encode_frame(Kind.HAPROXY_HELLO, encode_kvlist(items)))
        self.assertIn(b"unsupported version", sock.recv(1000))
        self.assertEqual(sock.recv(1000), b"")
        agent.wait_output("is refused: unsupported version: engine speaks '3.0'")

    def test_frame_that_is_too_big(self) -> None:
        """
        A frame longer than agreed is refused at its length, before its bytes are there.
        """
        agent = self.faulty("--max-frame-size", "300")
        engine = self.engine(agent)
        engine.sock.sendall((301).to_bytes(4, "big"))
        self.assertEqual(engine.farewell(), Status.TOO_BIG)

    def test_dies_in_a_frame(self) -> None:
        """
        An engine that dies in the middle of a frame, or with functions in work, leaves nothing.
        """
        agent = self.faulty()
        for cut in range(1, 16):
            engine = SocketEngine(agent.port)
            engine.sock.sendall(notify(1, "never") + notify(2, "never")[:cut])
            engine.close()
        wait_until(lambda: agent.counters()["open"] == 0, lambda: agent.output, PATIENCE)
        found = agent.counters()
        self.assertEqual((found["in_flight"], found["canceled"]), (0, 15))

    def test_engine_that_never_reads(self) -> None:
        """
        An engine that asks and never reads is read no longer; memory stays small, others are
        served, and the agent can leave.
        """
        agent = self.faulty("--drain-timeout", "0.5")
        before = rss_kib(agent.pid)
        data = b"".join(notify(number, "large") for number in range(500))
        engines = [self.engine(agent) for _ in range(10)]
        for engine in engines:
            engine.sock.setblocking(False)
        stuck = time.monotonic()
        while time.monotonic() - stuck < 1:
            for engine in engines:
                try:
                    if engine.sock.send(data):
                        stuck = time.monotonic()
                except BlockingIOError:
                    pass
        self.assertLess(rss_kib(agent.pid) - before, 30_000)
        self.assert_serves(agent)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait_exit(), 0)

    def test_flood(self) -> None:
        """
        No more is in work than allowed, however much engines ask for; the places of an engine that
        goes away while it is not read from are given back.
        """
        agent = self.faulty("--max-in-flight", "50")
        first, second = self.engine(agent), self.engine(agent)
        for engine in (first, second):
            engine.sock.sendall(b"".join(notify(number, "never") for number in range(100)))
        wait_until(lambda: agent.counters()["in_flight"] == 50, lambda: agent.output, PATIENCE)
        self.assertEqual(agent.counters()["notifies"], 50)
        first.close()
        second.close()
        wait_until(lambda: agent.counters()["open"] == 0, lambda: agent.output, PATIENCE)
        self.assertEqual(agent.counters()["in_flight"], 0)
        self.assert_serves(agent)

    def test_failing_functions(self) -> None:
        """
        A function that fails for each of many messages does not flood the log.
        """
        agent = self.started(
            CODE.format(hello=1000).replace("return set_var", "raise KeyError(1)#")
        )
        engine = self.engine(agent)
        for _ in range(300):
            self.assertEqual(engine.ask(notify(1, "large")), [])
        self.assertLess(agent.output.count("Traceback"), 20)
        self.assertEqual(agent.counters()["errors"], 300)
