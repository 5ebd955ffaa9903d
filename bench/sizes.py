"""
Reloads of small and large configurations: what 10, 1,000 and 10,000 servers cost.
"""

from __future__ import annotations

from bench import origins
from bench.peers import COMMANDS, Peer
from bench.reload import reload_in_turn
from bench.table import Row, percentile

RELOADS = 100
PER_BACKEND = 10
#: HAProxy reserves a descriptor for each checked server beside two for each connection.
MAXCONN = 2000
#: Number of servers and what the ratio of the medians must be, None to print it only.
SIZES: tuple[tuple[int, float | None], ...] = ((10, 0.5), (1000, None), (10000, 3.0))
#: Seconds between two questions whether the new configuration answers: these take CPU from a proxy.
PAUSE = {10: 0.0005, 1000: 0.002, 10000: 0.005}
HEAD = """\
frontend fe
    bind 127.0.0.1:<port>
    http-request return status 200 content-type text/plain string "generation-<generation>."
    default_backend be0
"""


def config(servers: int, generation: int, origin: int) -> str:
    """
    Write a configuration: backends of ten servers each, no two servers with one address, weights
    that differ, all of them checked at one place that answers.
    """
    lines = [HEAD.replace("<generation>", str(generation))]
    for number in range(servers):
        backend, place = divmod(number, PER_BACKEND)
        if not place:
            lines.append(
                f"backend be{backend}\n    balance roundrobin\n"
                f"    default-server check inter 60s addr 127.0.0.1 port {origin}\n"
            )
        high, low = divmod(number, 250)
        lines.append(
            f"    server s{place} 127.1.{high}.{low + 1}:8080 weight {10 + place} maxconn 100\n"
        )
    return "".join(lines)


def sizes() -> list[Row]:
    """Reload each size, both proxies in turn."""
    rows = []
    with origins.small() as origin:
        for servers, limit in SIZES:
            rows += _one_size(servers, limit, origin)
    return rows


def _one_size(servers: int, limit: float | None, origin: int) -> list[Row]:
    peers = [Peer(name, config(servers, 0, origin), maxconn=MAXCONN) for name in COMMANDS]
    seen = reload_in_turn(
        peers, RELOADS, lambda number: config(servers, number, origin), PAUSE[servers]
    )
    haproxy, mwproxy = seen
    title = f"reload with {servers:,} servers"
    return [
        Row(
            f"{title}, p50 of {RELOADS}",
            "ms",
            percentile(haproxy, 50),
            percentile(mwproxy, 50),
            limit,
        ),
        Row("the same, p99", "ms", percentile(haproxy, 99), percentile(mwproxy, 99)),
    ]
