"""
All engines of a worker: made from the description, joined to proxies and rules, and closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from mwproxy.balance.farm import make_balancer
from mwproxy.config.model import LogTarget
from mwproxy.config.spoe_settings import SpoeFilter
from mwproxy.live.proxies import Backend, Frontend, LogSink, Rules, WorkerState
from mwproxy.live.servers import Server
from mwproxy.live.spoe import EngineFigures
from mwproxy.net.plane import Plane
from mwproxy.rules.ruleset import chain_rulesets
from mwproxy.spoe.answers import AnswerReader
from mwproxy.spoe.engine import Engine
from mwproxy.spoe.pool import Pool
from mwproxy.stream.stages import frontend_rules

#: Gives the function that logs to some targets, by a tag.
SinkFor = Callable[[list[LogTarget], str], LogSink | None]

#: Events that only frontends have.
_OF_FRONTENDS = ("on-client-session", "on-frontend-tcp-request", "on-frontend-http-request")


class Engines:
    """
    The engines of a worker.
    """

    def __init__(self, plane: Plane, sink_for: SinkFor) -> None:
        """
        @param plane: The data plane, without listeners so far.

        @param sink_for: Opens log targets.
        """
        self._plane = plane
        self._sink_for = sink_for
        self._all: list[Engine] = []
        self._by_name: dict[tuple[str, str, str], Engine] = {}
        state = plane.state
        for proxy in state.configuration.proxies:
            if not proxy.filters:
                continue
            # A frontend and a backend may have one name.
            front = state.frontends.get(proxy.name) if proxy.has_frontend else None
            back = state.backends.get(proxy.name) if proxy.has_backend else None
            if front is None and back is None:
                continue
            made = [(each, self._make(proxy, each)) for each in proxy.filters]
            self._join(made, front, back)
        for call in state.configuration.spoe_calls:
            engine = self._by_name.get((call.kind, call.proxy, call.engine))
            if engine is not None:
                call.send = engine.group(call.group)
        state.spoe = [engine.figures for engine in self._all]
        state.on_server_down.append(self._server_down)
        state.on_server_moved.append(self._server_moved)
        state.on_server_gone.append(self._server_gone)

    def _make(self, proxy: Any, line: SpoeFilter) -> Engine:
        agent = line.agent
        state = self._plane.state
        figures = EngineFigures(line.engine, agent.name, proxy.name, agent.backend)
        engine = Engine(self._plane, agent, figures)
        known = agent.known
        if known is not None:
            known = known | state.configuration.variable_names
        reader = AnswerReader(agent.var_prefix or agent.name, known)
        engine.pool = Pool(
            self._plane, agent, _agents(state, agent.backend), str(uuid4()), engine, reader,
            figures, engine.say,
        )  # fmt: skip
        tag = proxy.log_tag or state.configuration.global_.log_tag or "haproxy"
        engine.log = self._sink_for(list(agent.log_targets), tag)
        self._all.append(engine)
        self._by_name[proxy.kind, proxy.name, line.engine] = engine
        return engine

    def _join(
        self, made: list[tuple[SpoeFilter, Engine]], front: Frontend | None, back: Backend | None
    ) -> None:
        """
        Have a proxy meet the events of its filters, in order.
        """
        steps: dict[str, list[Rules]] = {}
        for line, engine in made:
            for event, messages in line.agent.events.items():
                steps.setdefault(event, []).append(engine.step(event, messages))
        events: dict[str, Rules] = {}
        for event, parts in steps.items():
            joined = chain_rulesets(parts)
            if joined is not None:
                events[event] = joined
        if front is not None:
            front.events = events
            front.request_rules = frontend_rules(front)
        if back is not None:
            back.events = {
                event: rules for event, rules in events.items() if event not in _OF_FRONTENDS
            }

    def leave(self) -> None:
        """
        Close connections as they become idle: the worker was asked to leave.
        """
        for engine in self._all:
            engine.pool.leave()

    def close(self) -> None:
        """
        Close everything at once.
        """
        for engine in self._all:
            engine.pool.close()

    def _server_down(self, server: Server) -> int:
        for engine in self._of(server):
            engine.pool.server_down(server)
        return 0

    def _server_moved(self, server: Server) -> int:
        for engine in self._of(server):
            engine.pool.server_moved(server)
        return 0

    def _server_gone(self, server: Server) -> int:
        for engine in self._of(server):
            engine.pool.server_gone(server)
        return 0

    def _of(self, server: Server) -> list[Engine]:
        return [engine for engine in self._all if engine.pool.backend is server.backend]


def _agents(state: WorkerState, name: str) -> Backend:
    """
    Find the backend of an agent. One that is disabled, or not of this process, has no servers.
    """
    known = state.backends.get(name)
    if known is not None:
        return known
    proxies = state.configuration.proxies
    described = next(each for each in proxies if each.name == name and each.has_backend).copy()
    described.servers = []
    backend = Backend(described, state)
    make_balancer(backend)
    return backend
