"""
Which backend serves a stream, and what the pair of frontend and backend decides together.
"""

from __future__ import annotations

from math import inf
from typing import Any

from mwproxy.config import model
from mwproxy.live.proxies import Backend, Frontend
from mwproxy.live.servers import Server
from mwproxy.live.sessions import Stream
from mwproxy.live.tally import Tally
from mwproxy.stream.stages import backend_rules, response_rules


class Route:
    """
    What a frontend and a backend mean together for every stream between them, worked out once.

    Timeouts are seconds, infinite for none.

    @ivar close_mode: The stricter of both: C{"close"}, C{"server-close"}, C{"keep-alive"}.

    @ivar forwardfor: The backend's C{option forwardfor}, else the frontend's, else L{None}.

    @ivar request_rules: The backend's rules for requests where it is not the frontend itself.

    @ivar response_rules: Rules for responses: the backend's, then the frontend's; L{None} for none.

    @ivar reuse: C{http-reuse} of the backend.

    @ivar stays: Whether a session's next stream prefers the server of the last one (C{option
        prefer-last-server}).

    @ivar says_close: Whether servers are told C{connection: close} (not with C{option
        http-pretend-keepalive}).

    @ivar keeps: True when connections of both sides live on as far as configuration says.

    @ivar plain: True when moreover requests leave as they came: no rules, no C{forwardfor}.

    @ivar reuses_first: Whether even the first request of a session may use any idle connection.

    @ivar pools: Whether idle connections are shared between sessions.

    @ivar watches_client: Whether a client that leaves is to be noticed at any time
        (C{option abortonclose}); otherwise one may be heard only when there is something to say.

    @ivar tallies: What finished streams add up to, by server; see L{tally}.

    @ivar redispatch_each: After how many failed attempts another server is tried; 0 for never.
    """

    __slots__ = (
        "backend",
        "client_timeout",
        "close_mode",
        "connect_timeout",
        "forwardfor",
        "frontend",
        "keeps",
        "plain",
        "pools",
        "queue_timeout",
        "redispatch_each",
        "request_rules",
        "response_rules",
        "retries",
        "reuse",
        "reuses_first",
        "says_close",
        "stays",
        "server_timeout",
        "tallies",
        "tunnel_timeout",
        "watches_client",
    )

    def __init__(self, frontend: Frontend, backend: Backend) -> None:
        front = frontend.description
        back = backend.description
        self.frontend = frontend
        self.backend = backend
        self.client_timeout = seconds(front.timeouts.client)
        self.server_timeout = seconds(back.timeouts.server)
        self.connect_timeout = seconds(back.timeouts.connect)
        queue = back.timeouts.queue
        self.queue_timeout = self.connect_timeout if queue is None else seconds(queue)
        tunnel = back.timeouts.tunnel
        if tunnel is None:
            tunnel = front.timeouts.tunnel
        self.tunnel_timeout = (
            min(self.client_timeout, self.server_timeout) if tunnel is None else seconds(tunnel)
        )
        modes = (front.close_mode, back.close_mode)
        self.close_mode = next(
            (mode for mode in ("close", "server-close") if mode in modes), "keep-alive"
        )
        self.forwardfor = back.forwardfor or front.forwardfor
        one = back is front
        self.request_rules = None if one else backend_rules(frontend, backend)
        self.response_rules = response_rules(frontend, backend)
        self.says_close = (
            self.close_mode != "keep-alive"
            and "http-pretend-keepalive" not in back.options | front.options
        )
        self.stays = "prefer-last-server" in back.options
        self.reuse = back.reuse
        self.reuses_first = back.reuse == "always"
        self.pools = back.reuse != "never"
        self.keeps = self.close_mode == "keep-alive"
        self.plain = (
            self.keeps
            and not self.forwardfor
            and frontend.request_rules is None
            and backend.request_rules is None
        )
        self.watches_client = "abortonclose" in back.options
        self.retries = back.retries
        self.redispatch_each = back.redispatch
        self.tallies: dict[Server, Tally] = {}

    def tally(self, server: Server) -> Tally:
        """
        Get the tally of a server on this way, in line to be settled.
        """
        found = self.tallies.get(server)
        if found is None:
            found = self.tallies[server] = Tally(
                self.frontend.counters,
                self.backend.counters,
                server.counters,
                self.frontend.worker.unsettled,
            )
        if not found.waits:
            found.wait()
        return found


def seconds(milliseconds: int | None) -> float:
    """
    Make a timeout of the description one for the clock.

    @param milliseconds: L{None} or 0 for no limit.

    @return: Seconds, infinite for no limit.
    """
    return milliseconds / 1000 if milliseconds else inf


class Router:
    """
    The routes of one frontend.

    @ivar only: The one route when there is nothing to choose, else L{None}.
    """

    __slots__ = ("_default", "_known", "_routes", "_switches", "frontend", "only")

    def __init__(self, frontend: Frontend, backends: dict[str, Backend]) -> None:
        self.frontend = frontend
        self._known = backends
        self._routes: dict[Backend, Route] = {}
        self._default = frontend.default_backend
        # Condition (None for always), the backend, and what computes its name.
        self._switches: list[tuple[Any, Backend | None, Any]] = [
            (line.condition, backends.get(line.target), line.dynamic)
            for line in frontend.description.use_backend
        ]
        self.only: Route | None = None
        if not self._switches and self._default is not None:
            self.only = self.route(self._default)

    def route(self, backend: Backend) -> Route:
        """
        Get the route to a backend.
        """
        found = self._routes.get(backend)
        if found is None:
            found = self._routes[backend] = Route(self.frontend, backend)
        return found

    def forget(self, server: Server) -> None:
        """
        Let go of a server that was deleted.
        """
        for route in self._routes.values():
            route.tallies.pop(server, None)

    def choose(self, stream: Stream) -> Route | None:
        """
        Choose the backend of a stream (configuration manual, C{use_backend},
        C{default_backend}).

        @param stream: The stream, after the frontend's rules.

        @return: The way to it, L{None} when there is none.
        """
        if self.only is not None:
            return self.only
        for condition, backend, dynamic in self._switches:
            if condition is None or condition(stream):
                if dynamic is not None:
                    backend = self._known.get(dynamic(stream).decode("latin-1"))
                if backend is not None:
                    return self.route(backend)
                if dynamic is None:
                    break
        default = self._default
        return None if default is None else self._routes.get(default) or self.route(default)


def is_http(description: model.Proxy) -> bool:
    """
    Whether a proxy speaks HTTP.
    """
    return description.mode == "http"
