"""
The engine: what it costs to ask an agent about each request, beside HAProxy with the same agent.

Each proxy runs twice, with the filter and without: the difference is the engine's.
"""

from __future__ import annotations

import contextlib
import re
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from bench import origins
from bench.load import wrk
from bench.peers import Peer
from bench.spoa import agent
from bench.system import pinned
from bench.table import ROUNDS, Row

SECONDS = 2
CONFIG = """\
frontend fe
    bind 127.0.0.1:<port>
    <filter>
    http-request deny if { var(txn.bench.denied) -m bool }
    default_backend be
backend be
    server s 127.0.0.1:<origin>
backend agents
    mode tcp
    server a 127.0.0.1:<agent>
"""
SPOE = """\
[bench]
spoe-agent bench
    messages check-client
    option var-prefix bench
    option set-on-error error
    timeout hello 2s
    timeout idle 1m
    timeout processing 5s
    <options>
    use-backend agents
spoe-message check-client
    args ip=src method=method path=path port=dst_port
    event on-frontend-http-request
"""
AT_ONCE = """\
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent
agent = Agent()
@agent.message("check-client")
def check(ip, method, path, port):
    return set_var("txn", "denied", False), set_var("txn", "score", port)
"""
LATER = """\
from twisted.internet import reactor
from twisted.internet.task import deferLater
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent
agent = Agent()
@agent.message("check-client")
async def check(ip, method, path, port):
    await deferLater(reactor, 0.5)
    return set_var("txn", "denied", False)
"""
NAMES = ("haproxy", "mwproxy")


@contextlib.contextmanager
def _proxies(agent_port: int, options: str = "", plain: bool = True) -> Iterator[list[Peer]]:
    """
    Start HAProxy and mwproxy, each with the filter and then each without.
    """
    with tempfile.TemporaryDirectory(prefix="mwb") as directory, origins.small() as origin:
        file = Path(directory, "bench.spoe")
        file.write_text(SPOE.replace("<options>", options))
        config = CONFIG.replace("<origin>", str(origin)).replace("<agent>", str(agent_port))
        peers = [
            Peer(name, config.replace("<filter>", line))
            for line in [f"filter spoe engine bench config {file}"] + [""] * plain
            for name in NAMES
        ]
        try:
            for peer in peers:
                peer.start()
            yield peers
        finally:
            for peer in peers:
                peer.stop()


def _in_turn(peers: list[Peer], measure) -> list[list[float]]:  # type: ignore[no-untyped-def]
    """Measure all in turn, after a round that does not count; the medians of each figure."""
    figures: list[list[tuple[float, ...]]] = [[] for _ in peers]
    for turn in range(ROUNDS + 1):
        for peer, seen in zip(peers, figures, strict=True):
            values = measure(peer)
            if turn:
                seen.append(values)
    return [[statistics.median(each) for each in zip(*seen, strict=True)] for seen in figures]


def _latencies(port: int) -> tuple[float, float]:
    """Ask over one connection, one request after the other; p50 and p99 in µs."""
    words = ["wrk", "-t", "1", "-c", "1", "-d", f"{SECONDS}s", "--latency"]
    done = subprocess.run(
        pinned(1, [*words, f"http://127.0.0.1:{port}/"]), capture_output=True, text=True, check=True
    )
    found = []
    for percent in (50, 99):
        match = re.search(rf"^ +{percent}% +([0-9.]+)(us|ms|s)$", done.stdout, re.M)
        assert match is not None, done.stdout
        found.append(float(match[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[match[2]])
    return found[0], found[1]


def _load(peer: Peer, connections: int, seconds: int = SECONDS) -> tuple[float, float]:
    """CPU µs per request, and requests per second."""
    before = peer.cpu()
    served, failed = wrk(peer.port, connections, seconds, {})
    if failed:
        print(f"  {peer.name}: {failed} of {served} requests failed", flush=True)
    return (peer.cpu() - before) / max(1, served) * 1e6, served / seconds


def spoe() -> list[Row]:
    """One local agent, asked about each request."""
    with agent(AT_ONCE, ours=True, cpu=1) as (port, _), _proxies(port) as peers:
        costs = _in_turn(peers, lambda peer: _load(peer, 32))
        waits = _in_turn(peers, lambda peer: _latencies(peer.port))
    (theirs, their_rate), (ours, our_rate), (their_plain, _), (our_plain, _) = costs
    print(f"  all CPU with the filter: {theirs:.1f} and {ours:.1f} µs per request", flush=True)
    title = "SPOE, one agent asked for each request"
    rows = [
        Row(
            f"{title}: what the engine adds, 32 connections",
            "µs CPU per request",
            theirs - their_plain,
            ours - our_plain,
            2.5,
        ),
        Row(f"{title}: 32 connections", "requests/s", their_rate, our_rate),
    ]
    for at, name in enumerate(("median", "99th percentile")):
        row_title = f"{title}: latency that it adds, {name}, one connection"
        added = [waits[index][at] - waits[index + 2][at] for index in range(2)]
        rows.append(Row(row_title, "µs", *added))
    return rows


class _Watch(threading.Thread):
    """
    Looks how many connections a process has to a port.
    """

    def __init__(self, pid: int, port: int) -> None:
        super().__init__(daemon=True)
        self._fds = Path(f"/proc/{pid}/fd")
        self._port = f":{port:04X}"
        self._over = threading.Event()
        self.most = 0

    def _count(self) -> int:
        found = 0
        links = set()
        for fd in self._fds.iterdir():
            with contextlib.suppress(OSError):
                links.add(str(fd.readlink()))
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            words = line.split()
            found += words[2].endswith(self._port) and f"socket:[{words[9]}]" in links
        return found

    def run(self) -> None:
        """Look now and then."""
        while not self._over.wait(0.2):
            self.most = max(self.most, self._count())

    def stop(self) -> int:
        """Look no more; how many there were at one time."""
        self._over.set()
        self.join()
        return self.most


def in_flight() -> list[Row]:
    """A thousand requests that wait for their answers, which take half a second."""
    options = "max-waiting-frames 200"
    words = ["--max-in-flight", "5000"]
    with (
        agent(LATER, ours=True, cpu=1, words=words) as (port, _),
        _proxies(port, options, plain=False) as peers,
    ):

        def measure(peer: Peer) -> tuple[float, float]:
            watch = _Watch(peer.worker_pid(), port)
            watch.start()
            cost, _ = _load(peer, 1000, 4)
            return cost, watch.stop()

        (theirs, their_most), (ours, our_most) = _in_turn(peers, measure)
    title = "SPOE, 1,000 requests in flight, answers take 500 ms"
    return [
        Row(title, "µs CPU per request", theirs, ours),
        Row(f"{title}: connections to the agent", "", their_most, our_most, 20, True),
    ]
