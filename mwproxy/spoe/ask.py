"""
One question to an agent: a NOTIFY on its way, from the event that asks to the verdict.

To the balance algorithm, to C{maxconn} and to the queue of the agent's backend it is a stream like
any other: it has a session (the asking client's), gets a server, and gives it back.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from mwproxy.net.exchange import DONE as STREAM_DONE
from mwproxy.protocols.spop.frames import FIN, Kind
from mwproxy.protocols.spop.notify import notify_frame
from mwproxy.protocols.spop.varint import encode_varint

if TYPE_CHECKING:
    from mwproxy.live.servers import Server
    from mwproxy.spoe.connection import AgentConnection
    from mwproxy.spoe.engine import Engine
    from mwproxy.spoe.plan import Plan

#: How answers begin, before stream-id and frame-id: type and flags.
ANSWERS = bytes((Kind.ACK,)) + FIN.to_bytes(4, "big")
_FIRST = encode_varint(1)
#: Where it stands: not begun; in the backend's queue; in the line for a connection; on a
#: connection; resting before it is asked again; over.
NEW, QUEUED, LINED, SENT, RESTING, DONE = range(6)


class Part:
    """
    What an engine remembers of a stream.

    @ivar stream_id: As agents and log know the stream.   @ivar head: The same as it is sent.

    @ivar frames: How many frames were sent for it.

    @ivar off: True when no more is asked about it, an error having occurred.

    @ivar total_ms: How long it has waited, all told.
    """

    __slots__ = ("frames", "head", "off", "stream_id", "total_ms")

    def __init__(self, stream_id: int) -> None:
        self.stream_id = stream_id
        self.head = encode_varint(stream_id)
        self.frames = 0
        self.off = False
        self.total_ms = 0


class Ask:
    """
    One question.

    @ivar asker: The stream that asks.

    @ivar session: Its client's session.

    @ivar plan: The event or group.

    @ivar policy: What becomes of the stream when there is no answer: C{open}, C{closed}, C{wait}.

    @ivar frame: What is sent.   @ivar key: How its answer begins, ids included.

    @ivar step: Where it stands, one of the numbers above.

    @ivar server: The server that it has a place of, L{None} for none.

    @ivar connection: The connection that it waits on, L{None} for none.

    @ivar unsent: True until its frame was given to the system.

    @ivar repeated: True once it was sent again because an agent left.

    @ivar rests: How often it has rested.

    @ivar begun: When the event came and its frame was made; L{sent} and L{received}: when it was
        sent, and answered; 0.0 for not yet. Seconds of the reactor's clock.

    @ivar backend_queue: The queue writes here how many it held; unset before.

    @ivar started: The same as L{begun} by a clock that does not wait for the reactor.

    @ivar limit: Seconds that one attempt may take, infinite for any time.

    @ivar deadline: When there is no use to ask again.

    @ivar expiry: See L{Timed<mwproxy.net.timers.Timed>}; so is C{parked_at}.
    """

    __slots__ = (
        "asker", "backend_queue", "begun", "connection", "deadline", "decide", "engine",
        "expiry", "frame", "key", "limit", "parked_at", "part", "plan",
        "policy", "received", "repeated", "rests", "sent", "server", "session", "started", "step",
        "unsent",
    )  # fmt: skip

    server: Server | None
    connection: AgentConnection | None
    decide: Callable[[Any], None] | None

    def __init__(
        self, engine: Engine, plan: Plan, asker: Any, part: Part, payload: bytes, policy: str,
        limit: float, now: float,
    ) -> None:  # fmt: skip
        """
        @param part: What the engine remembers of the stream.

        @param payload: The messages.

        @param now: The reactor's clock.
        """
        self.engine = engine
        self.plan = plan
        self.asker = asker
        self.session = asker.session
        self.part = part
        self.policy = policy
        self.limit = limit
        self.begun = now
        self.started = monotonic()
        # One by one: the interpreter is quick with attributes that no class has a value for.
        self.server = self.connection = self.decide = None
        self.step = NEW
        self.rests = 0
        self.unsent = True
        self.repeated = False
        self.sent = self.received = 0.0
        self.deadline = self.expiry = self.parked_at = inf
        part.frames = frames = part.frames + 1
        ids = part.head + (_FIRST if frames == 1 else encode_varint(frames))
        self.key = ANSWERS + ids
        self.frame = notify_frame(payload, ids)

    def number(self) -> None:
        """
        Give the frame a number of its own: an answer to an earlier attempt is none to this one.
        """
        part = self.part
        part.frames = frames = part.frames + 1
        ids = part.head + encode_varint(frames)
        payload = self.frame[4 + len(self.key) :]
        self.key = ANSWERS + ids
        self.frame = notify_frame(payload, ids)
        self.unsent = True

    def begin(self, decide: Callable[[Any], None]) -> None:
        """
        Ask. See L{Wait<mwproxy.rules.ruleset.Wait>}.

        @param decide: Called once with the verdict.
        """
        self.decide = decide
        self.engine.begin(self)

    @property
    def pointless(self) -> bool:
        """
        Whether nobody waits for the answer any more.
        """
        return bool(self.asker.step == STREAM_DONE)

    def expire(self, now: float) -> None:
        """
        The time has come.
        """
        self.engine.expired(self, now)

    # What a queue wants of those that wait (stream/assignment.py).

    @property
    def stream(self) -> Ask:
        """
        The stream that waits: itself.
        """
        return self

    def server_free(self, server: Server) -> None:
        """
        The wait in the queue is over.
        """
        self.engine.pool.go(self, server)

    def leave_queue(self) -> None:
        """
        Stop waiting for a server: the engine takes it out with the rest.
        """

    def refused(self, status: int, cause: str, phase: str) -> None:
        """
        There is no server any more.
        """
        self.engine.no_server(self)
