"""
When servers are checked.

Rules. First checks are spread over the shortest interval of all servers, so that they do not come
at once; from then on each server keeps its own rhythm, counted from the begin of a check. At most
L{MAX_RUNNING} checks of a kind run at a time, others wait their turn: ten thousand dead servers
delay each other, not the traffic. Servers in maintenance are not checked, but their agents are
asked. Servers that the console adds have their first check after one interval.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed

from mwproxy.core.families import PACKAGES, health_checks
from mwproxy.core.registry import load_family
from mwproxy.live.proxies import Say, WorkerState
from mwproxy.live.servers import Operational, Server
from mwproxy.live.states import announce, warm
from mwproxy.net.checks.attempt import Attempt
from mwproxy.net.checks.checker import AgentChecker, Checker, HealthChecker
from mwproxy.net.checks.result import Result

MAX_RUNNING = 100
_SLOWSTART_STEPS = 20
_SHORTEST_STEP_S = 0.05


def _kind(server: Server) -> str:
    """
    Tell which kind of health check a server's backend asks for.
    """
    description = server.backend.description
    if description.spop_check:
        return "spop"
    return "tcp" if description.http_check is None else "http"


class Lane:
    """
    The checks of one kind.

    @ivar running: How many run.

    @ivar waiting: Those whose time has come while L{MAX_RUNNING} run, in order.
    """

    __slots__ = ("running", "waiting")

    def __init__(self) -> None:
        self.running = 0
        self.waiting: deque[Checker] = deque()


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
        #: Agents that stall delay each other, not the checks of health.
        self._lanes: dict[type[Checker], Lane] = {HealthChecker: Lane(), AgentChecker: Lane()}
        self._warming: dict[Server, Any] = {}
        self._stopped = False

    def start(self) -> None:
        """
        Begin to check.
        """
        if "tcp" not in health_checks:
            load_family(PACKAGES["health_checks"])
        self._state.on_server_up.append(self._server_up)
        self._state.on_server_added.append(self._server_added)
        self._state.on_server_gone.append(self._server_gone)
        for backend in self._state.backends.values():
            for server in backend.servers:
                self._checkers += self._checkers_of(server)
        if not self._checkers:
            return
        shortest = min([checker.inter_ms for checker in self._checkers]) / 1000
        # One timer for all first checks: ten thousand at once would hold the worker up.
        begun, step = self._clock(), shortest / len(self._checkers)
        checkers = list(self._checkers)
        self._first_timer = self._reactor.callLater(0, self._begin_first, checkers, 0, begun, step)

    def _checkers_of(self, server: Server) -> list[Checker]:
        """
        Make the checkers of a server, as far as its settings ask for checks.
        """
        settings = server.description.settings
        made: list[Checker] = []
        if settings.check.enabled:
            server.check = HealthChecker(server, health_checks.get(_kind(server)).make)
            made.append(server.check)
        if server.agent is not None:
            server.agent.checker = AgentChecker(server, health_checks.get("agent").make)
            made.append(server.agent.checker)
        return made

    def _begin_first(
        self, checkers: list[Checker], position: int, begun: float, step: float
    ) -> None:
        """
        Begin the first checks of servers whose time has come.

        @param checkers: In order.

        @param position: Which server is next.

        @param begun: When the time of the first server was, on the monotonic clock.

        @param step: Seconds from one server to the next.
        """
        self._first_timer = None
        now = self._clock()
        while position < len(checkers):
            due = begun + position * step
            if due > now:
                self._first_timer = self._reactor.callLater(
                    due - now, self._begin_first, checkers, position, begun, step
                )
                return
            if not checkers[position].gone:
                self._due(checkers[position])
            position += 1

    def stop(self) -> Deferred[None]:
        """
        End all checks.

        @return: Fires at once: nothing is left.
        """
        self._stopped = True
        for hooks, hook in (
            (self._state.on_server_up, self._server_up),
            (self._state.on_server_added, self._server_added),
            (self._state.on_server_gone, self._server_gone),
        ):
            if hook in hooks:
                hooks.remove(hook)
        if self._first_timer is not None:
            self._first_timer.cancel()
            self._first_timer = None
        for checker in self._checkers:
            self._end(checker)
        for lane in self._lanes.values():
            lane.waiting.clear()
        for timer in self._warming.values():
            timer.cancel()
        self._warming.clear()
        return succeed(None)

    def _end(self, checker: Checker) -> None:
        if checker.timer is not None:
            checker.timer.cancel()
            checker.timer = None
        if checker.attempt is not None:
            checker.attempt.stop()
            checker.attempt = None
            self._lanes[type(checker)].running -= 1

    def _server_added(self, server: Server) -> int:
        for checker in self._checkers_of(server):
            self._checkers.append(checker)
            checker.started = self._clock()
            self._schedule(checker)
        return 0

    def _server_gone(self, server: Server) -> int:
        gone = [checker for checker in self._checkers if checker.server is server]
        for checker in gone:
            checker.gone = True
            self._end(checker)
            self._checkers.remove(checker)
            lane = self._lanes[type(checker)]
            if checker in lane.waiting:
                lane.waiting.remove(checker)
            self._begin_waiting(lane)
        warming = self._warming.pop(server, None)
        if warming is not None:
            warming.cancel()
        return 0

    def _due(self, checker: Checker) -> None:
        checker.timer = None
        checker.started = self._clock()
        if not checker.wanted():
            self._schedule(checker)
            return
        lane = self._lanes[type(checker)]
        if lane.running >= MAX_RUNNING:
            lane.waiting.append(checker)
        else:
            self._begin(checker)

    def _begin(self, checker: Checker) -> None:
        server = checker.server
        place = checker.place()
        assert place is not None
        checker.started = self._clock()
        checker.begin()
        self._lanes[type(checker)].running += 1
        checker.attempt = attempt = Attempt(
            self._reactor,
            server,
            checker.make_dialog(server),
            place,
            lambda result: self._done(checker, result),
            proxied=checker.proxied,
        )
        inter_s = checker.inter_ms / 1000
        timeouts = server.backend.description.timeouts
        if timeouts.check is None:
            attempt.start(inter_s, None)
            return
        connect_s = inter_s
        if timeouts.connect is not None:
            connect_s = min(inter_s, timeouts.connect / 1000)
        attempt.start(connect_s, timeouts.check / 1000)

    def _done(self, checker: Checker, result: Result) -> None:
        checker.attempt = None
        lane = self._lanes[type(checker)]
        lane.running -= 1
        now = self._clock()
        if checker.wanted():
            duration_ms = int((now - checker.started) * 1000)
            announce(checker.server.backend, checker.take(result, duration_ms, now))
        else:
            checker.give_up()
        # A message may have led to the end of all checks.
        if self._stopped:
            return
        self._schedule(checker)
        self._begin_waiting(lane)

    def _begin_waiting(self, lane: Lane) -> None:
        while lane.waiting and lane.running < MAX_RUNNING:
            following = lane.waiting.popleft()
            if following.wanted():
                self._begin(following)
            else:
                self._schedule(following)

    def _schedule(self, checker: Checker) -> None:
        interval = checker.interval_ms() / 1000
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
