"""
Mixed load with random reloads, good and bad: C{python -m tests.integration.soak [seconds]}.

Clients of all sorts keep asking, the configuration changes at random, the standby is killed now
and then. At the end nothing may have failed, and nothing may be left or have grown: descriptors,
processes, memory. Not part of the tests: C{make soak}.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.integration.clients import Connection, exchange
from tests.integration.harness import ROOT, Proxy

CONFIG = """\
global
    master-worker no-exit-on-failure
    maxconn 4000
defaults
    mode http
    timeout connect 2s
    timeout client 20s
    timeout server 20s
    timeout http-request 5s
    default-server check inter 500ms
frontend web
    bind <listen:web>
    http-request set-header x-round <round>
    http-request return status 200 content-type text/plain string "<round>" if { path /round }
    default_backend pages
backend pages
    balance <balance>
    option httpchk GET /health
    server one 127.0.0.1:<port>
    server two 127.0.0.1:<port>
listen relay
    bind <listen:relay>
    mode tcp
    server one 127.0.0.1:<port>
"""
BALANCE = ("roundrobin", "leastconn", "static-rr", "source", "first")
#: What memory may grow by between the middle and the end, in KiB.
GROWTH = 2 * 1024


class Soak:
    """
    One run.
    """

    def __init__(self, seconds: float, seed: int) -> None:
        self.random = random.Random(seed)
        self.end = time.monotonic() + seconds
        self.done: Counter[str] = Counter()
        self.failed: list[str] = []
        self.proxy = Proxy()
        self.reloads: Counter[str] = Counter()

    def run(self) -> int:
        """
        Load, reload, and judge.

        @return: The exit status.
        """
        origin = subprocess.Popen(
            [sys.executable, "-m", "mwproxy.demo.origin", "--port", "0", "--say-port", "--stay"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert origin.stdout is not None
        try:
            self._configure(0, origin.stdout.readline().strip())
            self.proxy.start()
            self.proxy.wait_ready()
            return self._run()
        finally:
            self.proxy.clean_up()
            origin.terminate()
            origin.wait()

    def _run(self) -> int:
        clients = (self._persistent, self._one_shot, self._tunnel, self._rude, self._websocket)
        threads = [
            threading.Thread(target=self._repeat, args=(client,))
            for client in clients
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        samples = []
        number, next_sample = 0, time.monotonic() + 5
        while time.monotonic() < self.end:
            number += 1
            self._reload(number)
            if time.monotonic() > next_sample:
                samples.append(self._sample("under load"))
                next_sample += 10
            time.sleep(self.random.uniform(0.05, 1.0))
        for thread in threads:
            thread.join()
        return self._judge(samples)

    def _judge(self, samples: list[tuple[int, int]]) -> int:
        proxy = self.proxy
        self._settle()
        fds, memory = self._sample("at rest")
        for number in range(20):
            self._reload(10**6 + number)
        self._settle()
        fds_after, memory_after = self._sample("at rest, 20 reloads later")
        print(f"served {dict(self.done)}, reloads {dict(self.reloads)}")
        if fds_after > fds:
            self.failed.append(f"descriptors of the master: {fds}, later {fds_after}")
        if memory_after > memory + GROWTH:
            self.failed.append(f"memory of the master: {memory} KiB, later {memory_after} KiB")
        half = [memory for _, memory in samples[len(samples) // 2 :]]
        if half and memory > half[0] + GROWTH:
            self.failed.append(f"memory of the master: {half[0]} KiB, at the end {memory} KiB")
        if proxy.stop() != 0:
            self.failed.append("the exit status is not 0")
        deadline = time.monotonic() + 10
        while proxy.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        if left := proxy.processes():
            self.failed.append(f"left: {left}")
        if (found := proxy.output.find("Traceback")) >= 0:
            around = proxy.output[max(found - 1000, 0) : found + 4000]
            self.failed.append(f"a traceback:\n{around}")
        for text, count in Counter(self.failed).most_common(20):
            print(f"FAILED {count} × {text}")
        print(f"{sum(self.done.values())} exchanges, {len(self.failed)} failed")
        return 1 if self.failed else 0

    def _settle(self) -> None:
        # After a failed reload the serving worker is listed as an old one.
        self._reload(10**7, mistakes=0)
        self.proxy.wait(lambda: "old workers" not in self.proxy.rows(), 60)
        pids = set(self.proxy.worker_pids()) | {self.proxy.pid}
        # The nursery and one worker in waiting are what show proc does not list.
        self.proxy.wait(lambda: len(set(self.proxy.processes()) - pids) == 2, 60)
        time.sleep(1)

    def _sample(self, when: str) -> tuple[int, int]:
        (worker,) = self.proxy.worker_pids()[:1] or [self.proxy.pid]
        figures = {}
        for name, pid in (("master", self.proxy.pid), ("worker", worker)):
            try:
                count = self._descriptors(pid)
                rss = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4
            except OSError:
                continue
            figures[name] = (count, rss)
        print(f"{when}: {figures}, processes {len(self.proxy.processes())}", flush=True)
        return figures["master"]

    def _descriptors(self, pid: int) -> int:
        # The fewest of some looks: the connection that asked for the pids may be closing still.
        directory, counts = Path(f"/proc/{pid}/fd"), []
        for _ in range(5):
            counts.append(sum(1 for _ in directory.iterdir()))
            time.sleep(0.05)
        return min(counts)

    def _configure(self, number: int, port: str = "") -> None:
        values = {"round": f"r{number}", "balance": self.random.choice(BALANCE)}
        if port:
            values["port"] = port
        self.proxy.configure(CONFIG, **values)

    def _reload(self, number: int, mistakes: float = 0.25) -> None:
        bad = self.random.random() < mistakes
        self._configure(number)
        if bad:
            text = self.proxy.file.read_text()
            changes = (("bind", "bnid"), ("timeout", "tiemout"), ("\n", "\n'"), ("global", "glob"))
            self.proxy.file.write_text(text.replace(*self.random.choice(changes), 1))
        if not bad and self.random.random() < mistakes / 2:
            self._kill_standby()
            self.reloads["killed"] += 1
        answer = self.proxy.reload()
        self.reloads["bad" if bad else "good"] += 1
        if not answer.startswith(f"Success={int(not bad)}\n"):
            self.failed.append(f"reload: {answer!r}")
        elif not bad:
            got = exchange(
                self.proxy.port("web"),
                b"GET /round HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
            )
            if not got.endswith(f"r{number}".encode()):
                self.failed.append("a reload that succeeded is not live")

    def _kill_standby(self) -> None:
        # The nursery too.
        listed = {int(row[0]) for rows in self.proxy.rows().values() for row in rows}
        for pid in set(self.proxy.processes()) - listed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _repeat(self, client: Callable[[], None]) -> None:
        while time.monotonic() < self.end:
            try:
                client()
                self.done[client.__name__] += 1
            except (OSError, EOFError, ValueError, AssertionError) as error:
                self.failed.append(f"{client.__name__}: {error!r}")

    def _one_shot(self) -> None:
        connection = Connection(self.proxy.port("web"))
        with contextlib.closing(connection):
            self._ask(connection, "connection: close\r\n")

    def _persistent(self) -> None:
        connection = Connection(self.proxy.port("web"))
        with contextlib.closing(connection):
            for asked in range(self.random.randrange(1, 30)):
                try:
                    if self._ask(connection):
                        return
                except (EOFError, OSError) as error:
                    # Between two requests a connection may end: RFC 9112 9.3.1.
                    clean = isinstance(error, OSError) or str(error) == "ended after b''"
                    if not asked or not clean:
                        raise
                    return

    def _ask(self, connection: Connection, headers: str = "") -> bool:
        size = self.random.choice((0, 1, 1000, 20000, 300000, 2000000))
        choice = self.random.randrange(5)
        if choice == 0:
            body = os.urandom(size // 10)
            head = f"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
            connection.send(head.encode() + body)
            answer = connection.response()
            assert answer.body.endswith(body), "another body came back"
        elif choice == 1:
            answer = connection.ask("/chunked?n=50", headers=headers)
            assert answer.body.count(b"\n") == 50, "pieces are missing"
        elif choice == 2:
            answer = connection.ask("/slow?ms=50", headers=headers)
        else:
            answer = connection.ask(f"/bytes/{size}", headers=headers)
            assert len(answer.body) == size, "bytes are missing"
        assert answer.status == 200, answer.head.split(b"\r\n")[0].decode()
        return answer.header("connection") == "close"

    def _tunnel(self) -> None:
        connection = Connection(self.proxy.port("relay"))
        with contextlib.closing(connection):
            for _ in range(self.random.randrange(1, 20)):
                assert connection.ask("/bytes/5000").status == 200
                time.sleep(self.random.uniform(0, 0.2))

    def _rude(self) -> None:
        connection = Connection(self.proxy.port(self.random.choice(("web", "relay"))))
        with contextlib.closing(connection):
            choice = self.random.randrange(4)
            if choice == 0:
                connection.send(b"GET / HTTP/1.1\r\nhost : x\r\n\r\n")
                connection.receive()
            elif choice == 1:
                connection.send(b"GET /bytes/2000000 HTTP/1.1\r\nhost: x\r\n\r\n")
                connection.receive()
            elif choice == 2:
                connection.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc")
            reset = struct.pack("ii", 1, 0)
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        time.sleep(0.01)

    def _websocket(self) -> None:
        connection = Connection(self.proxy.port("web"))
        with contextlib.closing(connection):
            connection.send(
                b"GET /ws HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
                b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            head = connection.receive_until(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 "), head
            for _ in range(self.random.randrange(1, 30)):
                connection.send(b"\x81\x82\x00\x00\x00\x00hi")
                assert connection.receive_exactly(4) == b"\x81\x02hi"
                time.sleep(self.random.uniform(0, 0.2))


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(Soak(float(words[0]) if words else 120.0, int(words[1]) if words[1:] else 1).run())
