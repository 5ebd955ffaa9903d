"""
The servers of one agent: which of them is asked, on which connection.

Each question goes through the load balancing of the backend that C{use-backend} names, and takes a
place of its server while it waits for its answer: so weights, states, C{maxconn}, queue and
counters mean for frames what they mean for requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from mwproxy.live.proxies import Backend
from mwproxy.live.rates import RateLimit
from mwproxy.live.servers import Server
from mwproxy.live.spoe import AgentFigures, EngineFigures
from mwproxy.net.plane import Plane
from mwproxy.protocols.spop.hello import EngineHello
from mwproxy.spoe.answers import AnswerReader, Change
from mwproxy.spoe.ask import LINED, NEW, QUEUED, SENT, Ask
from mwproxy.spoe.codes import NO_RESOURCES
from mwproxy.spoe.conversation import Failed
from mwproxy.spoe.lane import Lane
from mwproxy.stream.assignment import enqueue, leave_queue, may_wait, pick, release, take
from mwproxy.stream.routing import seconds

if TYPE_CHECKING:
    from mwproxy.config.spoe_settings import SpoeAgent

#: So many questions of one engine may wait for a server or a connection.
LONGEST_LINE = 16384


class Asker(Protocol):
    """
    Who hears how questions went.
    """

    def answered(self, ask: Ask, changes: list[Change]) -> None:
        """
        There is an answer.
        """

    def lost(self, ask: Ask, failure: Failed) -> None:
        """
        The connection is gone on which an answer was awaited.
        """

    def failed(self, ask: Ask, code: int) -> None:
        """
        It cannot be asked.

        @param code: As C{option set-on-error} has it.
        """


class Pool:
    """
    All connections of one engine.

    @ivar max_waiting: C{max-waiting-frames}.

    @ivar leaving: True once connections are to be closed as they become idle.

    @ivar connect_timeout: In seconds, infinite for none; so are the next two.
    """

    def __init__(
        self,
        plane: Plane,
        agent: SpoeAgent,
        backend: Backend,
        engine_id: str,
        asker: Asker,
        reader: AnswerReader,
        figures: EngineFigures,
        say: Callable[[str, str], None],
    ) -> None:
        """
        @param engine_id: What agents know the engine by.

        @param say: Logs of a server, given its name, what happened to a connection.
        """
        self.plane = plane
        self.backend = backend
        self.reader = reader
        self.figures = figures
        self.pipelining = agent.pipelining
        self.max_waiting = max(1, agent.max_waiting_frames)
        self.leaving = False
        self.offer = EngineHello(
            agent.max_frame_size,
            frozenset({"pipelining"}) if agent.pipelining else frozenset(),
            engine_id=engine_id,
        )
        timeouts = backend.description.timeouts
        self.connect_timeout = seconds(timeouts.connect)
        self.hello_timeout = seconds(agent.timeout_hello_ms)
        self.idle_timeout = min(seconds(agent.timeout_idle_ms), seconds(timeouts.server))
        self._asker = asker
        self._say = say
        self._rate = RateLimit(agent.maxconnrate)
        self._lanes: dict[Server, Lane] = {}
        figures.servers = self._servers

    def submit(self, ask: Ask, avoid: Server | None = None) -> None:
        """
        Have a question sent.

        @param ask: It stands nowhere.

        @param avoid: A server not to be asked if there is another.
        """
        backend = self.backend
        if self.figures.waiting >= LONGEST_LINE:
            self._asker.failed(ask, NO_RESOURCES)
            return
        counters = backend.counters
        counters.stot += 1
        counters.scur = current = counters.scur + 1
        if current > counters.smax:
            counters.smax = current
        balancer = backend.balancer
        server = None
        if not backend.queue or balancer.sticky:
            server = balancer.pick(ask, avoid)
        if server is None:
            self._wait_for_server(ask)
            return
        # What take does, in one piece.
        counters.lbtot += 1
        server.current = current = server.current + 1
        counters = server.counters
        counters.lbtot += 1
        counters.stot += 1
        counters.scur = current
        if current > server.used_max:
            server.used_max = current
            if current > counters.smax:
                counters.smax = current
        if balancer.tracks_load:
            balancer.load_changed(server)
        ask.server = server
        lane = self._lanes.get(server)
        if lane is None:
            lane = self._lane(server)
        ready = lane.ready
        if ready and len(ask.frame) <= ready[-1].longest:
            ready[-1].send(ask)
        elif lane.resting:
            self.elsewhere(ask, server)
        else:
            lane.take(ask)

    def go(self, ask: Ask, server: Server) -> None:
        """
        Go on with a question whose wait in the queue is over.

        @param server: A place of it was taken.
        """
        self.figures.waiting -= 1
        self._lane(server).take(ask)

    def elsewhere(self, ask: Ask, server: Server) -> None:
        """
        Ask another server than one that cannot be reached; that one all the same if there is no
        other, or if none of the others can be reached either.

        @param ask: It has a place of the server and stands in no line.
        """
        ask.step = NEW
        ask.server = None
        release(server)
        other = pick(ask, self.backend, server)  # type: ignore[arg-type]
        if other not in (None, server) and server.usable_now and self._lane(other).resting:
            ask.server = None
            release(other)
            other = None
        if other is None:
            if not server.usable_now:
                self._wait_for_server(ask)
                return
            take(server, ask)  # type: ignore[arg-type]
            other = server
        elif other is not server:
            self.backend.counters.wredis += 1
            other.counters.wredis += 1
        self._lane(other).take(ask)

    def _wait_for_server(self, ask: Ask) -> None:
        backend = self.backend
        if may_wait(backend):
            ask.step = QUEUED
            self.figures.waiting += 1
            enqueue(ask, ask, backend)  # type: ignore[arg-type]
        else:
            backend.counters.scur -= 1
            self._asker.failed(ask, NO_RESOURCES)

    def withdraw(self, ask: Ask) -> None:
        """
        Take a question out of wherever it stands, and give its server's place back.
        """
        step = ask.step
        ask.step = NEW
        if step not in (QUEUED, LINED, SENT):
            return
        backend = self.backend
        backend.counters.scur -= 1
        if step == QUEUED:
            self.figures.waiting -= 1
            leave_queue(ask, backend)  # type: ignore[arg-type]
            return
        server = ask.server
        if server is None:
            return
        if step == LINED:
            self._lane(server).withdraw(ask)
        elif step == SENT and ask.connection is not None:
            ask.connection.withdraw(ask)
        ask.connection = None
        ask.server = None
        release(server)

    def answered(self, ask: Ask, changes: list[Change]) -> None:
        """
        Bring an answer.
        """
        ask.connection = None
        ask.step = NEW
        server = ask.server
        ask.server = None
        backend = self.backend
        backend.counters.scur -= 1
        if backend.queue or backend.balancer.tracks_load or server is None:
            if server is not None:
                release(server)
        else:
            server.current = server.counters.scur = server.current - 1
        self._asker.answered(ask, changes)

    def lost(self, ask: Ask, failure: Failed) -> None:
        """
        Tell that there will be no answer on a connection.
        """
        self._asker.lost(ask, failure)

    def give_up(self, ask: Ask, code: int) -> None:
        """
        Tell that a question will not be sent, when the events of this turn are handled: whoever
        gets its place may have to give up too.

        @param code: As C{option set-on-error} has it.
        """
        ask.step = SENT
        self.plane.reactor.later.append((self._gave_up, (ask, code)))

    def _gave_up(self, found: tuple[Ask, int]) -> None:
        ask, code = found
        if ask.step == SENT:
            self._asker.failed(ask, code)

    def connection_delay(self, now: float) -> float:
        """
        Tell when another connection may be made (C{maxconnrate}).

        @return: Seconds, 0.0 for now.
        """
        rate = self._rate
        if not rate.limit or rate.room(self.figures.opened, now):
            return 0.0
        return rate.delay(now)

    def say(self, server: Server, text: str) -> None:
        """
        Log what happened to a connection.
        """
        self._say(server.name, text)

    def count_failure(self, server: Server, reason: str) -> None:
        """
        Count a connection that could not be made.
        """
        server.last_error = reason
        server.counters.econ += 1
        self.backend.counters.econ += 1

    def server_down(self, server: Server) -> None:
        """
        A server is not to be used any more: what waits goes elsewhere, what is asked is finished.
        """
        lane = self._lanes.get(server)
        if lane is not None:
            lane.retire()
            lane.send_on()

    def server_moved(self, server: Server) -> None:
        """
        A server has another address: connections to the former one are finished.
        """
        lane = self._lanes.get(server)
        if lane is not None:
            lane.retire()

    def server_gone(self, server: Server) -> None:
        """
        A server was deleted.
        """
        lane = self._lanes.pop(server, None)
        if lane is not None:
            lane.close()

    def leave(self) -> None:
        """
        Close connections as they become idle, from now on.
        """
        self.leaving = True
        for lane in list(self._lanes.values()):
            lane.retire()

    def close(self) -> None:
        """
        Close everything at once.
        """
        self.leaving = True
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()

    def _lane(self, server: Server) -> Lane:
        lane = self._lanes.get(server)
        if lane is None:
            lane = self._lanes[server] = Lane(self, server)
        return lane

    def _servers(self) -> list[AgentFigures]:
        return [lane.figures() for lane in self._lanes.values()]
