"""
Agents that do what a test tells them, in threads of the test's process: also what no agent should.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from mwproxy.protocols.spop.ack import encode_ack
from mwproxy.protocols.spop.actions import Action
from mwproxy.protocols.spop.disconnect import (
    Disconnect,
    decode_disconnect,
    encode_disconnect,
)
from mwproxy.protocols.spop.frames import FrameReader, Kind, decode_head
from mwproxy.protocols.spop.hello import (
    AgentHello,
    EngineHello,
    decode_engine_hello,
    encode_agent_hello,
)
from mwproxy.protocols.spop.notify import Message, decode_notify
from tests.integration.clients import PATIENCE

_RESET = struct.pack("ii", 1, 0)


@dataclass
class Link:
    """
    One connection of an engine.

    @ivar hello: What the engine said first, L{None} before.

    @ivar asked: How many NOTIFY frames came over it.

    @ivar farewell: What the engine said at the end, L{None} when it said nothing.
    """

    sock: socket.socket
    hello: EngineHello | None = None
    asked: int = 0
    farewell: Disconnect | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, data: bytes) -> None:
        """
        Send bytes; an engine that has gone gets none.
        """
        with self.lock, contextlib.suppress(OSError):
            self.sock.sendall(data)

    def end(self) -> None:
        """
        Close it.
        """
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """
        Reset it.
        """
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.sock.close()

    def leave(self, status: int, message: str = "test") -> None:
        """
        Say AGENT-DISCONNECT and close.
        """
        self.send(encode_disconnect(Kind.AGENT_DISCONNECT, status, message))
        self.end()


@dataclass(frozen=True)
class Notify:
    """
    A NOTIFY that came.
    """

    stream_id: int
    frame_id: int
    messages: list[Message]

    @property
    def names(self) -> tuple[str, ...]:
        """
        The names of its messages.
        """
        return tuple(message.name for message in self.messages)

    def ack(self, *actions: Action) -> bytes:
        """
        Write its answer.
        """
        return encode_ack(self.stream_id, self.frame_id, actions)


def welcome(link: Link) -> None:
    """
    Answer a hello as agents do.
    """
    assert link.hello is not None
    size = min(16380, link.hello.max_frame_size)
    link.send(encode_agent_hello(AgentHello(size, frozenset(("pipelining",)))))


def acknowledge(link: Link, notify: Notify) -> None:
    """
    Answer a NOTIFY without a word.
    """
    link.send(notify.ack())


class ScriptedAgent:
    """
    Listens on a free port of the loopback.

    @ivar at_hello: Called with each link whose engine has said hello.

    @ivar at_notify: Called with each NOTIFY and the link that it came over.

    @ivar links: All connections so far, health checks included.

    @ivar notified: All NOTIFY frames so far.
    """

    def __init__(
        self,
        at_notify: Callable[[Link, Notify], None] = acknowledge,
        at_hello: Callable[[Link], None] = welcome,
    ) -> None:
        self.at_notify = at_notify
        self.at_hello = at_hello
        self.links: list[Link] = []
        self.notified: list[Notify] = []
        self._open: set[int] = set()
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def names(self) -> list[tuple[str, ...]]:
        """
        The names of the messages of each NOTIFY so far.
        """
        return [notify.names for notify in self.notified]

    @property
    def open(self) -> int:
        """
        How many connections are open.
        """
        return len(self._open)

    def wait_for(self, fact: Callable[[], object], told: str = "agent") -> None:
        """
        Wait for something to happen here.
        """
        with self._changed:
            if not self._changed.wait_for(fact, 2 * PATIENCE):
                raise AssertionError(f"{told}: {self.links} {self.names}")

    def stop(self) -> None:
        """
        Listen no longer and close all connections.
        """
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in list(self.links):
            link.end()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = Link(sock)
            with self._changed:
                self.links.append(link)
                self._open.add(id(link))
                self._changed.notify_all()
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: Link) -> None:
        link.sock.settimeout(6 * PATIENCE)
        reader = FrameReader(1 << 20)
        with contextlib.suppress(OSError):
            while data := link.sock.recv(65536):
                reader.feed(data)
                while (frame := reader.next()) is not None:
                    self._take(link, frame)
        link.sock.close()
        with self._changed:
            self._open.discard(id(link))
            self._changed.notify_all()

    def _take(self, link: Link, frame: bytes) -> None:
        kind, _, stream_id, frame_id, at = decode_head(frame)
        if kind == Kind.HAPROXY_HELLO:
            link.hello = decode_engine_hello(frame, at)
            self.at_hello(link)
        elif kind == Kind.HAPROXY_DISCONNECT:
            link.farewell = decode_disconnect(frame, at)
            link.leave(0)
        elif kind == Kind.NOTIFY:
            notify = Notify(stream_id, frame_id, decode_notify(frame, at))
            with self._changed:
                link.asked += 1
                self.notified.append(notify)
                self._changed.notify_all()
            self.at_notify(link, notify)
