"""
Consoles: what answers cost, what sessions take, and what clients feel of it.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.peers import COMMANDS, PATIENCE, Peer
from bench.sizes import config as many_servers
from bench.system import raise_limits, rss_kib
from bench.table import Row, interleaved, percentile

SERVERS = 10_000
SESSIONS = 1_000
REQUESTS = 1_000
#: HAProxy reserves a descriptor for each checked server beside two for each connection.
MAXCONN = 2000
SETTINGS = """\
global
    stats socket <directory>/s.sock level admin
    stats maxconn 2000
    stats timeout 5m
"""


@contextlib.contextmanager
def _both(servers: int) -> Iterator[list[Peer]]:
    """Start the two proxies with a stats socket and many servers, none of them checked."""
    peers = []
    try:
        for name in COMMANDS:
            peer = Peer(name, "", maxconn=MAXCONN)
            peers.append(peer)
            text = many_servers(servers, 0, 1).replace("default-server check", "default-server")
            peer.configure(SETTINGS.replace("<directory>", str(peer.directory)) + text)
            peer.start()
            peer.settle()
        yield peers
    finally:
        for peer in peers:
            peer.stop()


def _open(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(PATIENCE)
    sock.connect(path)
    return sock


def _path(peer: Peer) -> str:
    return str(peer.directory / "s.sock")


def _answer(path: str, command: str) -> int:
    """Run a command over a connection of its own; the size of the answer."""
    with _open(path) as sock:
        sock.sendall(command.encode() + b"\n")
        size = 0
        while data := sock.recv(1 << 20):
            size += len(data)
    return size


def stat() -> list[Row]:
    """CPU of `show stat` in its formats, many servers."""
    rows = []
    with _both(SERVERS) as peers:
        for words in ("show stat", "show stat typed"):

            def measure(peer: Peer, words: str = words) -> float:
                before = peer.cpu()
                _answer(_path(peer), words)
                return (peer.cpu() - before) * 1000

            haproxy, mwproxy = interleaved(peers, measure)
            rows.append(Row(f"{words}, {SERVERS:,} servers", "ms CPU", haproxy, mwproxy))
        quiet = [_latency(peer) for peer in peers]
        busy = [_while_busy(peer, _ask_for_ever) for peer in peers]
        changed = [_while_busy(peer, _change_for_ever) for peer in peers]
    p99 = [[percentile(values, 99) for values in each] for each in (quiet, busy, changed)]
    growth, felt = (
        [loaded / alone for alone, loaded in zip(p99[0], each, strict=True)] for each in p99[1:]
    )
    return [
        *rows,
        Row("p99 of a request, consoles silent", "ms", p99[0][0], p99[0][1]),
        Row("the same while show stat is asked all the time", "ms", p99[1][0], p99[1][1]),
        Row("growth of it", "×", growth[0], growth[1], 2.0, absolute=True),
        Row("the same while set server is asked all the time", "ms", p99[2][0], p99[2][1]),
        Row("growth of it by set server", "×", felt[0], felt[1], 2.0, absolute=True),
    ]


def _latency(peer: Peer) -> list[float]:
    """Ask over new connections; milliseconds of each."""
    found = []
    for _ in range(REQUESTS):
        begun = time.monotonic()
        peer.ask()
        found.append((time.monotonic() - begun) * 1000)
        time.sleep(0.001)
    return found


def _ask_for_ever(path: str) -> None:
    """Have `show stat` answered without a pause."""
    with contextlib.suppress(OSError):
        while True:
            _answer(path, "show stat")


def _change_for_ever(path: str) -> None:
    """Change one server after another over one connection, without a pause."""
    with contextlib.suppress(OSError), _open(path) as sock:
        sock.sendall(b"prompt\n")
        _until_prompt(sock)
        for turn in itertools.count():
            backend, server = divmod(turn % SERVERS, 10)
            sock.sendall(f"set server be{backend}/s{server} weight {turn % 250 + 1}\n".encode())
            _until_prompt(sock)


def _while_busy(peer: Peer, keep_busy: Callable[[str], None]) -> list[float]:
    # A process of its own: threads would wait for each other here, not for the proxy.
    context: Any = multiprocessing.get_context("fork")
    asking = context.Process(target=keep_busy, args=(_path(peer),), daemon=True)
    asking.start()
    try:
        return _latency(peer)
    finally:
        asking.kill()
        asking.join()


def sessions() -> list[Row]:
    """A thousand sessions at one time: how long until all are answered, and what they take."""
    count = min(SESSIONS, raise_limits() - 200)
    took, grown = [], []
    with _both(10) as peers:
        for peer in peers:
            pid = peer.worker_pid()
            for _ in range(20):
                _answer(_path(peer), "show info")
            before = rss_kib(pid)
            with contextlib.ExitStack() as stack:
                begun = time.monotonic()
                opened = [stack.enter_context(_open(_path(peer))) for _ in range(count)]
                for sock in opened:
                    sock.sendall(b"prompt\n")
                for sock in opened:
                    _until_prompt(sock)
                for sock in opened:
                    sock.sendall(b"show info\n")
                for sock in opened:
                    _until_prompt(sock)
                took.append(time.monotonic() - begun)
                grown.append((rss_kib(pid) - before) / count)
    title = f"{count:,} console sessions at one time"
    return [
        Row(f"{title}, each answers show info", "s", took[0], took[1]),
        Row(f"{title}, memory of one", "KiB", grown[0], grown[1]),
    ]


def _until_prompt(sock: socket.socket) -> None:
    data = b""
    while not data.endswith(b"\n> "):
        more = sock.recv(65536)
        if not more:
            raise EOFError(data)
        data += more
