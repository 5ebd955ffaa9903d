"""
Reloads: how soon the new configuration answers, and what is lost while it does.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import threading
import time
from collections.abc import Callable

from bench.peers import COMMANDS, Peer
from bench.table import Row

RELOADS = 50
STORM = 200
CONFIG = """\
frontend fe
    bind 127.0.0.1:<port>
    http-request return status 200 content-type text/plain string "generation-<generation>."
"""


def reload() -> list[Row]:
    """From the command until a client is answered by the new configuration."""
    peers = [Peer(name, CONFIG.replace("<generation>", "0")) for name in COMMANDS]
    seen = reload_in_turn(
        peers, RELOADS, lambda generation: CONFIG.replace("<generation>", str(generation))
    )
    haproxy, mwproxy = (statistics.median(times) for times in seen)
    worst = [sorted(times)[int(len(times) * 0.95)] for times in seen]
    title = f"reload until the new configuration answers, p50 of {RELOADS}"
    return [
        Row(title, "ms", haproxy, mwproxy, 0.5),
        Row("the same, p95", "ms", worst[0], worst[1]),
    ]


def reload_in_turn(
    peers: list[Peer], count: int, text: Callable[[int], str], pause: float = 0.0005
) -> list[list[float]]:
    """
    Reload proxies in turn, with the text of each generation from 1 on; milliseconds of each proxy's
    reloads, as L{reload_once} takes them. The proxies are started before and stopped behind.
    """
    seen: list[list[float]] = [[] for _ in peers]
    try:
        for peer in peers:
            peer.start()
            peer.settle()
        for generation in range(1, count + 1):
            written = text(generation)
            for peer, times in zip(peers, seen, strict=True):
                times.append(reload_once(peer, written, generation, pause))
                # Both get the same time to put themselves in order.
                time.sleep(0.5)
    finally:
        for peer in peers:
            peer.stop()
    return seen


def reload_once(peer: Peer, text: str, generation: int, pause: float = 0.0005) -> float:
    """
    Reload one proxy; the milliseconds until its new configuration answers with
    C{generation-<generation>.}, asked for with pauses of so many seconds.
    """
    peer.configure(text)
    wanted = f"generation-{generation}.".encode()
    begun = time.monotonic()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(peer.console)
        sock.sendall(b"reload\n")
        while wanted not in peer.ask():
            if time.monotonic() - begun > 20:
                raise SystemExit(f"{peer.name} did not reload:\n{peer.output()[-4000:]}")
            time.sleep(pause)
        took = time.monotonic() - begun
        # Read the answer to its end, so that the console is done with us.
        sock.settimeout(5)
        with contextlib.suppress(OSError):
            while sock.recv(65536):
                pass
    return took * 1000


class Clients:
    """Clients that ask all the time; half of them keep their connection."""

    def __init__(self, port: int, each: int = 2) -> None:
        self.served = 0
        self.failed: list[str] = []
        self._port = port
        self._leave = False
        self._threads = [
            threading.Thread(target=target, daemon=True)
            for target in (self._one_shot, self._persistent)
            for _ in range(each)
        ]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Let them end."""
        self._leave = True
        for thread in self._threads:
            thread.join(30)

    def _ask(self, sock: socket.socket, wish: bytes) -> bytes:
        sock.sendall(b"GET / HTTP/1.1\r\nhost: bench\r\n" + wish + b"\r\n")
        data = b""
        while not data.endswith(b"."):
            more = sock.recv(65536)
            if not more:
                return data
            data += more
        return data

    def _one_shot(self) -> None:
        while not self._leave:
            try:
                with socket.create_connection(("127.0.0.1", self._port), 10) as sock:
                    answer = self._ask(sock, b"connection: close\r\n")
                if not answer.startswith(b"HTTP/1.1 200 ") or not answer.endswith(b"."):
                    raise EOFError(f"got {answer[:40]!r}")
                self.served += 1
            except (OSError, EOFError) as error:
                self.failed.append(f"one-shot: {error!r}")
            time.sleep(0.001)

    def _persistent(self) -> None:
        sock: socket.socket | None = None
        asked = 0
        while not self._leave:
            answer = b""
            try:
                if sock is None:
                    sock, asked = socket.create_connection(("127.0.0.1", self._port), 10), 0
                answer = self._ask(sock, b"")
                broken = not answer.endswith(b".")
            except OSError as error:
                broken = True
                if not asked:
                    self.failed.append(f"persistent: {error!r}")
                    asked = 1
            if not broken:
                self.served += 1
                asked += 1
                broken = b"connection: close" in answer
            elif answer or not asked:
                self.failed.append(f"persistent: got {answer[:40]!r}")
            # A connection that ends between two requests was free to: the next
            # request goes over another one.
            if broken and sock is not None:
                sock.close()
                sock = None
            time.sleep(0.001)
        if sock is not None:
            sock.close()


def storm() -> list[Row]:
    """Reloads 100 ms apart under load."""
    failures, done = [], []
    for name in COMMANDS:
        peer = Peer(name, CONFIG.replace("<generation>", "0"), pin=False)
        try:
            peer.start()
            clients = Clients(peer.port)
            for generation in range(1, STORM + 1):
                due = time.monotonic() + 0.1
                peer.configure(CONFIG.replace("<generation>", str(generation)))
                _insist(peer)
                time.sleep(max(0.0, due - time.monotonic()))
            end = time.monotonic() + 20
            while f"generation-{STORM}.".encode() not in peer.ask() and time.monotonic() < end:
                time.sleep(0.05)
            clients.finish()
            done.append(peer.reloads())
            failures.append(len(clients.failed))
            print(f"  {name}: {clients.served} served, {done[-1]} reloads", flush=True)
            for text in sorted(set(clients.failed))[:5]:
                print(f"  {name}: {clients.failed.count(text)} × {text}", flush=True)
        finally:
            peer.stop()
    title = f"{STORM} reloads 100 ms apart under load: failed requests"
    return [Row(title, "requests", failures[0], failures[1], 0.0, absolute=True)]


def _insist(peer: Peer) -> None:
    # HAProxy's console is away for a moment while its master executes itself.
    end = time.monotonic() + 5
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            peer.cli("reload")
            return
        time.sleep(0.01)
    raise SystemExit(f"{peer.name}: nobody answers at the master console")
