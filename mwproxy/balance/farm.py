"""
What balance algorithms have in common: which servers they choose from, and how a backend gets its
algorithm.
"""

from __future__ import annotations

from mwproxy.balance.batches import MANY, Batched
from mwproxy.core.families import PACKAGES, balances
from mwproxy.core.registry import load_family
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Balancer, Server


def candidates(backend: Backend) -> list[Server]:
    """
    List the servers that load balancing may choose: active ones, or else the first
    backup, or all backups with C{option allbackups}.

    @param backend: The backend.

    @return: Usable servers, in order.
    """
    active = [each for each in backend.servers if each.usable_now and not each.backup]
    if active:
        return active
    backups = [each for each in backend.servers if each.usable_now and each.backup]
    return backups if "allbackups" in backend.description.options else backups[:1]


def takes_more(server: Server) -> bool:
    """
    Tell whether a server may be given a new stream: it has room, and nobody waits for it.
    """
    return server.has_room and not server.queue


def servers_changed(backend: Backend) -> None:
    """
    Let a backend's algorithm know servers that were added, and forget those that were deleted. All
    of them are in maintenance; algorithms that look at usable servers only need not know.

    @param backend: The backend.
    """
    many = len(backend.servers) >= MANY and not isinstance(backend.balancer, Batched)
    if backend.balancer.sticky or many:
        make_balancer(backend)


def make_balancer(backend: Backend) -> Balancer:
    """
    Give a backend the algorithm that its C{balance} keyword names.

    @param backend: The backend; its servers' state is settled (L{mwproxy.live.states.begin}).

    @return: The balancer, which is now C{backend.balancer}.

    @raise UnknownName: There is no such algorithm.
    """
    name = backend.description.balance
    if name not in balances:
        load_family(PACKAGES["balances"])
    balancer: Balancer = balances.get(name).make(backend)
    if len(backend.servers) >= MANY:
        balancer = Batched(balancer, backend)
    backend.balancer = balancer
    return balancer
