"""
C{balance static-rr}: as C{balance roundrobin}, but by configured weights.
"""

from __future__ import annotations

from mwproxy.balance.roundrobin import RoundRobin
from mwproxy.core.families import balance
from mwproxy.live.proxies import Backend


@balance("static-rr", live_weights=False)
def balance_static_rr(backend: Backend) -> RoundRobin:
    """
    C{balance static-rr}: each server in turn by its configured weight; C{slowstart} has no effect.
    """
    return RoundRobin(backend, live_weights=False)
