"""
Descriptors and connections of a worker: C{maxconn}, C{ulimit-n} and what the system allows.

A connection needs two descriptors, one to each side. What else the process holds is counted
below. What is left over is for the pipes of C{splice}, which nothing depends on.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass

from mwproxy.config.model import Configuration
from mwproxy.core.diagnostics import Diagnostics
from mwproxy.process.limits import raise_descriptors
from mwproxy.worker.startup import StartFailed

#: Descriptors of the process itself: standard ones, reactor, control channel, hand-over.
OWN = 20
#: HAProxy's least C{maxconn} when none is configured.
LEAST_MAXCONN = 100
#: As many descriptors are tried to get when nothing says how many (HAProxy's C{fd-hard-limit}).
HARD_LIMIT = 1 << 20
#: As many pipes are kept in mind when C{maxconn} follows from the limit.
FEW_PIPES = 64
MOST_PIPES = 4096


@dataclass(frozen=True, slots=True)
class Room:
    """
    What a worker may have.

    @ivar maxconn: Most connections.

    @ivar automatic: Whether that follows from the limit of descriptors.

    @ivar descriptors: Most descriptors.

    @ivar pipes: Most pipes that connections leave room for.
    """

    maxconn: int
    automatic: bool
    descriptors: int
    pipes: int


def reserved_descriptors(configuration: Configuration) -> int:
    """
    Count the descriptors that are no connections: listeners, consoles, checks, logs.

    @param configuration: The description.

    @return: How many.
    """
    settings = configuration.global_
    count = OWN + sum(len(proxy.binds) for proxy in configuration.proxies)
    if settings.stats_sockets:
        count += len(settings.stats_sockets) + settings.stats_maxconn
    for proxy in configuration.proxies:
        for server in proxy.servers:
            count += server.settings.check.enabled + server.settings.agent.enabled
    targets = {str(target.address) for target in settings.log_targets}
    targets |= {str(each.address) for proxy in configuration.proxies for each in proxy.log_targets}
    return count + len(targets)


def limit_descriptors(configuration: Configuration, diagnostics: Diagnostics, program: str) -> Room:
    """
    Bring C{maxconn}, C{ulimit-n} and the system's limit together.

    @param configuration: The description.

    @param diagnostics: Gets HAProxy's messages when the system allows too few.

    @param program: How the program was called, for messages.

    @return: What there is.

    @raise StartFailed: It is too little, and C{strict-limits} is on, as it is by default.
    """
    settings = configuration.global_
    reserved = reserved_descriptors(configuration)
    most = settings.fd_hard_limit or HARD_LIMIT
    maxconn = settings.maxconn or _fitting(settings.ulimit_n or _allowed(most), reserved)
    needed = 2 * maxconn + reserved
    wanted = settings.ulimit_n or needed
    if settings.fd_hard_limit:
        got = min(most, raise_descriptors(min(wanted, most), beyond=True))
    else:
        got = raise_descriptors(wanted, beyond=True)
    if got < wanted:
        text = f"[{program}.main()] Cannot raise FD limit to {wanted}, limit is {got}."
        if settings.strict_limits:
            diagnostics.alert(text)
            raise StartFailed(1)
        diagnostics.warning(text)
    if got < needed:
        text = (
            f"[{program}.main()] FD limit ({got}) too low for maxconn={maxconn}/maxsock={needed}."
            f" Please raise 'ulimit-n' to {needed} or more to avoid any trouble."
        )
        if settings.strict_limits:
            diagnostics.alert(text)
            raise StartFailed(1)
        diagnostics.objection(text)
    if settings.ulimit_n is None:
        # Pipes want some as well, where that takes them from nobody.
        got = max(got, min(most, raise_descriptors(min(_allowed(most), needed + maxconn // 2))))
    pipes = min(MOST_PIPES, max(0, got - needed) // 2)
    if settings.maxpipes is not None:
        pipes = min(pipes, settings.maxpipes)
    return Room(maxconn, settings.maxconn is None, got, pipes)


def _allowed(most: int) -> int:
    """
    Tell how many descriptors this process may have without asking for a privilege.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = [each for each in (soft, hard) if each != resource.RLIM_INFINITY]
    return min(most, max(limits)) if len(limits) == 2 else most


def _fitting(descriptors: int, reserved: int) -> int:
    """
    Tell how many connections fit into so many descriptors.
    """
    pipes = min(FEW_PIPES, descriptors // 40)
    return max(LEAST_MAXCONN, (descriptors - reserved) // 2 - pipes)
