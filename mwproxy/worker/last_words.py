"""
What a worker prints about itself on SIGHUP and SIGQUIT (management manual 4).
"""

from __future__ import annotations

import gc
import resource
from collections.abc import Iterator

from mwproxy.live.proxies import Backend, Frontend, WorkerState


def server_states(state: WorkerState, consoles: tuple[int, int] | None = None) -> Iterator[str]:
    """
    Describe proxies and servers, as SIGHUP asks for.

    @param consoles: Connections to consoles, of now and all so far; L{None} without consoles.

    @return: The text of each warning.
    """
    yield "SIGHUP received, dumping servers states."
    if consoles is not None:
        # HAProxy's consoles are a proxy, whose connections have both sides.
        now, total = consoles
        yield (
            f"SIGHUP: Proxy GLOBAL has no servers. Conn: act(FE+BE): {now}+{now}, 0 pend (0"
            f" unass), tot(FE+BE): {total}+{total}."
        )
    in_order = [proxy.name for proxy in state.configuration.proxies]
    for name in dict.fromkeys([*in_order, *state.frontends, *state.backends]):
        front, back = state.frontends.get(name), state.backends.get(name)
        if front is None and back is None:
            continue
        for server in back.servers if back is not None else ():
            counters = server.counters
            yield (
                f"SIGHUP: Server {name}/{server.name} is {'UP' if server.up else 'DOWN'}. "
                f"Conn: {counters.scur} act, {len(server.queue)} pend, {counters.stot} tot."
            )
        yield f"SIGHUP: Proxy {name} {_farm(back)} Conn: {_connections(front, back)}."


def _farm(back: Backend | None) -> str:
    if back is None or not back.servers:
        return "has no servers."
    if not back.usable():
        return "has no server available !"
    if not back.active:
        return f"is running on {back.backups} backup servers."
    return f"has {back.active} active servers and {back.backups} backup servers available."


def _connections(front: Frontend | None, back: Backend | None) -> str:
    fe_now, fe_all = (front.counters.scur, front.counters.stot) if front else (0, 0)
    be_now, be_all = (back.counters.scur, back.counters.stot) if back else (0, 0)
    unassigned = len(back.queue) if back else 0
    pending = unassigned + (sum(len(server.queue) for server in back.servers) if back else 0)
    return (
        f"act(FE+BE): {fe_now}+{be_now}, {pending} pend ({unassigned} unass), "
        f"tot(FE+BE): {fe_all}+{be_all}"
    )


def memory_use() -> Iterator[str]:
    """
    Describe memory and free what can be freed, as SIGQUIT asks for.

    @return: Lines.
    """
    yield "Dumping memory usage. Use SIGQUIT to free what can be freed."
    before = [generation["collected"] for generation in gc.get_stats()]
    freed = gc.collect()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield f"  - peak resident size: {peak} kB"
    yield f"  - objects: {len(gc.get_objects())} tracked, {gc.get_freeze_count()} permanent"
    yield f"  - garbage: {sum(before)} objects collected so far, {freed} now"
