"""
The connections to one server of an agent, and the line of questions that wait for one.

A question goes to the connection used last that takes one more; so what is not needed grows idle
and is closed. Another connection is made when those that are being made will not do for the line.
After a failed attempt the server is left alone for a moment, which doubles from attempt to
attempt; questions go elsewhere meanwhile, if they can.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

from mwproxy.live.servers import Server
from mwproxy.live.spoe import AgentFigures
from mwproxy.protocols.spop.errors import Status
from mwproxy.spoe.ask import LINED, Ask
from mwproxy.spoe.codes import INTERRUPTED, TOO_BIG
from mwproxy.spoe.connection import AgentConnection
from mwproxy.spoe.conversation import Failed, Phase

if TYPE_CHECKING:
    from mwproxy.spoe.pool import Pool

#: Seconds between attempts to connect: the first delay, and the longest.
FIRST_DELAY, LONGEST_DELAY = 0.05, 0.25
#: Seconds between log lines that say the same.
QUIET = 1.0


class Lane:
    """
    One server's connections.

    @ivar connections: Those that can be used, or will be when the agent has greeted.

    @ivar ready: Those that take one more question; the last one is used first.

    @ivar line: Questions that wait, oldest first; those that have left it meanwhile stay until
        their turn comes and are passed over then.

    @ivar waiting: How many really wait.

    @ivar opened: Connections made so far.   @ivar failed: Attempts that failed.

    @ivar answered: Answers that came so far.

    @ivar expiry: See L{Timed<mwproxy.net.timers.Timed>}; so is C{parked_at}.
    """

    __slots__ = (
        "_coming", "_delay", "_expected", "_parting", "_rests_until", "_said",
        "_said_at", "answered",
        "connections", "expiry", "failed", "line", "opened", "parked_at", "pool", "ready", "server",
        "waiting",
    )  # fmt: skip

    def __init__(self, pool: Pool, server: Server) -> None:
        self.pool = pool
        self.server = server
        self.connections: set[AgentConnection] = set()
        self._parting: set[AgentConnection] = set()
        self.line: deque[Ask] = deque()
        self.waiting = 0
        self.opened = self.failed = self.answered = 0
        self.expiry = self.parked_at = inf
        self.ready: list[AgentConnection] = []
        self._coming = 0
        # Until one says otherwise, agents are thought to keep to what is configured.
        self._expected = pool.max_waiting if pool.pipelining else 1
        self._delay = 0.0
        self._rests_until = 0.0
        self._said = ""
        self._said_at = 0.0

    @property
    def resting(self) -> bool:
        """
        Whether it was not reached lately, and is left alone for now.
        """
        return not self.ready and self._rests_until > self.pool.plane.reactor.now

    def take(self, ask: Ask) -> None:
        """
        Send a question, or have it wait for a connection.

        @param ask: The question, which has a place of the server.
        """
        if self.ready:
            connection = self.ready[-1]
            if len(ask.frame) > connection.longest:
                self.pool.give_up(ask, TOO_BIG)
                return
            connection.send(ask)
            return
        ask.step = LINED
        self.line.append(ask)
        self.waiting += 1
        self.pool.figures.waiting += 1
        self.want()

    def next_in_line(self, connection: AgentConnection) -> bool:
        """
        Send the oldest question that waits.

        @param connection: It has room for one.

        @return: False when there was none.
        """
        line = self.line
        while line:
            ask = line.popleft()
            if ask.step != LINED or ask.server is not self.server:
                continue
            self._left_line()
            if ask.pointless:
                self.pool.give_up(ask, INTERRUPTED)
                continue
            if len(ask.frame) > connection.longest:
                self.pool.give_up(ask, TOO_BIG)
                continue
            connection.send(ask)
            return True
        return False

    def withdraw(self, ask: Ask) -> None:
        """
        Let a question leave the line.
        """
        self._left_line()
        if not self.waiting:
            self.line.clear()

    def _left_line(self) -> None:
        self.waiting -= 1
        self.pool.figures.waiting -= 1

    def want(self) -> None:
        """
        Make connections for those that wait.
        """
        pool = self.pool
        while self.waiting > self._coming * self._expected:
            now = pool.plane.reactor.now
            delay = self._rests_until - now
            if delay <= 0:
                delay = pool.connection_delay(now)
            if delay > 0:
                self._look_again(now + delay)
                return
            self._open()

    def _open(self) -> None:
        connection = AgentConnection(self)
        self.connections.add(connection)
        self._coming += 1
        self.opened += 1
        self.pool.figures.opened += 1
        self.pool.figures.connections += 1
        connection.open()

    def _look_again(self, when: float) -> None:
        self.expiry = when
        if when < self.parked_at:
            self.pool.plane.wheel.park(self, when)

    def expire(self, now: float) -> None:
        """
        Look again whether connections are to be made.
        """
        self.want()

    def greeted(self, connection: AgentConnection, most: int) -> None:
        """
        Take notice that a connection can be used.

        @param most: How many questions may wait on it.
        """
        self._coming -= 1
        self._expected = most
        self._delay = self._rests_until = 0.0
        self._said = ""

    def has_room(self, connection: AgentConnection) -> None:
        """
        Let a connection be asked.
        """
        connection.room = True
        self.ready.append(connection)

    def no_room(self, connection: AgentConnection) -> None:
        """
        Do not ask a connection for now.
        """
        if connection.room:
            connection.room = False
            if self.ready[-1] is connection:
                self.ready.pop()
            else:
                self.ready.remove(connection)

    def lost(self, connection: AgentConnection, failure: Failed) -> None:
        """
        Take notice that a connection cannot be used any more.

        @param failure: Why.
        """
        if connection not in self.connections:
            return
        self.no_room(connection)
        self.connections.discard(connection)
        self._parting.add(connection)
        self.pool.figures.connections -= 1
        if not connection.longest:
            self._not_reached(failure)
        elif failure.status != Status.NORMAL and failure.reason:
            self.pool.say(self.server, f"connection lost: {failure.reason}")
        if self.waiting:
            self.want()

    def _not_reached(self, failure: Failed) -> None:
        """
        A connection could not be made: those that wait try elsewhere.
        """
        pool = self.pool
        self._coming -= 1
        self.failed += 1
        self._delay = min(LONGEST_DELAY, self._delay * 2 or FIRST_DELAY)
        self._rests_until = pool.plane.reactor.now + self._delay
        pool.count_failure(self.server, failure.reason)
        now = pool.plane.reactor.now
        if failure.reason != self._said or now >= self._said_at + QUIET:
            self._said, self._said_at = failure.reason, now
            pool.say(self.server, f"connection failed: {failure.reason}")
        if not self.ready and not self._coming:
            self.send_on()

    def send_on(self) -> None:
        """
        Give those that wait to other servers, if there are any.
        """
        line = self.line
        self.line = deque()
        for ask in line:
            if ask.step == LINED and ask.server is self.server:
                self._left_line()
                self.pool.elsewhere(ask, self.server)

    def closed(self, connection: AgentConnection) -> None:
        """
        Forget a connection.
        """
        self._parting.discard(connection)

    def retire(self) -> None:
        """
        Ask no more on the connections there are, and close each as soon as nothing waits on it.
        """
        for connection in list(self.connections):
            connection.stale = True
            self.no_room(connection)
            if connection.idle:
                connection.part(Status.NORMAL)

    def close(self) -> None:
        """
        Close everything at once.
        """
        self.pool.plane.wheel.forget(self)
        self.line.clear()
        for connection in [*self.connections, *self._parting]:
            connection.end()

    def figures(self) -> AgentFigures:
        """
        Tell what there is.
        """
        idle = sum(each.idle for each in self.connections)
        greeting = sum(each.talk.phase in (Phase.NEW, Phase.GREETING) for each in self.connections)
        server = self.server
        return AgentFigures(
            server.name,
            "UP" if server.usable_now else "NOLB" if server.up else "DOWN",
            len(self.connections),
            greeting,
            idle,
            sum(len(each.in_flight) for each in self.connections),
            self.waiting,
            self.opened,
            self.failed,
            self.answered,
        )
