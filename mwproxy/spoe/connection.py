"""
A connection to an agent: a socket, its conversation, and the questions on it.

What is asked in one turn of the reactor leaves in one C{send} when the turn ends. Whoever asks
gets no answer within the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from mwproxy.live.servers import Server
from mwproxy.net.server_link import ServerLink
from mwproxy.protocols.proxy_protocol import encode_v1, encode_v2
from mwproxy.protocols.spop.errors import BadFrame, Status
from mwproxy.protocols.spop.frames import ABORT, decode_head
from mwproxy.spoe.answers import Change
from mwproxy.spoe.ask import ANSWERS, SENT, Ask
from mwproxy.spoe.conversation import (
    GREETING,
    NEW,
    READY,
    Conversation,
    Event,
    Failed,
    Greeted,
)

if TYPE_CHECKING:
    from mwproxy.spoe.lane import Lane

_READ = 65536
#: Seconds that an agent has to answer our last word.
PARTING_SECONDS = 1.0
#: Seconds that an agent without pipelining may be silent, if nothing else says how long, after the
#: stream that had asked it has given up.
LATE_SECONDS = 10.0
_NO_CHANGES: list[Change] = []


class AgentConnection:
    """
    One connection, from C{connect} on.

    @ivar in_flight: Questions that wait for their answers, by how these begin.

    @ivar longest: Bytes of the longest frame that the agent takes, with its length; 0 before it has
        greeted.

    @ivar room: Whether it stands among those of its lane that take one more.

    @ivar stale: True when it is to be closed as soon as nothing waits on it.

    @ivar expiry: See L{Timed<mwproxy.net.timers.Timed>}; so is C{parked_at}.
    """

    __slots__ = (
        "_batch", "_figures", "_idle", "_key_size", "_late", "_most", "_pipelining", "_reactor",
        "_silent", "expiry", "in_flight", "lane", "link", "longest", "parked_at", "room",
        "stale", "talk",
    )  # fmt: skip

    def __init__(self, lane: Lane) -> None:
        """
        @param lane: The connections of its server.
        """
        self.lane = lane
        self.talk = Conversation(lane.pool.offer)
        self.link = ServerLink(lane.pool.plane, lane.server)
        self.in_flight: dict[bytes, Ask] = {}
        self.longest = 0
        self.room = False
        self.stale = False
        self.expiry = self.parked_at = inf
        self._batch: list[Ask] = []
        self._figures = lane.pool.figures
        self._reactor = lane.pool.plane.reactor
        self._key_size = 0
        self._idle = False
        self._late = False
        self._most = 1
        self._pipelining = False
        self._silent = 0

    @property
    def session(self) -> AgentConnection:
        """
        What ends when handling an event of the socket has failed: itself.
        """
        return self

    @property
    def idle(self) -> bool:
        """
        Whether it is open and has nothing to do.
        """
        return self._idle

    def open(self) -> None:
        """
        Begin to connect.
        """
        self._wait(self.lane.pool.connect_timeout)
        self.link.connect(self, self.lane.server.sockaddr)

    def link_ready(self, link: ServerLink) -> None:
        """
        The connection stands: greet.
        """
        server: Server = link.server
        header = b""
        if server.proxy_header:
            header = encode_v2(None) if server.proxy_header == 2 else encode_v1(None)
        link.on_read = self._readable
        link.on_drained = self._drained
        self._wait(self.lane.pool.hello_timeout)
        self._say(header + self.talk.begin())

    def link_refused(self, link: ServerLink, reason: str) -> None:
        """
        The connection could not be made.
        """
        self._fail(Failed(Status.IO, reason, False))
        self.close()

    def link_broken(self) -> None:
        """
        The connection failed in use. What came before may still be read.
        """
        self._read_rest()
        self._take(self.talk.ended())

    def crashed(self) -> None:
        """
        Handling an event has failed: nothing of it can be trusted.
        """
        self._fail(Failed(Status.UNKNOWN, "internal error", False))
        self.close()

    def send(self, ask: Ask) -> None:
        """
        Ask. Only for one that has L{room}.

        @param ask: The question; its frame is not longer than L{longest}.
        """
        flight = self.in_flight
        figures = self._figures
        if self._idle:
            self._idle = False
            figures.idle -= 1
        key = ask.key
        flight[key] = ask
        self._key_size = len(key)
        ask.step = SENT
        ask.connection = self
        figures.in_flight += 1
        batch = self._batch
        if not batch:
            self._reactor.later.append((self._flush, None))
        batch.append(ask)
        if len(flight) >= self._most:
            self.lane.no_room(self)

    def _flush(self, _: Any) -> None:
        """
        Send what was asked in this turn.
        """
        batch = self._batch
        if not batch or self.talk.phase is not READY:
            return
        self._batch = []
        # Who has given up meanwhile is not asked about.
        if len(batch) > 1:
            asks = [ask for ask in batch if ask.connection is self]
            data = b"".join([ask.frame for ask in asks])
        else:
            asks = batch
            data = asks[0].frame if asks[0].connection is self else b""
        if not data:
            return
        pool = self.lane.pool
        now = self._reactor.now
        self.expiry = now + pool.idle_timeout
        try:
            whole = self.link.write(data)
        except OSError:
            self.link_broken()
            return
        for ask in asks:
            ask.sent = now
            ask.unsent = False
        size = len(data)
        counters = self.lane.server.counters
        counters.bin += size
        counters.lastsess = now
        counters.reuse += len(asks)
        counters = pool.backend.counters
        counters.bin += size
        counters.lastsess = now
        if not whole and self.room:
            self.lane.no_room(self)

    def withdraw(self, ask: Ask) -> None:
        """
        Let go of a question whose answer nobody wants any more.
        """
        if self.in_flight.pop(ask.key, None) is None:
            return
        self.lane.pool.figures.in_flight -= 1
        if self.talk.phase is not READY:
            return
        if ask.unsent:
            self._rested()
            return
        self._silent += 1
        if self._pipelining:
            if self._silent >= self._most:
                # It takes frames and answers none.
                self.part(Status.TIMEOUT, "no answers from the agent")
                return
            self._rested()
        else:
            # It must not be asked before it has answered.
            self._late = True
            limit = self.lane.pool.idle_timeout
            self._wait(LATE_SECONDS if limit == inf else limit)

    def _rested(self) -> None:
        """
        There is one question less on it.
        """
        lane = self.lane
        if self.link.out or self._late:
            return
        while lane.line and len(self.in_flight) < self._most:
            if not lane.next_in_line(self):
                break
        if len(self.in_flight) < self._most and not self.room and not self.stale:
            lane.has_room(self)
        if not self.in_flight and not self._idle:
            self._idle = True
            lane.pool.figures.idle += 1
            if self.stale or lane.pool.leaving:
                self.part(Status.NORMAL)

    def _readable(self) -> None:
        link = self.link
        try:
            data = link.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            self._take(self.talk.ended())
            return
        if not data:
            self._take(self.talk.ended())
            return
        self._received(data)

    def _received(self, data: bytes) -> None:
        pool = self.lane.pool
        talk = self.talk
        if talk.phase is READY:
            self.expiry = self._reactor.now + pool.idle_timeout
        size = len(data)
        self.lane.server.counters.bout += size
        pool.backend.counters.bout += size
        for event in talk.receive(data):
            if type(event) is bytes:
                self._answered(event)
            else:
                self._take((event,))

    def _read_rest(self) -> None:
        """
        Read what came before the connection broke, so that an agent's last word is heard.
        """
        try:
            while self.link.fd >= 0:
                data = self.link.recv(_READ)
                if not data:
                    return
                self._received(data)
        except OSError:
            return

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            if type(event) is bytes:
                self._answered(event)
            elif type(event) is Failed:
                self._fail(event)
            elif type(event) is Greeted:
                self._greeted(event)
            else:
                self.close()

    def _greeted(self, hello: Greeted) -> None:
        pool = self.lane.pool
        self.longest = hello.max_frame_size + 4
        self._pipelining = hello.pipelining
        self._most = pool.max_waiting if hello.pipelining else 1
        self._wait(pool.idle_timeout)
        self.lane.greeted(self, self._most)
        self._rested()
        if self.lane.waiting:
            # It takes less than was thought.
            self.lane.want()

    def _answered(self, frame: bytes) -> None:
        """
        Take an answer. Most have ids as long as those of the question that was sent last.
        """
        # Bytes alone do not count: a frame that never ends swallows all answers behind its head.
        self._silent = 0
        at = self._key_size
        flight = self.in_flight
        ask = flight.pop(frame[:at], None)
        if ask is None:
            try:
                at = decode_head(frame)[4]
            except BadFrame as error:
                self._take(self.talk.refuse(error))
                return
            ask = flight.pop(ANSWERS + frame[5:at], None)
            if ask is None:
                self._figures.strays += 1
                if self._late:
                    self._late = False
                    self._rested()
                return
        pool = self.lane.pool
        try:
            changes = _NO_CHANGES if frame[4] & ABORT else pool.reader.changes(frame[at:])
        except BadFrame as error:
            flight[ask.key] = ask
            self._take(self.talk.refuse(error))
            return
        lane = self.lane
        self._figures.in_flight -= 1
        lane.answered += 1
        left = len(flight)
        if not left and self.room and not lane.line and not self.stale and not pool.leaving:
            self._idle = True
            self._figures.idle += 1
        elif not left or left + 1 == self._most or lane.line:
            self._rested()
        pool.answered(ask, changes)

    def _drained(self) -> None:
        """
        The agent takes frames again.
        """
        if self.talk.phase is READY:
            self._rested()

    def _fail(self, failure: Failed) -> None:
        """
        No more answers will come.
        """
        lane = self.lane
        lane.lost(self, failure)
        if self._idle:
            self._idle = False
            lane.pool.figures.idle -= 1
        asks = list(self.in_flight.values())
        self.in_flight.clear()
        self._batch.clear()
        lane.pool.figures.in_flight -= len(asks)
        if failure.last_words:
            self._wait(PARTING_SECONDS)
            self._say(failure.last_words)
        for ask in asks:
            ask.connection = None
            lane.pool.lost(ask, failure)

    def part(self, status: int, reason: str = "") -> None:
        """
        Say that the connection ends, and wait a moment for the agent to say so too.

        @param status: Why.

        @param reason: The same in words for the log, empty for what is not worth a line.
        """
        words = self.talk.leave(status)
        if words:
            self._fail(Failed(status, reason, False, words))

    def _say(self, data: bytes) -> None:
        if self.link.fd < 0:
            return
        try:
            self.link.write(data)
        except OSError:
            self.link_broken()

    def _wait(self, seconds: float) -> None:
        plane = self.lane.pool.plane
        self.expiry = expiry = plane.reactor.now + seconds
        if expiry < self.parked_at:
            plane.wheel.park(self, expiry)

    def expire(self, now: float) -> None:
        """
        The time has come, whose meaning depends on how far it is.
        """
        phase = self.talk.phase
        if phase is READY and (self._idle or self._late):
            # HAProxy says so too when a connection was idle for too long.
            self.part(Status.TIMEOUT)
        elif phase is READY:
            self._wait(self.lane.pool.idle_timeout)
        elif phase in (NEW, GREETING):
            connecting = phase is NEW
            reason = "Connection timed out" if connecting else "no hello from the agent in time"
            words = self.talk.leave(Status.TIMEOUT)
            self._fail(Failed(Status.TIMEOUT, reason, False, words))
            self.close()
        else:
            self.close()

    def close(self) -> None:
        """
        Close the connection; closing twice does nothing.
        """
        self.lane.pool.plane.wheel.forget(self)
        self.talk.ended()
        self.link.close()
        self.lane.closed(self)

    def end(self) -> None:
        """
        Say that the connection ends and close it at once: the worker ends, or the server is gone.
        """
        words = self.talk.leave(Status.NORMAL)
        if self.link.fd >= 0 and words:
            with suppress(OSError):
                self.link.write(words)
        asks = list(self.in_flight.values())
        self.in_flight.clear()
        self._batch.clear()
        pool = self.lane.pool
        pool.figures.in_flight -= len(asks)
        if self._idle:
            self._idle = False
            pool.figures.idle -= 1
        for ask in asks:
            ask.connection = None
            pool.plane.wheel.forget(ask)
            pool.withdraw(ask)
        self.lane.lost(self, Failed(Status.NORMAL, "", False))
        self.close()
