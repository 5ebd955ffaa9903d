"""
Large bodies: CPU per GB.
"""

from __future__ import annotations

from bench import origins
from bench.http import PLAIN, TCP
from bench.load import download
from bench.peers import Peer, both
from bench.table import Row, interleaved

SIZE = 100 * 1000 * 1000
TIMES = 10


def bulk() -> list[Row]:
    """Bodies of 100 MB, HTTP and TCP."""
    rows = []
    with origins.large(SIZE) as port:
        for title, config in (("100 MB bodies, HTTP", PLAIN), ("100 MB bodies, TCP", TCP)):

            def per_gigabyte(peer: Peer) -> float:
                before = peer.cpu()
                received = download(peer.port, TIMES)
                return (peer.cpu() - before) / received * 1e12

            with both(config.replace("<origin>", str(port))) as peers:
                haproxy, mwproxy = interleaved(peers, per_gigabyte)
            rows.append(Row(title, "ms CPU per GB", haproxy, mwproxy, 0.6))
    return rows
