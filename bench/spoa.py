"""
Agents: what the framework costs per NOTIFY, beside haproxyspoa (PyPI), another one in Python.

Both answer the same frames with the same two variables. The engine is a loop that writes frames
made before and counts the answers, on the other CPU.
"""

from __future__ import annotations

import contextlib
import importlib.util
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from bench.system import free_port, pinned, used_cpu
from bench.table import ROUNDS, Row
from mwproxy.protocols.spop.errors import BadFrame
from mwproxy.protocols.spop.frames import FrameReader, Kind
from mwproxy.protocols.spop.hello import EngineHello, encode_engine_hello
from mwproxy.protocols.spop.notify import Message, encode_notify

OURS = """\
from ipaddress import IPv4Address
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent
agent = Agent()
@agent.message("check-client")
{kind} check(ip: IPv4Address, method: str, path: str, port: int):
    return set_var("txn", "score", port), set_var("txn", "tag", path)
"""
#: Its logging of each message is off, which is the best for it.
THEIRS = """\
import sys
from haproxyspoa.logging import logger
from haproxyspoa.payloads.ack import AckPayload
from haproxyspoa.spoa_server import SpoaServer
logger.setLevel("ERROR")
agent = SpoaServer()
@agent.handler("check-client")
async def check(ip, method, path, port):
    return AckPayload().set_txn_var("score", port).set_txn_var("tag", path)
agent.run(host="127.0.0.1", port=int(sys.argv[1]))
"""
MESSAGE = Message(
    "check-client",
    [
        ("ip", IPv4Address("192.0.2.1")),
        ("method", "GET"),
        ("path", "/some/path/of/usual/length.html"),
        ("port", 443),
    ],
)
CONNECTIONS = 8
SECONDS = 2.0
PATIENCE = 10.0


class _Engine:
    """
    One connection that always has so many frames in flight.
    """

    def __init__(self, port: int, flight: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = FrameReader(65536)
        self.sock.sendall(encode_engine_hello(EngineHello(16380, frozenset(("pipelining",)))))
        while (hello := self.reader.next()) is None:
            self.reader.feed(self.sock.recv(65536))
        if hello[0] != Kind.AGENT_HELLO:
            raise BadFrame(detail="no AGENT-HELLO")
        self.frames = b"".join(
            encode_notify(stream_id, 1, [MESSAGE]) for stream_id in range(flight)
        )
        self.flight = flight
        self.left = 0

    def ask(self) -> None:
        """Send a round of frames."""
        self.left = self.flight
        self.sock.sendall(self.frames)

    def hear(self) -> int:
        """Read answers; how many came."""
        data = self.sock.recv(65536)
        if not data:
            raise EOFError("the agent closed")
        self.reader.feed(data)
        count = 0
        while (frame := self.reader.next()) is not None:
            count += frame[0] == Kind.ACK
        self.left -= count
        if not self.left:
            self.ask()
        return count


def _drive(port: int, flight: int, seconds: float) -> int:
    engines = [_Engine(port, flight) for _ in range(CONNECTIONS)]
    count = 0
    with selectors.DefaultSelector() as selector:
        for engine in engines:
            selector.register(engine.sock, selectors.EVENT_READ, engine)
            engine.ask()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in selector.select(PATIENCE):
                count += key.data.hear()
    for engine in engines:
        engine.sock.close()
    return count


@contextlib.contextmanager
def agent(
    code: str, ours: bool, cpu: int = 0, words: Sequence[str] = ()
) -> Iterator[tuple[int, int]]:
    """
    Run an agent, of mwproxy's framework with more words of its command line; its port and pid.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mwb") as directory:
        file = Path(directory, "bench_agent.py")
        file.write_text(code)
        command = [sys.executable, str(file), str(port)]
        if ours:
            address = f"127.0.0.1:{port}"
            command = [sys.executable, "-m", "mwproxy", "spoa", "--listen", address, *words]
            command.append(str(file))
        process = subprocess.Popen(pinned(cpu, command), stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + PATIENCE
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"agent did not start:\n{code}")
                time.sleep(0.02)
            yield port, process.pid
        finally:
            process.kill()
            process.wait()


def _measure(port: int, pid: int, flight: int) -> float:
    # taskset becomes the agent: the pid is the same.
    before = used_cpu(pid)
    count = _drive(port, flight, SECONDS)
    return (used_cpu(pid) - before) / count * 1e6


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def spoa() -> list[Row]:
    """Measure the frameworks in turn; without haproxyspoa the figures are only printed."""
    other = importlib.util.find_spec("haproxyspoa") is not None
    plain, waiting = OURS.format(kind="def"), OURS.format(kind="async def")
    rows = []
    with contextlib.ExitStack() as stack:
        theirs = stack.enter_context(agent(THEIRS, ours=False)) if other else None
        for title, code in (("def", plain), ("async def", waiting)):
            ours = stack.enter_context(agent(code, ours=True))
            for name, flight in (("one at a time", 1), ("32 in flight", 32)):
                figures: tuple[list[float], list[float]] = ([], [])
                for turn in range(ROUNDS + 1):
                    for each, seen in zip((theirs, ours), figures, strict=True):
                        value = _measure(*each, flight) if each else 0.0
                        if turn:
                            seen.append(value)
                rows.append(
                    Row(
                        f"agent, `{title}`, {name}; haproxyspoa in place of HAProxy",
                        "µs CPU/NOTIFY",
                        _median(figures[0]),
                        _median(figures[1]),
                        1.0 if other else None,
                    )
                )
    return rows
