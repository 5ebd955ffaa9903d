"""
Daemon mode without a master: a new process takes over from an old one (`-D -sf`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench.load import wrk
from bench.peers import COMMANDS, Peer
from bench.reload import CONFIG, Clients
from bench.system import pinned
from bench.table import Row, percentile

TAKEOVERS = 30
REQUESTS = 200_000
#: Seconds of one run of the load generator.
CHUNK = 5


class Daemon(Peer):
    """
    A proxy that goes to the background and leaves its pid in a file.
    """

    def __init__(self, name: str, config: str, pin: bool = True) -> None:
        super().__init__(name, config, pin)
        self.pidfile = self.directory / "pid"

    def take_over(self) -> None:
        """Start a process that replaces the one of the pidfile, if there is one; wait until it is
        in the background."""
        words = [COMMANDS[self.name][0], "-D", "-f", str(self.file), "-p", str(self.pidfile)]
        if self.pidfile.exists():
            words += ["-sf", *self.pidfile.read_text().split()]
        with (self.directory / "output").open("ab") as output:
            status = subprocess.run(
                pinned(0, words) if self._pin else words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            ).returncode
        if status:
            raise SystemExit(f"{self.name} ended with {status}:\n{self.output()[-4000:]}")

    def alive(self) -> list[int]:
        """List its processes."""
        mark = str(self.file).encode()
        found = []
        for each in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if each.name.isdigit() and mark in (each / "cmdline").read_bytes():
                    found.append(int(each.name))
        return found

    def stop(self, keep: bool = False) -> None:
        """End all its processes."""
        end = time.monotonic() + 10
        while (pids := self.alive()) and time.monotonic() < end:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        super().stop(keep)


@contextlib.contextmanager
def _daemon(name: str, pin: bool) -> Iterator[Daemon]:
    peer = Daemon(name, CONFIG.replace("<generation>", "0"), pin)
    try:
        peer.take_over()
        yield peer
    finally:
        peer.stop()


def takeover() -> list[Row]:
    """From the command line until the new process answers; then what is lost under load."""
    return [*_times(), _losses()]


def _times() -> list[Row]:
    seen: list[list[float]] = []
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(_daemon(name, pin=True)) for name in COMMANDS]
        seen = [[] for _ in peers]
        for generation in range(1, TAKEOVERS + 1):
            for peer, times in zip(peers, seen, strict=True):
                times.append(_take_over_once(peer, generation))
                time.sleep(0.5)
    title = f"-D -sf until the new process answers, p50 of {TAKEOVERS}"
    return [
        Row(title, "ms", percentile(seen[0], 50), percentile(seen[1], 50)),
        Row("the same, p95", "ms", percentile(seen[0], 95), percentile(seen[1], 95)),
    ]


def _take_over_once(peer: Daemon, generation: int) -> float:
    peer.configure(CONFIG.replace("<generation>", str(generation)))
    wanted = f"generation-{generation}.".encode()
    begun = time.monotonic()
    starter = threading.Thread(target=peer.take_over)
    starter.start()
    while not _answers(peer, wanted):
        if time.monotonic() - begun > 20:
            raise SystemExit(f"{peer.name} did not take over:\n{peer.output()[-4000:]}")
        time.sleep(0.0005)
    took = time.monotonic() - begun
    starter.join()
    return took * 1000


def _answers(peer: Daemon, wanted: bytes) -> bool:
    # HAProxy resets who is in the backlog of a process that leaves, once in some eighty times.
    with contextlib.suppress(ConnectionError):
        return wanted in peer.ask()
    return False


class Takeovers:
    """
    Replaces a process again and again, every 100 ms, or as soon as the last one is in place.

    @ivar count: How often.

    @ivar error: What went wrong, empty for nothing.
    """

    def __init__(self, peer: Daemon) -> None:
        self.count = 0
        self.error = ""
        self._peer = peer
        self._leave = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def finish(self) -> None:
        """Let it end."""
        self._leave = True
        self._thread.join()

    def _run(self) -> None:
        while not self._leave and not self.error:
            due = time.monotonic() + 0.1
            self._peer.configure(CONFIG.replace("<generation>", str(self.count + 1)))
            try:
                self._peer.take_over()
            except SystemExit as error:
                self.error = str(error)
                return
            self.count += 1
            time.sleep(max(0.0, due - time.monotonic()))


def _losses() -> Row:
    failures = []
    for name in COMMANDS:
        with _daemon(name, pin=False) as peer:
            # wrk asks over a new connection each time; these keep theirs.
            clients = Clients(peer.port, each=1)
            takeovers = Takeovers(peer)
            served = failed = 0
            while served + failed < REQUESTS and not takeovers.error:
                answered, broken = wrk(peer.port, 8, CHUNK, {"connection": "close"})
                served += answered
                failed += broken
            takeovers.finish()
            clients.finish()
            if takeovers.error:
                raise SystemExit(takeovers.error)
            failures.append(failed + len(clients.failed))
            print(
                f"  {name}: {served + clients.served} served, {takeovers.count} take-overs",
                flush=True,
            )
            for text in sorted(set(clients.failed))[:5]:
                print(f"  {name}: {clients.failed.count(text)} × {text}", flush=True)
    title = f"-D -sf every 100 ms under load: failed of {REQUESTS:,} requests"
    return Row(title, "requests", failures[0], failures[1], 0.0, absolute=True)
