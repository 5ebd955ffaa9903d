"""
From the description to live objects: frontends, backends, servers, balancers, log targets.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic, time
from typing import Any

from mwproxy.balance.farm import make_balancer
from mwproxy.config.model import Configuration
from mwproxy.live.proxies import Backend, Frontend, WorkerState
from mwproxy.live.states import begin
from mwproxy.net.log_targets import LogTargets
from mwproxy.net.plane import Plane
from mwproxy.worker.order import Order


def apply_options(configuration: Configuration, options: dict[str, Any]) -> None:
    """
    Let the command line win over the files.

    @param configuration: Not sealed yet.

    @param options: See L{Order.options}.
    """
    settings = configuration.global_
    if options.get("maxconn"):
        settings.maxconn = options["maxconn"]
    if options.get("proxy_maxconn"):
        for proxy in configuration.proxies:
            if proxy.maxconn is None:
                proxy.maxconn = options["proxy_maxconn"]
    if options.get("localpeer"):
        settings.localpeer = options["localpeer"]
    if options.get("noreuseport"):
        settings.noreuseport = True
    if options.get("nosplice"):
        settings.nosplice = True


def build_state(configuration: Configuration, order: Order) -> WorkerState:
    """
    Make the live state of a worker. Names of servers are still to be resolved.

    @param configuration: The sealed description.

    @param order: Its generation and number.

    @return: The state, without listeners.
    """
    state = WorkerState(configuration, monotonic(), time())
    state.generation = order.generation
    state.process = order.process
    for proxy in configuration.proxies:
        if proxy.disabled or (proxy.processes and order.process not in proxy.processes):
            continue
        if proxy.has_frontend:
            state.frontends[proxy.name] = Frontend(proxy, state)
        if proxy.has_backend:
            state.backends[proxy.name] = Backend(proxy, state)
    for frontend in state.frontends.values():
        proxy = frontend.description
        name = proxy.default_backend
        if name:
            frontend.default_backend = state.backends.get(name)
        elif proxy.has_backend:
            frontend.default_backend = state.backends.get(proxy.name)
    return state


def begin_servers(state: WorkerState) -> None:
    """
    Settle the state of all servers, once their names are resolved.
    """
    for backend in state.backends.values():
        begin(backend, state.now)
        backend.balancer = make_balancer(backend)


def limit_connections(state: WorkerState, maxconn: int) -> None:
    """
    Give the process and its frontends their C{maxconn}.
    """
    state.maxconn = state.hard_maxconn = maxconn
    for frontend in state.frontends.values():
        frontend.maxconn = frontend.description.maxconn or maxconn


def passed_descriptors(configuration: Configuration) -> list[int]:
    """
    List the descriptors that are logged to, besides standard output and error.

    @param configuration: The description.

    @return: Their numbers.
    """
    found = {
        target.address.port
        for targets in (
            configuration.global_.log_targets,
            *(proxy.log_targets for proxy in configuration.proxies),
        )
        for target in targets
        if target.address.family == "fd"
    }
    return sorted(found - {1, 2})


def connect_logs(plane: Plane, descriptors: Mapping[int, int] | None = None) -> LogTargets:
    """
    Open the log targets and give each proxy its sink.

    @param plane: The data plane; lines are sent at the end of each turn of its reactor.

    @param descriptors: What the files call a number is known to us as; L{None} when both are the
        same.

    @return: The targets, to be closed at the end.

    @raise OSError: A target cannot be used.
    """
    state = plane.state
    settings = state.configuration.global_
    hostname = settings.log_send_hostname
    if hostname == "":
        hostname = socket.gethostname()
    targets = LogTargets(
        state,
        pid=os.getpid(),
        now_wall=lambda: plane.reactor.now + plane.wall_offset,
        hostname=hostname or "",
        descriptors=descriptors,
    )
    tag = settings.log_tag or "haproxy"
    parts: list[Frontend | Backend] = [*state.frontends.values(), *state.backends.values()]
    for part in parts:
        proxy = part.description
        part.log = targets.sink_for(proxy.log_targets, proxy.log_tag or tag)
    with suppress(OSError):
        # Those that proxies use as well have been opened; the audit needs none.
        state.audit_log = targets.sink_for(settings.log_targets, tag)
    plane.reactor.turn_ends.append(targets.flush)
    return targets
