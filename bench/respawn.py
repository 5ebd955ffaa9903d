"""
A worker that is killed, with `master-worker respawn`: how long clients wait, and who is refused.
"""

from __future__ import annotations

import math
import os
import signal
import time

from bench.peers import Peer
from bench.reload import CONFIG, Clients
from bench.table import Row, percentile

KILLS = 30
SETTINGS = "global\n    master-worker respawn\n"


def respawn() -> list[Row]:
    """Kill the worker of mwproxy again and again; HAProxy has nothing to compare with."""
    peer = Peer("mwproxy", SETTINGS + CONFIG.replace("<generation>", "0"))
    gaps = []
    refused = 0
    try:
        peer.start()
        peer.settle()
        clients = Clients(peer.port)
        for _ in range(KILLS):
            gap, lost = _kill_once(peer)
            gaps.append(gap)
            refused += lost
            # A worker that dies soon after another is replaced after a pause; not after a reload.
            peer.cli("reload")
            time.sleep(0.5)
        clients.finish()
    finally:
        peer.stop()
    refused += sum("ConnectionRefusedError" in text for text in clients.failed)
    print(
        f"  {clients.served} served, {len(clients.failed)} lost with the workers that had them",
        flush=True,
    )
    return [
        Row(f"respawn after kill -9, {KILLS} times: refused", "connections", math.nan, refused, 0.0,
            absolute=True),
        Row("the same, until the next client is answered, p50", "ms", math.nan,
            percentile(gaps, 50)),
        Row("the same, p95", "ms", math.nan, percentile(gaps, 95)),
    ]  # fmt: skip


def _kill_once(peer: Peer) -> tuple[float, int]:
    pid = peer.worker_pid()
    refused = 0
    begun = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    while True:
        try:
            peer.ask()
        except ConnectionRefusedError:
            refused += 1
        except ConnectionResetError:
            # The worker that died had it.
            pass
        else:
            return (time.monotonic() - begun) * 1000, refused
