"""
What an engine and an agent say to each other on one connection (SPOE.txt 3.2): bytes in, events
out. Nothing here knows a socket or a clock.

The phases are those of L{Phase}::

    NEW --begin()--> GREETING --AGENT-HELLO--> READY
    GREETING, READY --broken rule, leave()--> PARTING: we have said HAPROXY-DISCONNECT
    any --AGENT-DISCONNECT, end of file--> OVER

Once the peer or we have said the last word (L{Failed}), no answer counts any more. What comes while
we wait for the agent's own last word is not looked at, except for that word.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, TypeAlias

from mwproxy.protocols.spop.disconnect import decode_disconnect, encode_disconnect
from mwproxy.protocols.spop.errors import BadFrame, Status
from mwproxy.protocols.spop.frames import FIN, FrameReader, Kind, check_ids, decode_head
from mwproxy.protocols.spop.hello import EngineHello, decode_agent_hello, encode_engine_hello

#: How the frames of answers begin: their type and flags.
_ACK = bytes((Kind.ACK,)) + FIN.to_bytes(4, "big")
#: Of any frame: length, type, flags and two ids.
_SHORTEST = 11


class Phase(Enum):
    """
    How far a conversation is.
    """

    NEW = "new"
    GREETING = "greeting"
    READY = "ready"
    PARTING = "parting"
    OVER = "over"


# Members of a class are found more slowly than names of a module.
NEW, GREETING, READY, PARTING, OVER = Phase


class Greeted(NamedTuple):
    """
    The agent has said hello.

    @ivar max_frame_size: The longest frame from now on, in bytes.

    @ivar pipelining: Whether it takes a frame before it has answered the one before.
    """

    max_frame_size: int
    pipelining: bool


class Failed(NamedTuple):
    """
    No more answers will come on this connection.

    @ivar status: Of the DISCONNECT frame; L{Status.IO} when the connection ended without one.

    @ivar reason: The same in words.

    @ivar by_agent: True when the agent said so, false when it was found out here.

    @ivar last_words: What is to be sent, empty for nothing.
    """

    status: int
    reason: str
    by_agent: bool
    last_words: bytes = b""


class Over(NamedTuple):
    """
    The connection is to be closed.
    """


#: An answer is the frame of an ACK, which is not fragmented; it is read by who knows the question.
Event: TypeAlias = Greeted | bytes | Failed | Over


class Conversation:
    """
    One connection's protocol.

    @ivar phase: How far it is.
    """

    __slots__ = ("_clean", "_longest", "_offer", "_reader", "phase")

    def __init__(self, offer: EngineHello) -> None:
        """
        @param offer: What the engine says of itself.
        """
        self._offer = offer
        self._longest = 0
        #: Whether answers are awaited, and nothing of one has come.
        self._clean = False
        self._reader = FrameReader(offer.max_frame_size)
        self.phase = NEW

    def begin(self) -> bytes:
        """
        Greet.

        @return: What to send.
        """
        assert self.phase is NEW
        self.phase = GREETING
        return encode_engine_hello(self._offer)

    def leave(self, status: int = Status.NORMAL, reason: str = "") -> bytes:
        """
        Say that the connection ends.

        @param status: Why.

        @param reason: The same in words, empty for the usual ones.

        @return: What to send; empty when there is nothing to be said any more.
        """
        if self.phase not in (GREETING, READY):
            return b""
        self.phase = PARTING
        self._clean = False
        return encode_disconnect(Kind.HAPROXY_DISCONNECT, status, reason)

    def receive(self, data: bytes) -> list[Event]:
        """
        Take what came.

        @param data: Bytes, cut anywhere.

        @return: What follows from them, in order.
        """
        if (
            self._clean
            and data[4:9] == _ACK
            and int.from_bytes(data[:4], "big") + 4 == len(data)
            and _SHORTEST <= len(data) <= self._longest
        ):
            # One answer and nothing else: the usual case.
            return [data[4:]]
        events = self._read(data)
        self._clean = self.phase is READY and not self._reader.pending
        return events

    def _read(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        reader = self._reader
        try:
            if self.phase is READY:
                for whole in reader.cut(data):
                    if whole.startswith(_ACK):
                        events.append(whole)
                    else:
                        self._take(whole, events)
                        if self.phase is not READY:
                            return events
                if not reader.pending:
                    return events
            else:
                reader.feed(data)
            while self.phase is not OVER:
                frame = reader.next()
                if frame is None:
                    break
                self._take(frame, events)
        except BadFrame as error:
            self._refuse(error, events)
        return events

    def ended(self) -> list[Event]:
        """
        Take notice that the connection is gone.

        @return: What follows from that.
        """
        events: list[Event] = []
        if self.phase is not OVER:
            if self.phase is not PARTING:
                events.append(Failed(Status.IO, "connection closed by the agent", False))
            self.phase = OVER
            self._clean = False
            events.append(Over())
        return events

    def refuse(self, error: BadFrame) -> list[Event]:
        """
        End it for a frame whose contents turned out to be wrong.

        @return: What follows from that.
        """
        events: list[Event] = []
        self._refuse(error, events)
        return events

    def _refuse(self, error: BadFrame, events: list[Event]) -> None:
        if self.phase is PARTING:
            # It does not keep to the rules even now: no more is to be expected of it.
            self.phase = OVER
            events.append(Over())
        elif self.phase is not OVER:
            events.append(Failed(error.status, str(error), False, self.leave(error.status)))

    def _take(self, frame: bytes, events: list[Event]) -> None:
        kind, flags, stream_id, frame_id, at = decode_head(frame)
        if kind == Kind.ACK and self.phase is READY:
            if not flags & FIN:
                raise BadFrame(Status.NO_FRAGMENTS)
            events.append(frame)
        elif kind == Kind.AGENT_DISCONNECT:
            self._take_disconnect(frame, at, events)
        elif self.phase is PARTING:
            return
        elif not flags & FIN or kind == Kind.UNSET:
            raise BadFrame(Status.NO_FRAGMENTS)
        elif kind == Kind.AGENT_HELLO and self.phase is GREETING:
            check_ids(stream_id, frame_id)
            hello = decode_agent_hello(frame, at, self._offer.max_frame_size)
            self.phase = READY
            self._reader.max_size = hello.max_frame_size
            self._longest = hello.max_frame_size + 4
            both = self._offer.capabilities & hello.capabilities
            events.append(Greeted(hello.max_frame_size, "pipelining" in both))
        elif self.phase is GREETING:
            raise BadFrame(detail=f"frame of type {kind} in place of a hello")
        elif kind in (Kind.AGENT_HELLO, Kind.HAPROXY_HELLO, Kind.HAPROXY_DISCONNECT, Kind.NOTIFY):
            raise BadFrame(detail=f"frame of type {kind}")
        # Frames of unknown types are skipped (SPOE.txt 3.2.2).

    def _take_disconnect(self, frame: bytes, at: int, events: list[Event]) -> None:
        if self.phase is not PARTING:
            said = decode_disconnect(frame, at)
            reason = said.message.encode("ascii", "backslashreplace").decode()[:200]
            reason = f"disconnected by the agent: {reason} (status {said.status})"
            events.append(Failed(said.status, reason, True))
        self.phase = OVER
        events.append(Over())
