"""
An engine's side of a connection, without sockets.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.ack import decode_ack
from mwproxy.protocols.spop.actions import Action
from mwproxy.protocols.spop.data import Value
from mwproxy.protocols.spop.disconnect import Disconnect, decode_disconnect
from mwproxy.protocols.spop.frames import FrameReader, Kind, decode_head
from mwproxy.protocols.spop.hello import (
    AgentHello,
    EngineHello,
    decode_agent_hello,
    encode_engine_hello,
)
from mwproxy.protocols.spop.notify import Message, encode_notify
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent
from mwproxy.spoa.binding import Request
from mwproxy.spoa.connection import Connection
from mwproxy.spoa.log import Log
from mwproxy.spoa.service import AgentService

HELLO = encode_engine_hello(EngineHello(16380, frozenset(("pipelining", "async")), False, "e-1"))


def notify(stream_id: int, name: str, frame_id: int = 1, **arguments: Value) -> bytes:
    """
    Write a NOTIFY with one message.
    """
    return encode_notify(stream_id, frame_id, [Message(name, list(arguments.items()))])


class FakeSocket:
    """
    The engine's end of the wire.

    @ivar room: How many bytes it takes, L{None} for any number.

    @ivar unread: What lies in our receive buffer.
    """

    def __init__(self) -> None:
        self.written = bytearray()
        self.room: int | None = None
        self.unread = b""
        self.sends = 0
        self.broken = False
        self.pair: tuple[socket.socket, socket.socket] | None = None

    def send(self, data: bytes) -> int:
        self.sends += 1
        if self.broken:
            raise BrokenPipeError
        size = len(data) if self.room is None else min(self.room, len(data))
        if not size:
            raise BlockingIOError
        if self.room is not None:
            self.room -= size
        self.written += data[:size]
        return size

    def fileno(self) -> int:
        if self.pair is None:
            self.pair = socket.socketpair()
        return self.pair[0].fileno()

    def hang_up(self) -> None:
        """
        Close the engine's end.
        """
        self.fileno()
        assert self.pair is not None
        self.pair[1].close()

    def recv(self, size: int, flags: int) -> bytes:
        if not self.unread:
            raise BlockingIOError
        return self.unread[:size]


class FakeTransport:
    """
    What a connection uses of Twisted's TCP transports.
    """

    def __init__(self) -> None:
        self.socket = FakeSocket()
        self.buffer = b""
        self.producer: Any = None
        self.reading = True
        self.half_closed = False
        self.aborted = False

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 4711)

    def getHandle(self) -> FakeSocket:
        return self.socket

    def write(self, data: bytes) -> None:
        self.buffer += data

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert self.producer is None and not streaming
        self.producer = producer
        producer.resumeProducing()

    def unregisterProducer(self) -> None:
        assert self.producer is not None
        self.producer = None

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    def loseWriteConnection(self) -> None:
        self.half_closed = True

    def abortConnection(self) -> None:
        self.aborted = True

    def drain(self) -> None:
        """
        The engine reads all that is there, and goes on to.
        """
        self.socket.room = None
        self.socket.written += self.buffer
        self.buffer = b""
        if self.producer is not None:
            self.producer.resumeProducing()


class FakeReactor(Clock):
    """
    What ports use of a reactor.

    @ivar adopted: The factories of accepted connections.

    @ivar full: Whether the process has no descriptors left for connections.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []
        self.adopted: list[Any] = []
        self.full = False
        self.no_delay = False

    def addReader(self, reader: Any) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        if reader in self.readers:
            self.readers.remove(reader)

    def adoptStreamConnection(self, number: int, family: int, factory: Any) -> None:
        if self.full:
            raise OSError(errno.EMFILE, "Too many open files")
        self.adopted.append(factory)
        with socket.socket(fileno=os.dup(number)) as sock:
            if family != socket.AF_UNIX:
                self.no_delay = bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


class FakeEngine:
    """
    A connection to an agent.
    """

    def __init__(self, service: AgentService) -> None:
        self.connection = Connection(service)
        self.transport = FakeTransport()
        self.connection.transport = self.transport
        self.connection.connectionMade()
        self._reader = FrameReader(1 << 20)

    def say(self, data: bytes) -> None:
        """
        Send bytes.
        """
        self.connection.dataReceived(data)

    def close(self) -> None:
        """
        Go away.
        """
        self.connection.connectionLost()

    def frames(self) -> list[tuple[int, Any]]:
        """
        Read what came since the last time.

        @return: Types with what the frames say; an ACK is its ids and its actions.
        """
        self._reader.feed(bytes(self.transport.socket.written))
        self.transport.socket.written.clear()
        found: list[tuple[int, Any]] = []
        while (frame := self._reader.next()) is not None:
            kind, flags, stream_id, frame_id, at = decode_head(frame)
            if kind == Kind.ACK:
                found.append((kind, (stream_id, frame_id, decode_ack(frame, flags, at))))
            elif kind == Kind.AGENT_HELLO:
                found.append((kind, decode_agent_hello(frame, at, 1 << 20)))
            else:
                found.append((kind, decode_disconnect(frame, at)))
        return found

    def hello(self, pipelining: bool = True) -> AgentHello:
        """
        Shake hands.

        @return: What the agent says.
        """
        self.say(HELLO if pipelining else encode_engine_hello(EngineHello(16380)))
        [(kind, said)] = self.frames()
        assert kind == Kind.AGENT_HELLO and isinstance(said, AgentHello)
        return said

    def acks(self) -> dict[int, Sequence[Action]]:
        """
        Read ACK frames.

        @return: Actions by stream-id.
        """
        return {said[0]: said[2] for kind, said in self.frames() if kind == Kind.ACK}

    def farewell(self) -> Disconnect:
        """
        Read the last frame.

        @return: What it says.
        """
        kind, said = self.frames()[-1]
        assert kind == Kind.AGENT_DISCONNECT and isinstance(said, Disconnect)
        return said


class Scene:
    """
    An agent with a clock of its own.

    @ivar lines: What it logged.
    """

    def __init__(self, agent: Agent) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.service = AgentService(agent, self.clock, Log(self.lines.append, self.clock.seconds))
        self.counters = self.service.counters

    def engine(self, greet: bool = True, pipelining: bool = True) -> FakeEngine:
        """
        Connect.

        @param greet: Whether the hand is shaken.
        """
        engine = FakeEngine(self.service)
        if greet:
            engine.hello(pipelining)
        return engine

    @property
    def log(self) -> str:
        """
        All that it logged.
        """
        return "".join(self.lines)


class ConnectionTestCase(SynchronousTestCase):
    """
    What tests of connections have in common.

    @ivar waiting: Deferreds of functions that are not done.
    """

    def setUp(self) -> None:
        self.waiting: list[Deferred[Any]] = []
        self.make()

    def make(self, **options: Any) -> None:
        """
        Make an agent: C{echo} answers at once, C{wait} when told to, C{fail} fails.
        """
        agent = Agent(**options)
        self.agent = agent

        @agent.message("echo")
        def echo(value: object = None) -> object:
            return set_var("txn", "value", value)  # type: ignore[arg-type]

        @agent.message("wait")
        def wait() -> Deferred[Any]:
            self.waiting.append(Deferred())
            return self.waiting[-1]

        @agent.message("fail")
        def fail() -> object:
            raise KeyError("oops")

        @agent.message("who")
        def who(request: Request) -> object:
            return set_var("txn", "who", f"{request.engine_id} {request.peer}")

        @agent.message("coroutine")
        async def coroutine(value: int) -> object:
            if value:
                raise ValueError(value)
            return set_var("txn", "value", 0)

        @agent.message("many")
        def many(count: int) -> object:
            return [set_var("txn", f"v{number}", "x" * 100) for number in range(count)]

        self.scene = Scene(agent)
        self.counters = self.scene.counters
