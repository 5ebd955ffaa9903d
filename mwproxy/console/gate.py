"""
Listening sockets of consoles: accept no more connections than may be served, in the order in which
they came; the others wait in the backlog. There is a limit for all sockets together, and one for a
socket that has C{maxconn}.

Of the places of the master, L{RESERVED} are kept for UNIX sockets if there are any: whoever comes
by the network, the operator on the machine gets in.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from mwproxy.console.identity import peer_of
from mwproxy.console.line_session import LineSession
from mwproxy.console.relay import link
from mwproxy.core.levels import Peer

#: What accepting fails with when the system, or our limit, has no descriptor left, and how many
#: seconds it is left alone then.
SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
SHORTAGE_PAUSE = 0.25
#: Places of the master that only UNIX sockets get.
RESERVED = 2
#: Seconds of silence after which the kernel asks whether a TCP peer is still there, how often it
#: asks again, and how many times.
KEEPALIVE = (30, 10, 3)


class Gate:
    """
    How many connections may still be accepted, on all ports together.
    """

    def __init__(self, limit: int) -> None:
        """
        @param limit: Most connections at one time.
        """
        self.limit = limit
        self.inside = 0
        self.accepted = 0
        self.ports: list[ConsolePort] = []

    def enter(self) -> None:
        """
        Count a connection; ports rest when it was the last one possible for them.
        """
        self.inside += 1
        self.accepted += 1
        for port in self.ports:
            if not port.has_room():
                port.rest()

    def leave(self) -> None:
        """
        Count a connection that has ended.
        """
        self.inside -= 1
        # Those who wait with their handshake done have come before those in the backlog.
        for port in self.ports:
            port.call_in()
        for port in self.ports:
            port.watch()


@implementer(IReadDescriptor)
class ConsolePort:
    """
    One listening socket.

    @ivar bridges: Its L{TLS connections<mwproxy.console.tls_bridge.Bridge>}.
    """

    def __init__(
        self,
        reactor: Any,
        sock: socket.socket,
        gate: Gate,
        make: Callable[[Peer], LineSession],
        reserved: int = 0,
        most: int | None = None,
    ) -> None:
        """
        @param reactor: The reactor.

        @param sock: A listening, non-blocking socket.

        @param gate: Limits the connections.

        @param make: Makes the protocol of a new connection.

        @param reserved: How many places it leaves to others.

        @param most: Most connections of this socket (C{maxconn}), L{None} for no limit of its own.
        """
        self._reactor = reactor
        self._sock = sock
        self._gate = gate
        self._make = make
        self._reserved = reserved
        self._most = most
        self._inside = 0
        self._open = True
        self._paused = False
        self.bridges: list[Any] = []
        gate.ports.append(self)

    def fileno(self) -> int:
        """
        Get the descriptor.

        @return: It, -1 once stopped.
        """
        return self._sock.fileno() if self._open else -1

    def logPrefix(self) -> str:
        """
        Name this in logs.

        @return: The name.
        """
        return "console"

    def has_room(self) -> bool:
        """
        Tell whether another connection may be accepted.
        """
        return self._has_place()

    def call_in(self) -> None:
        """
        Give places to those who wait for one inside.
        """

    def watch(self) -> None:
        """
        Accept connections.
        """
        if self._open and not self._paused and self.has_room():
            self._reactor.addReader(self)

    def rest(self) -> None:
        """
        Leave connections in the backlog.
        """
        self._reactor.removeReader(self)

    def pause(self) -> None:
        """
        Accept none for now.
        """
        self._paused = True
        self.rest()

    def resume(self) -> None:
        """
        End L{pause}.
        """
        self._paused = False
        self.watch()

    def drain(self) -> None:
        """
        Accept all connections that wait and may be accepted.
        """
        while self._open and self.has_room() and self._accept():
            pass

    def doRead(self) -> None:
        """
        Accept one connection.
        """
        self._accept()

    def admit(self, sock: socket.socket, session: LineSession) -> None:
        """
        Begin with a connection.

        @param sock: It, non-blocking.
        """
        self._inside += 1
        self._gate.enter()
        session.when_gone(self._left)
        try:
            link(self._reactor, sock, session)
        except OSError:
            session.connectionLost()

    def connectionLost(self, reason: Failure) -> None:
        """
        Take notice that the reactor gave the socket up.

        @param reason: Why.
        """
        self.stop()

    def stop(self) -> None:
        """
        Accept no more.
        """
        if self._open:
            self._reactor.removeReader(self)
            self._open = False
            self._gate.ports.remove(self)

    def _left(self) -> None:
        self._inside -= 1
        self._gate.leave()

    def _has_place(self) -> bool:
        if self._most is not None and self._inside >= self._most:
            return False
        return self._gate.inside < max(1, self._gate.limit - self._reserved)

    def _accept(self) -> bool:
        try:
            sock, _ = self._sock.accept()
        except OSError as error:
            if error.errno in SHORTAGES:
                # It would be reported again and again meanwhile.
                self.rest()
                self._reactor.callLater(SHORTAGE_PAUSE, self.watch)
            return False
        sock.setblocking(False)
        notice_absence(sock)
        self.greet(sock)
        return True

    def emptied(self) -> Deferred[None]:
        """
        Wait until what sessions have said is on its way; after L{stop}.

        @return: Fires when nothing is left.
        """
        return succeed(None)

    def greet(self, sock: socket.socket) -> None:
        """
        Take a new connection.
        """
        self.admit(sock, self._make(peer_of(sock)))


def notice_absence(sock: socket.socket) -> None:
    """
    Have the kernel find out when a TCP peer has vanished without a word.
    """
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    idle, pause, times = KEEPALIVE
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, pause)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, times)
