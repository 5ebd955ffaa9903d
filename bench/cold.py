"""
Cold start: from the command line until the first answer.
"""

from __future__ import annotations

import statistics

from bench.peers import COMMANDS, Peer
from bench.reload import CONFIG
from bench.table import ROUNDS, Row


def cold() -> list[Row]:
    """Start and ask."""
    seen: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, times in seen.items():
            peer = Peer(name, CONFIG.replace("<generation>", "0"), pin=False)
            try:
                times.append(peer.start() * 1000)
            finally:
                peer.stop()
    haproxy, mwproxy = (statistics.median(times) for times in seen.values())
    return [Row("cold start until the first answer", "ms", haproxy, mwproxy)]
