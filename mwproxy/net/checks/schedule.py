"""
When servers are checked.

Rules. First checks are spread over the shortest interval of all servers, so that they do not come
at once; from then on each server keeps its own rhythm, counted from the begin of a check. At most
L{MAX_RUNNING} checks run at a time, others wait their turn: ten thousand dead servers delay each
other, not the traffic. Servers in maintenance are not checked.
"""

from __future__ import annotations

import random
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed

from mwproxy.core.families import PACKAGES, health_checks
from mwproxy.core.registry import load_family
from mwproxy.live.proxies import Say, WorkerState
from mwproxy.live.servers import Admin, Operational, Server
from mwproxy.live.states import announce, warm
from mwproxy.net.checks.attempt import Attempt
from mwproxy.net.checks.health import interval_ms, take_result
from mwproxy.net.checks.result import Result

MAX_RUNNING = 100
_SLOWSTART_STEPS = 20
_SHORTEST_STEP_S = 0.05


class Checker:
    """
    The checks of one server: C{server.check}.

    @ivar paused: True while the console has disabled them.
    """

    __slots__ = ("attempt", "make_dialog", "paused", "server", "started", "timer")

    def __init__(self, server: Server, make_dialog: Callable[..., Any]) -> None:
        """
        @param server: The server.

        @param make_dialog: Makes what is said on a connection.
        """
        self.server = server
        self.make_dialog = make_dialog
        self.paused = False
        self.attempt: Attempt | None = None
        self.started = 0.0
        self.timer: Any = None

    def wanted(self) -> bool:
        """
        Tell whether the server is to be checked at present, and can be.
        """
        if self.paused or self.server.admin & Admin.MAINT:
            return False
        return self.place() is not None

    def place(self) -> tuple[Any, int] | None:
        """
        Find out where to connect (C{addr} and C{port}).

        @return: What C{connect} takes, and its family; L{None} when that is not known.
        """
        server = self.server
        check = server.description.settings.check
        sockaddr, family = server.check_sockaddr, server.check_family
        if sockaddr is None:
            sockaddr, family = server.sockaddr, server.family
        if sockaddr is None or family == socket.AF_UNIX:
            return None if sockaddr is None else (sockaddr, family)
        port = check.port or sockaddr[1] or server.description.address.port
        if not port:
            return None
        return (sockaddr[0], port, *sockaddr[2:]), family


class Checks:
    """
    The checks of all servers of a worker.
    """

    def __init__(
        self,
        reactor: Any,
        state: WorkerState,
        say: Say | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """
        @param reactor: Provides descriptors and timers.

        @param state: The worker's state.

        @param say: Prints messages; becomes C{state.say}, which holds when L{None}.

        @param clock: The monotonic clock, the same as C{state.now}'s.

        @param draw: Draws a random number out of a range, for C{spread-checks}.
        """
        self._reactor = reactor
        self._state = state
        if say is not None:
            state.say = say
        self._clock = clock
        self._draw = draw
        self._checkers: list[Checker] = []
        self._first_timer: Any = None
        self._waiting: deque[Checker] = deque()
        self._running = 0
        self._warming: dict[Server, Any] = {}
        self._stopped = False

    def start(self) -> None:
        """
        Begin to check.
        """
        if "tcp" not in health_checks:
            load_family(PACKAGES["health_checks"])
        self._state.on_server_up.append(self._server_up)
        checked = [
            server
            for backend in self._state.backends.values()
            for server in backend.servers
            if server.description.settings.check.enabled
        ]
        if not checked:
            return
        shortest = min([server.description.settings.check.inter_ms for server in checked]) / 1000
        make_tcp, make_http = health_checks.get("tcp").make, health_checks.get("http").make
        for server in checked:
            plain = server.backend.description.http_check is None
            server.check = checker = Checker(server, make_tcp if plain else make_http)
            self._checkers.append(checker)
        # One timer for all first checks: ten thousand at once would hold the worker up.
        begun, step = self._clock(), shortest / len(checked)
        self._first_timer = self._reactor.callLater(0, self._begin_first, 0, begun, step)

    def _begin_first(self, position: int, begun: float, step: float) -> None:
        """
        Begin the first checks of servers whose time has come.

        @param position: Which server is next.

        @param begun: When the time of the first server was, on the monotonic clock.

        @param step: Seconds from one server to the next.
        """
        self._first_timer = None
        now = self._clock()
        while position < len(self._checkers):
            due = begun + position * step
            if due > now:
                self._first_timer = self._reactor.callLater(
                    due - now, self._begin_first, position, begun, step
                )
                return
            self._due(self._checkers[position])
            position += 1

    def stop(self) -> Deferred[None]:
        """
        End all checks.

        @return: Fires at once: nothing is left.
        """
        self._stopped = True
        if self._server_up in self._state.on_server_up:
            self._state.on_server_up.remove(self._server_up)
        if self._first_timer is not None:
            self._first_timer.cancel()
            self._first_timer = None
        for checker in self._checkers:
            if checker.timer is not None:
                checker.timer.cancel()
                checker.timer = None
            if checker.attempt is not None:
                checker.attempt.stop()
                checker.attempt = None
        self._waiting.clear()
        self._running = 0
        for timer in self._warming.values():
            timer.cancel()
        self._warming.clear()
        return succeed(None)

    def _due(self, checker: Checker) -> None:
        checker.timer = None
        checker.started = self._clock()
        if not checker.wanted():
            self._schedule(checker)
        elif self._running >= MAX_RUNNING:
            self._waiting.append(checker)
        else:
            self._begin(checker)

    def _begin(self, checker: Checker) -> None:
        server = checker.server
        place = checker.place()
        assert place is not None
        checker.started = server.check_started = self._clock()
        server.check_status = f"* {server.check_status or 'INI'}"
        self._running += 1
        checker.attempt = attempt = Attempt(
            self._reactor,
            server,
            checker.make_dialog(server),
            place,
            lambda result: self._done(checker, result),
        )
        inter_s = server.description.settings.check.inter_ms / 1000
        timeouts = server.backend.description.timeouts
        if timeouts.check is None:
            attempt.start(inter_s, None)
            return
        connect_s = inter_s
        if timeouts.connect is not None:
            connect_s = min(inter_s, timeouts.connect / 1000)
        attempt.start(connect_s, timeouts.check / 1000)

    def _done(self, checker: Checker, result: Result) -> None:
        server = checker.server
        checker.attempt = None
        self._running -= 1
        now = self._clock()
        if checker.paused or server.admin & Admin.MAINT:
            status = server.check_status.removeprefix("* ")
            server.check_status = "" if status == "INI" else status
        else:
            duration_ms = int((now - checker.started) * 1000)
            announce(server.backend, take_result(server, result, duration_ms, now))
        # A message may have led to the end of all checks.
        if self._stopped:
            return
        self._schedule(checker)
        while self._waiting and self._running < MAX_RUNNING:
            following = self._waiting.popleft()
            if following.wanted():
                self._begin(following)
            else:
                self._schedule(following)

    def _schedule(self, checker: Checker) -> None:
        interval = interval_ms(checker.server) / 1000
        spread = self._state.configuration.global_.spread_checks
        if spread:
            interval += self._draw(-interval, interval) * spread / 100
        delay = max(0.0, checker.started + interval - self._clock())
        checker.timer = self._reactor.callLater(delay, self._due, checker)

    def _server_up(self, server: Server) -> int:
        if server.operational is Operational.STARTING and server not in self._warming:
            self._warm_later(server)
        return 0

    def _warm_later(self, server: Server) -> None:
        length = server.description.settings.slowstart_ms / 1000
        step = max(_SHORTEST_STEP_S, length / _SLOWSTART_STEPS)
        self._warming[server] = self._reactor.callLater(step, self._warm, server)

    def _warm(self, server: Server) -> None:
        del self._warming[server]
        warm(server, self._clock())
        if server.operational is Operational.STARTING:
            self._warm_later(server)
