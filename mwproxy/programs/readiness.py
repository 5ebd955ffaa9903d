"""
How a program shows that it is ready (C{ready}). Each check is begun once, calls C{done} at most
once, and can be given up.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import ClientFactory
from twisted.internet.protocol import Protocol as Connection
from twisted.python.failure import Failure
from zope.interface import implementer

from mwproxy.config.program_settings import LISTEN, Ready
from mwproxy.core.addresses import Address, parse_address
from mwproxy.process.system import System
from mwproxy.programs.owners import answers_for
from mwproxy.protocols.spop.errors import BadFrame
from mwproxy.protocols.spop.frames import DEFAULT_FRAME_SIZE, FrameReader, Kind, decode_head
from mwproxy.protocols.spop.hello import EngineHello, decode_agent_hello, encode_engine_hello

#: Seconds between two attempts to connect: from, and doubling up to.
SOON, LATE = 0.02, 0.3
#: Seconds that one attempt may take.
ATTEMPT = 2.0
_CREDENTIALS = struct.Struct("3i")


class Check(Protocol):
    """
    Waits for a program to be ready.
    """

    def begin(self) -> None:
        """
        Begin.
        """

    def give_up(self) -> None:
        """
        Wait no more. May come at any time.
        """

    def missing(self) -> str:
        """
        Tell what has not happened yet, for an operator.
        """


class ConnectCheck:
    """
    Connects again and again until somebody accepts (C{ready listen}), or an SPOE agent says hello
    (C{ready spop}).
    """

    def __init__(
        self,
        system: System,
        ready: Ready,
        group: int,
        former: Callable[[], Sequence[int]],
        done: Callable[[], None],
    ) -> None:
        """
        @param group: The program's process group.

        @param former: Gives the groups of its former instances.
        """
        self._system = system
        self._ready = ready
        self._address = parse_address(ready.what)
        self._group = group
        self._former = former
        self._done = done
        self._pause = SOON
        self._timer: Any = None
        self._connector: Any = None
        self._over = False
        self._why = ""

    def begin(self) -> None:
        """
        Begin.
        """
        self._timer = None
        self._connector = connect(self._system.reactor, self._address, _Attempt(self, self._ready))

    def give_up(self) -> None:
        """
        Wait no more.
        """
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._connector is not None:
            self._connector.disconnect()

    def missing(self) -> str:
        """
        Tell what has not happened yet.
        """
        if self._ready.kind == LISTEN:
            return self._why or f"nobody accepts at {self._ready.what}"
        return f"no SPOE agent says hello at {self._ready.what}" + (
            f" ({self._why})" if self._why else ""
        )

    def later(self, seconds: float, function: Callable[[], None]) -> Any:
        """
        Call a function later.

        @return: Twisted's C{IDelayedCall}.
        """
        return self._system.call_later(seconds, function)

    def answered(self) -> None:
        """
        Note that what was asked for is there.
        """
        if self._over:
            return
        if answers_for(self._address, self._group, self._former()):
            self._over = True
            self._done()
        else:
            self._why = f"its former instance has {self._ready.what}, see 'listen-on'"

    def failed(self, why: str) -> None:
        """
        Note that an attempt came to nothing.
        """
        self._why = why or self._why

    def ended(self) -> None:
        """
        Try again, as the connection of an attempt is gone.
        """
        self._connector = None
        if not self._over and self._timer is None:
            self._timer = self._system.call_later(self._pause, self.begin)
            self._pause = min(2 * self._pause, LATE)


class _Attempt(ClientFactory):
    """
    One connection.
    """

    noisy = False

    def __init__(self, check: ConnectCheck, ready: Ready) -> None:
        self._check = check
        self._ready = ready

    def buildProtocol(self, address: object) -> Connection:
        """
        Speak on it.
        """
        if self._ready.kind == LISTEN:
            return _Accepted(self._check)
        return _Hello(self._check)

    def clientConnectionFailed(self, connector: object, reason: Failure) -> None:
        """
        Nobody accepts.
        """
        self._check.ended()

    def clientConnectionLost(self, connector: object, reason: Failure) -> None:
        """
        It is over.
        """
        self._check.ended()


class _Accepted(Connection):
    """
    A connection that says by being there what is to be said.
    """

    def __init__(self, check: ConnectCheck) -> None:
        self._check = check

    def connectionMade(self) -> None:
        """
        Tell it.
        """
        self._check.answered()
        assert self.transport is not None
        self.transport.loseConnection()


class _Hello(Connection):
    """
    The health check of an SPOE engine (SPOE.txt 3.2.4).
    """

    def __init__(self, check: ConnectCheck) -> None:
        self._check = check
        self._frames = FrameReader()
        self._timer: Any = None

    def connectionMade(self) -> None:
        """
        Say hello.
        """
        assert self.transport is not None
        self._timer = self._check.later(ATTEMPT, self._late)
        hello = EngineHello(DEFAULT_FRAME_SIZE, frozenset(), healthcheck=True)
        self.transport.write(encode_engine_hello(hello))

    def dataReceived(self, data: bytes) -> None:
        """
        Read the answer.
        """
        assert self.transport is not None
        self._frames.feed(data)
        try:
            frame = self._frames.next()
            if frame is None:
                return
            kind, _, _, _, at = decode_head(frame)
            if kind != Kind.AGENT_HELLO:
                raise BadFrame(detail=f"frame of type {kind} instead of a hello")
            decode_agent_hello(frame, at, DEFAULT_FRAME_SIZE)
        except BadFrame as error:
            self._check.failed(str(error))
        else:
            self._check.answered()
        self.transport.loseConnection()

    def connectionLost(self, reason: object = None) -> None:
        """
        Wait no more.
        """
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _late(self) -> None:
        transport: Any = self.transport
        self._check.failed("no answer")
        transport.abortConnection()


def connect(reactor: Any, address: Address, factory: ClientFactory) -> Any:
    """
    Connect to an address.

    @return: Twisted's connector.
    """
    if address.is_ip:
        return reactor.connectTCP(address.host, address.port, factory, ATTEMPT)
    if address.family == "unix":
        return reactor.connectUNIX(address.host, factory, ATTEMPT)
    name = address.host.ljust(107, "\0") if address.family == "abns" else address.host
    return reactor.connectUNIX(f"\0{name}", factory, ATTEMPT)


@implementer(IReadDescriptor)
class NotifyCheck:
    """
    Waits for C{READY=1} as sd_notify(3) sends it (C{ready notify}), from a member of the program's
    process group.

    @ivar address: For C{NOTIFY_SOCKET}.
    """

    def __init__(self, system: System, fd: int = -1) -> None:
        """
        @param fd: The socket of a former image of this process, -1 to make one.

        @raise OSError: The system refuses.
        """
        self._system = system
        if fd >= 0:
            self._socket = socket.socket(fileno=fd)
            self._socket.set_inheritable(False)
        else:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            # The kernel finds an abstract name that nobody has.
            self._socket.bind("")
        self._socket.setblocking(False)
        name = self._socket.getsockname()
        self.address = "@" + os.fsdecode(name).lstrip("\0")
        self._group = 0
        self._done: Callable[[], None] | None = None

    def expect(self, group: int, done: Callable[[], None]) -> NotifyCheck:
        """
        Say whose word counts.

        @param group: The program's process group.

        @return: This.
        """
        self._group, self._done = group, done
        return self

    def begin(self) -> None:
        """
        Begin.
        """
        self._system.watch(self)

    def give_up(self) -> None:
        """
        Wait no more.
        """
        if self._socket.fileno() >= 0:
            self._system.unwatch(self)
            self._socket.close()

    def missing(self) -> str:
        """
        Tell what has not happened yet.
        """
        return "it has not sent READY=1 to NOTIFY_SOCKET"

    def fileno(self) -> int:
        """
        Tell the descriptor, -1 once closed.
        """
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """
        Tell what Twisted calls it.
        """
        return "program notify"

    def doRead(self) -> None:
        """
        Read one message.
        """
        try:
            data, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(1024))
        except OSError:
            return
        pid, uid = 0, -1
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                pid, uid, _ = _CREDENTIALS.unpack(value[: _CREDENTIALS.size])
            elif level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                _close_all(value)
        said = b"READY=1" in data.split(b"\n")
        if said and self._is_member(pid, uid) and self._done is not None:
            done, self._done = self._done, None
            done()

    def connectionLost(self, reason: object = None) -> None:
        """
        Stop, as the reactor does.
        """
        self.give_up()

    def _is_member(self, pid: int, uid: int) -> bool:
        try:
            return os.getpgid(pid) == self._group
        except ProcessLookupError:
            # A short-lived systemd-notify: its user at least is known.
            return uid in (0, os.geteuid(), _user_of(self._group))


class LineCheck:
    """
    Waits for a line of output (C{ready line}).
    """

    def __init__(self, regex: str, begin: Callable[[], None]) -> None:
        """
        @param begin: Has the program's output looked at.
        """
        self._regex = regex
        self._begin = begin

    def begin(self) -> None:
        """
        Begin.
        """
        self._begin()

    def give_up(self) -> None:
        """
        Nothing waits but the output, which ends with the program.
        """

    def missing(self) -> str:
        """
        Tell what has not happened yet.
        """
        return f"it has printed no line that matches '{self._regex}'"


def _user_of(pid: int) -> int:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return 0


def _close_all(value: bytes) -> None:
    for (fd,) in struct.iter_unpack("i", value[: len(value) // 4 * 4]):
        with contextlib.suppress(OSError):
            os.close(fd)
