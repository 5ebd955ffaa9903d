"""
One connection of an engine.

Answers are written to the socket at once; Twisted's transport gets what is left of them, and is
asked to tell when that is gone. Reading stops until then, and while the agent has as much in work
as it may; so what a connection holds is bounded by a frame, what one C{dataReceived} brings, and
the answers to that. The answers to all that came at once leave in one write: HAProxy 3.2 up to
3.2.22 resets connections whose hello comes in pieces.

When the agent leaves, a connection is told so together with an answer: without pipelining the
engine cannot have sent the next NOTIFY yet, and none is lost. With pipelining it can, so the last
answers are held back for a moment, in which their requests ask for nothing more; they leave with
the message once nothing has come for that long. A connection that is asked nothing any more is told
after a while.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import Protocol
from zope.interface import implementer

from mwproxy.protocols.spop.disconnect import decode_disconnect, encode_disconnect
from mwproxy.protocols.spop.errors import BadFrame, Status
from mwproxy.protocols.spop.frames import (
    FrameReader,
    Kind,
    check_ids,
    decode_head,
    refuse_fragment,
)
from mwproxy.protocols.spop.hello import AgentHello, decode_engine_hello, encode_agent_hello
from mwproxy.protocols.spop.notify import decode_notify
from mwproxy.spoa.work import Work

if TYPE_CHECKING:
    from mwproxy.spoa.service import AgentService

#: Answers are written when so many bytes are together.
_BATCH = 65536
#: Seconds that an engine has to close behind our DISCONNECT.
_FAREWELL = 1.0
#: Seconds until a connection that leaves looks again whether nothing is in work.
_RETRY = 0.1
#: Seconds between two looks whether an engine that is not read from is still there.
_WATCH = 1.0
#: Seconds that nothing has to come, with pipelining, until a connection that leaves ends.
_QUIET = 0.005
#: Seconds that answers are held back at most.
_LONGEST_HOLD = 0.05
#: Frames that only an agent may send.
_OURS = frozenset((Kind.AGENT_HELLO, Kind.AGENT_DISCONNECT, Kind.ACK))
_CAPABILITIES = frozenset(("pipelining",))


class Phase(Enum):
    """
    How far a connection is.
    """

    GREETING = "the engine has to say hello"
    SERVING = "NOTIFY frames are answered"
    ENDING = "the last frame is written, or going to be"
    CLOSED = "our side is closed"


@implementer(IPullProducer)
class Connection(Protocol):
    """
    Says hello, reads NOTIFY frames, writes ACK frames, says farewell.

    @ivar peer: Where the engine connects from.

    @ivar phase: How far it is.
    """

    transport: Any

    def __init__(self, service: AgentService) -> None:
        self.peer = "?"
        self._service = service
        self._agent = service.agent
        self._counters = service.counters
        self._reader = FrameReader(service.agent.max_frame_size)
        self.phase = Phase.GREETING
        self._leaving = False
        self._pipelining = False
        self._held_until: float | None = None
        self._blocked = False
        self._waiting = False
        self._working = False
        self._out: list[bytes] = []
        self._out_size = 0
        self._work = Work(service, self._answer)
        self._timer: Any = None
        self._watch: Any = None

    def connectionMade(self) -> None:
        """
        Wait for the engine's hello.
        """
        self.peer = _peer_name(self.transport.getPeer())
        self._service.opened(self)
        limit = self._agent.hello_timeout_ms / 1000
        self._timer = self._service.clock.callLater(limit, self._no_hello)

    def connectionLost(self, reason: object = None) -> None:
        """
        Stop what nobody waits for any more.
        """
        self.phase = Phase.CLOSED
        self._stop_timer()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._waiting:
            self._service.slots.forget(self._slot_is_free)
        self._work.abandon()
        self._service.closed(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Take bytes of the engine; behind the end they are thrown away.
        """
        if self._open:
            self._reader.feed(data)
            self._go_on()

    def resumeProducing(self) -> None:
        """
        The transport has written all that it had: go on.
        """
        if self._blocked and not self._working:
            self._blocked = False
            self.transport.unregisterProducer()
            self._pause_or_resume()
            self._go_on()

    def stopProducing(self) -> None:
        """
        The connection is lost, C{connectionLost} follows.
        """

    def leave(self, linger: float) -> None:
        """
        End the connection when nothing is in work.

        @param linger: Seconds to wait for a NOTIFY whose answer can bring the message.
        """
        if self._leaving or not self._open:
            return
        self._leaving = True
        self._restart_timer(linger, self._leave_now)

    def abort(self) -> None:
        """
        End the connection at once.
        """
        self.transport.abortConnection()

    @property
    def _open(self) -> bool:
        return self.phase is Phase.GREETING or self.phase is Phase.SERVING

    def _go_on(self) -> None:
        if self._working:
            return
        self._working = True
        try:
            while self._open and not self._blocked:
                if self._service.slots.full and self._reader.pending:
                    self._wait_for_slot()
                    break
                frame = self._reader.next()
                if frame is None:
                    break
                self._take(frame)
                if self._out_size > _BATCH:
                    self._flush()
        except BadFrame as error:
            self._refuse(error)
        finally:
            self._working = False
        self._flush()

    def _wait_for_slot(self) -> None:
        if not self._waiting:
            self._waiting = True
            self._service.slots.wait(self._slot_is_free)
            self._pause_or_resume()

    def _slot_is_free(self) -> None:
        self._waiting = False
        self._pause_or_resume()
        self._go_on()

    def _pause_or_resume(self) -> None:
        if self._blocked or self._waiting:
            self.transport.pauseProducing()
            if self._watch is None:
                self._watch = self._service.clock.callLater(_WATCH, self._look)
        else:
            self.transport.resumeProducing()

    def _look(self) -> None:
        # Who is not read from is not heard closing either: what is in work for an engine that is
        # gone would keep its places for ever.
        self._watch = None
        if self._blocked or self._waiting:
            if _hung_up(self.transport.getHandle()):
                self.abort()
            else:
                self._watch = self._service.clock.callLater(_WATCH, self._look)

    def _take(self, frame: bytes) -> None:
        kind, flags, stream_id, frame_id, at = decode_head(frame)
        if kind == Kind.NOTIFY and self.phase is Phase.SERVING:
            refuse_fragment(kind, flags)
            self._work.take(decode_notify(frame, at), stream_id, frame_id)
            return
        refuse_fragment(kind, flags)
        if kind == Kind.HAPROXY_HELLO:
            check_ids(stream_id, frame_id)
            self._hello(frame, at)
        elif kind == Kind.HAPROXY_DISCONNECT:
            check_ids(stream_id, frame_id)
            self._disconnected(frame, at)
        elif kind == Kind.NOTIFY:
            raise BadFrame(detail="NOTIFY before HAPROXY-HELLO")
        elif kind in _OURS:
            raise BadFrame(detail=f"an engine sends no {Kind(kind).name.replace('_', '-')}")
        # Unknown frames may be skipped (SPOE.txt 3.2.2).

    def _hello(self, frame: bytes, at: int) -> None:
        if self.phase is not Phase.GREETING:
            raise BadFrame(detail="second HAPROXY-HELLO")
        hello = decode_engine_hello(frame, at)
        if not self._leaving:
            self._stop_timer()
        self.phase = Phase.SERVING
        size = min(hello.max_frame_size, self._agent.max_frame_size)
        self._reader.max_size = self._work.max_size = size
        self._work.peer = self.peer
        self._work.engine_id = hello.engine_id
        both = hello.capabilities & _CAPABILITIES
        self._pipelining = bool(both)
        self._put(encode_agent_hello(AgentHello(size, both)))
        if hello.healthcheck:
            self._counters.checks += 1
            self._end()

    def _disconnected(self, frame: bytes, at: int) -> None:
        said = decode_disconnect(frame, at)
        # An engine gives up idle connections with TIMEOUT.
        if said.status not in (Status.NORMAL, Status.TIMEOUT):
            self._service.log.complain(
                f"disconnect {said.status}",
                f"engine at {self.peer} ends the connection: {said.message} ({said.status})",
            )
        self._farewell(Status.NORMAL)

    def _answer(self, frame: bytes) -> None:
        if self._open:
            self._put(frame)
            if self._leaving:
                self._leave_with_answer()
            if not self._working:
                self._flush()

    def _leave_with_answer(self) -> None:
        if not self._pipelining:
            if self._idle():
                self._leave_now()
            return
        if self._held_until is None:
            self._held_until = self._service.clock.seconds() + _LONGEST_HOLD
        self._restart_timer(_QUIET, self._was_quiet)

    def _was_quiet(self) -> None:
        if self._idle():
            self._leave_now()
        elif self._service.clock.seconds() < (self._held_until or 0.0):
            self._restart_timer(_QUIET, self._was_quiet)
        else:
            # Something takes long: its answer tries again.
            self._held_until = None
            self._flush()
            self._restart_timer(_RETRY, self._leave_now)

    def _idle(self) -> bool:
        if self._work.busy or self._reader.pending:
            return False
        try:
            peek = self.transport.getHandle().recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except (OSError, AttributeError):
            return True
        return not peek

    def _leave_now(self) -> None:
        if not self._open:
            return
        if not self._idle():
            # The next answer tries again, or we do.
            self._restart_timer(_RETRY, self._leave_now)
            return
        self._farewell(Status.NORMAL)
        if not self._working:
            self._flush()

    def _no_hello(self) -> None:
        self._timer = None
        self._refuse(BadFrame(Status.TIMEOUT, "no HAPROXY-HELLO"))
        self._flush()

    def _refuse(self, error: BadFrame) -> None:
        self._counters.refused += 1
        self._service.log.complain(
            f"refused {error.status}", f"engine at {self.peer} is refused: {error}"
        )
        self._farewell(error.status)

    def _farewell(self, status: int) -> None:
        self._put(encode_disconnect(Kind.AGENT_DISCONNECT, status))
        self._end()

    def _end(self) -> None:
        self.phase = Phase.ENDING
        self._held_until = None
        self._restart_timer(_FAREWELL, self.abort)

    def _put(self, frame: bytes) -> None:
        self._out.append(frame)
        self._out_size += len(frame)

    def _flush(self) -> None:
        if self._out and self._held_until is None:
            data = b"".join(self._out)
            self._out = []
            self._out_size = 0
            self._write(data)
        if self.phase is Phase.ENDING:
            self._close()

    def _write(self, data: bytes) -> None:
        if not self._blocked:
            try:
                sent = self.transport.getHandle().send(data)
            except OSError:
                # Full, or broken, which the transport finds out.
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
            self._block()
        self.transport.write(data)

    def _block(self) -> None:
        self._blocked = True
        self._pause_or_resume()
        # It asks for more at once, which does not count.
        self._working, before = True, self._working
        self.transport.registerProducer(self, False)
        self._working = before

    def _close(self) -> None:
        # Our side is closed and the engine's read to its end: closing both with something unread
        # would have the kernel reset the connection, and the engine lose what was written last.
        self.phase = Phase.CLOSED
        if self._blocked:
            self.transport.unregisterProducer()
        self.transport.resumeProducing()
        self.transport.loseWriteConnection()

    def _restart_timer(self, seconds: float, call: Callable[[], object]) -> None:
        self._stop_timer()
        self._timer = self._service.clock.callLater(seconds, call)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


def _hung_up(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLRDHUP)
    return bool(poll.poll(0))


def _peer_name(address: Any) -> str:
    if isinstance(address, IPv4Address | IPv6Address):
        return f"{address.host}:{address.port}"
    return "unix"
