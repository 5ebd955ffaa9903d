"""
The console as an orchestrator uses it: servers changed one after another over one connection.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import time
from collections.abc import Callable

from bench.peers import COMMANDS, PATIENCE, Peer
from bench.table import ROUNDS, Row

TIMES = 1000
CONFIG = """\
global
    stats socket {socket} level admin
    stats timeout 1m
frontend fe
    bind 127.0.0.1:<port>
    http-request return status 200
backend be
    balance roundrobin
{servers}
"""


class Console:
    """
    A connection to a worker's console that stays open, at its prompt.
    """

    def __init__(self, path: str) -> None:
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.settimeout(PATIENCE)
        self._sock.connect(path)
        self.ask("prompt")

    def ask(self, command: str) -> bytes:
        """Run a command; the answer with the prompt behind it."""
        self._sock.sendall(command.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n> "):
            data = self._sock.recv(65536)
            if not data:
                raise SystemExit(f"the console is gone: {answer!r}")
            answer += data
        return answer

    def close(self) -> None:
        """Hang up."""
        self._sock.close()


def set_server() -> list[Row]:
    """Change weights, addresses and states."""
    seen: dict[str, dict[str, list[float]]] = {name: {} for name in COMMANDS}
    with contextlib.ExitStack() as stack:
        consoles = {}
        for name in COMMANDS:
            peer = Peer(name, "")
            stack.callback(peer.stop)
            path = str(peer.directory / "stats.sock")
            lines = (f"    server s{each} 127.0.0.1:{each}" for each in range(1, 101))
            peer.configure(CONFIG.format(socket=path, servers="\n".join(lines)))
            peer.start()
            peer.settle()
            consoles[name] = Console(path)
            stack.callback(consoles[name].close)
        for _ in range(ROUNDS + 1):
            for name, console in consoles.items():
                for title, times in _measure(console).items():
                    seen[name].setdefault(title, []).append(times)
    rows = []
    for title in seen["mwproxy"]:
        haproxy, mwproxy = (statistics.median(seen[name][title][1:]) for name in COMMANDS)
        rows.append(Row(title, "ms", haproxy, mwproxy))
    return rows


def _measure(console: Console) -> dict[str, float]:
    commands: dict[str, Callable[[int], str]] = {
        "weight": lambda turn: f"set server be/s{turn % 100 + 1} weight {turn % 256}",
        "addr": lambda turn: f"set server be/s{turn % 100 + 1} addr 127.0.0.{turn % 200 + 2}",
        "state": lambda turn: (
            f"set server be/s{turn % 100 + 1} state " + ("ready" if turn // 100 % 2 else "maint")
        ),
    }
    taken = {}
    for name, command in commands.items():
        begun = time.perf_counter()
        for turn in range(TIMES):
            console.ask(command(turn))
        taken[f"`set server … {name}`, {TIMES} times"] = (time.perf_counter() - begun) * 1000
    return taken
