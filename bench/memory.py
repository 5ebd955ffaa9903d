"""
Memory: a worker at start, and what each idle connection adds.
"""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path

from bench import origins
from bench.http import PLAIN
from bench.peers import both
from bench.system import pss_kib, raise_limits, rss_kib
from bench.table import Row

CONNECTIONS = 5000


def memory() -> list[Row]:
    """RSS at start, growth per idle keep-alive connection."""
    count = min(CONNECTIONS, raise_limits() - 200)
    start, shared, growth = [], [], []
    with origins.small() as port, both(PLAIN.replace("<origin>", str(port))) as peers:
        for peer in peers:
            pid = peer.worker_pid()
            for _ in range(50):
                peer.ask()
            start.append(rss_kib(pid) / 1024)
            shared.append(pss_kib(pid) / 1024)
            before = rss_kib(pid)
            with contextlib.ExitStack() as stack:
                for _ in range(count):
                    sock = stack.enter_context(socket.create_connection(("127.0.0.1", peer.port)))
                    sock.sendall(b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n")
                    sock.recv(65536)
                time.sleep(0.5)
                held = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
                if held < count:
                    print(f"  {peer.name}: only {held} descriptors are open", flush=True)
                growth.append((rss_kib(pid) - before) / count)
    title = f"growth per idle keep-alive connection at {count}"
    return [
        Row("worker at start, RSS", "MiB", start[0], start[1]),
        Row("worker at start, PSS", "MiB", shared[0], shared[1]),
        Row(title, "KiB", growth[0], growth[1], 8.0, absolute=True),
    ]
