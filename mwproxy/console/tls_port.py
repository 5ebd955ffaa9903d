"""
Listening sockets of consoles with TLS.

A connection takes a place among the sessions only when its handshake is done, so that strangers who
say nothing keep nobody out. Until then it belongs to a crowd of at most L{CROWD} connections at a
socket, in which a newcomer takes the place of the oldest one that has not shown who it is; one that
has waits its turn.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from mwproxy.console.gate import ConsolePort, Gate
from mwproxy.console.identity import peer_of
from mwproxy.console.line_session import LineSession
from mwproxy.console.tls_bridge import OPEN, PARTING, WAITING, Bridge
from mwproxy.core.levels import Peer

#: Connections at one socket that have no place yet, or have lost it just now.
CROWD = 32
#: Seconds between two reports of failed handshakes; those between are only counted.
PAUSE = 1.0

_log = Logger()


class TlsPort(ConsolePort):
    """
    One listening socket whose clients speak TLS.
    """

    def __init__(
        self,
        reactor: Any,
        sock: socket.socket,
        gate: Gate,
        make: Callable[[Peer], LineSession],
        context: Callable[[], SSL.Context],
        reserved: int = 0,
        failed: Callable[[Peer, str], None] | None = None,
        most: int | None = None,
    ) -> None:
        """
        @param context: Gives the context for a new connection.

        @param failed: Told of who did not get through the handshake, and why.
        """
        super().__init__(reactor, sock, gate, make, reserved, most)
        self._context = context
        self._failed = failed
        self._emptied: Deferred[None] | None = None
        self._reported = -PAUSE
        self._unreported = 0

    def has_room(self) -> bool:
        """
        Tell whether another connection may be accepted: there is always somebody to send away,
        unless all wait with their handshake done.
        """
        waiting = [each for each in self.bridges if each.phase == WAITING]
        return len(waiting) < CROWD

    def call_in(self) -> None:
        """
        Give places to those who wait for one.
        """
        for bridge in [each for each in self.bridges if each.phase == WAITING]:
            if self._has_place():
                self._seat(bridge)

    def emptied(self) -> Deferred[None]:
        """
        Wait until the clients have what sessions said; after L{stop}. Those without a session are
        sent away.

        @return: Fires when nothing is left.
        """
        for bridge in list(self.bridges):
            if bridge.phase not in (OPEN, PARTING):
                bridge.abort()
        if not self.bridges:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def greet(self, sock: socket.socket) -> None:
        """
        Take a new connection: its handshake comes first.
        """
        crowd = [each for each in self.bridges if each.phase != OPEN]
        if len(crowd) >= CROWD:
            stranger = [each for each in crowd if each.phase != WAITING]
            leaving = [each for each in stranger if each.phase == PARTING]
            for one in (leaving or stranger)[:1]:
                one.abort()
        peer = peer_of(sock)

        def gone(bridge: Bridge, problem: str) -> None:
            self.bridges.remove(bridge)
            if problem:
                self._report(peer, problem)
            self.watch()
            if not self.bridges and self._emptied is not None:
                self._emptied.callback(None)

        bridge = Bridge(self._reactor, sock, self._context(), self._shaken, gone)
        self.bridges.append(bridge)
        bridge.start()

    def _report(self, peer: Peer, problem: str) -> None:
        """
        Tell of a failed handshake. Who floods the port shall not flood the log.
        """
        now = self._reactor.seconds()
        if self._failed is None or now - self._reported < PAUSE:
            self._unreported += 1
            return
        more = f" ({self._unreported} more before)" if self._unreported else ""
        self._reported, self._unreported = now, 0
        self._failed(peer, problem + more)

    def _shaken(self, bridge: Bridge) -> None:
        if self._has_place():
            self._seat(bridge)
        elif not self.has_room():
            self.rest()

    def _seat(self, bridge: Bridge) -> None:
        try:
            ours, theirs = socket.socketpair()
        except OSError:
            bridge.abort()
            return
        ours.setblocking(False)
        theirs.setblocking(False)
        try:
            session = self._make(peer_of(bridge.sock, bridge.certificate()))
        except Exception:
            # The rim: a certificate that cannot be understood must not stop the others.
            _log.failure("a console connection over TLS could not begin")
            ours.close()
            theirs.close()
            bridge.abort()
            return
        self.admit(ours, session)
        bridge.join(theirs)
