"""
A connection to a server: being made, in use by one stream, or idle in its server's pool.
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from typing import Any, Protocol

from mwproxy.core.specialize import specialized
from mwproxy.live.servers import Server
from mwproxy.net.endpoint import ENDPOINT_SLOTS, Endpoint
from mwproxy.net.plane import Plane
from mwproxy.net.reactor import READ, WRITE
from mwproxy.net.socket_options import NO_LINGER, server_options

_STREAM = int(socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
#: How addresses of this machine begin.
_OWN_HOST = ("127.", "::1")


class LinkOwner(Protocol):
    """
    The stream that uses a link.
    """

    def link_ready(self, link: ServerLink) -> None:
        """
        The connection stands.
        """

    def link_refused(self, link: ServerLink, reason: str) -> None:
        """
        The connection could not be made; the link is closed already.
        """

    def link_broken(self) -> None:
        """
        The connection failed in use.
        """


@specialized
class ServerLink(Endpoint):
    """
    One connection to a server.

    @ivar owner: The stream that uses it, L{None} while idle.

    @ivar uses: How many streams it has served before the present one.

    @ivar private: True when only the session that made it may use it again.
    """

    __slots__ = (
        *ENDPOINT_SLOTS,
        "idle_since",
        "owner",
        "private",
        "server",
        "uses",
    )

    owner: Any

    def __init__(self, plane: Plane, server: Server) -> None:
        self.plane = plane
        self.server = server
        self.owner = None
        self.uses = 0
        self.private = False
        self.idle_since = 0.0
        self.on_read = None
        self.on_drained = None
        self.fd = -1
        self.out = b""

    def connect(self, owner: LinkOwner, sockaddr: Any) -> None:
        """
        Begin to connect. The owner is told how it went: of success perhaps before this returns, of
        failure never, so that its next attempt does not begin within this one.

        @param owner: The stream.

        @param sockaddr: Where to.
        """
        server = self.server
        self.owner = owner
        try:
            sock = socket.SocketType(server.family, _STREAM, 0)
        except OSError as error:
            self.refuse(_reason(error.errno))
            return
        if server.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            options = server.backend.description.options
            if options:
                for option in server_options(options):
                    sock.setsockopt(*option)
        source = server.description.settings.source
        try:
            if source is not None:
                sock.bind((source.host, source.port))
            code = sock.connect_ex(sockaddr)
            if code == errno.EINPROGRESS and sockaddr[0].startswith(_OWN_HOST) and _stands(sock):
                # It need not be waited for.
                code = 0
        except OSError as error:
            code = error.errno or errno.EADDRNOTAVAIL
        self.adopt(self.plane, sock)
        server.counters.connect += 1
        if code == 0:
            self.mask = READ
            self.plane.reactor.watch(self.fd, READ, self.event)
            owner.link_ready(self)
        elif code == errno.EINPROGRESS:
            self.mask = WRITE
            self.plane.reactor.watch(self.fd, WRITE, self._connecting)
        else:
            self.refuse(_reason(code))

    def refuse(self, reason: str) -> None:
        """
        Fail at once: close, and tell the owner when the events of this turn are handled, unless it
        has given the connection up by then.

        @param reason: Why.
        """
        owner = self.owner
        self.close()
        self.owner = owner
        self.plane.reactor.later.append((self._refused, reason))

    def _refused(self, reason: str) -> None:
        owner = self.owner
        if owner is not None:
            owner.link_refused(self, reason)
            self.owner = None

    def _connecting(self, event: int) -> None:
        if event & READ or not event & WRITE:
            # Meant for another socket that had the same descriptor earlier in this turn.
            return
        owner = self.owner
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.close()
            owner.link_refused(self, _reason(code))
            return
        self.plane.reactor.handlers[self.fd] = self.event
        self.want(READ)
        owner.link_ready(self)

    def broken(self) -> None:
        """
        The connection is gone.
        """
        if self.owner is not None:
            self.owner.link_broken()
        else:
            self._idle_closed()

    def crashed(self) -> None:
        """
        Handling an event failed: the stream is lost with its session.
        """
        owner = self.owner
        self.close()
        if owner is not None:
            owner.session.crashed()

    def rest(self, now: float) -> None:
        """
        Become idle: the pool keeps it.
        """
        self.owner = None
        self.on_drained = None
        self.on_read = self._idle_closed
        self.idle_since = now
        self.uses += 1
        if self.mask != READ:
            # The end of its last response had to wait for the client.
            self.want(READ)

    def _idle_closed(self) -> None:
        """
        An idle server speaks or hangs up: the connection is of no more use.
        """
        with suppress(ValueError):  # a private link stands in no pool
            self.server.idle.remove(self)
        self.close()

    def reset(self) -> None:
        """
        Close a connection that has nothing under way with a reset, so that no port of ours is
        held in TIME_WAIT.
        """
        if self.fd >= 0:
            self.sock.setsockopt(*NO_LINGER)
        self.close()

    def close(self) -> None:
        """
        Close the connection; closing twice does nothing.
        """
        self.close_socket()
        self.owner = None
        self.on_read = self.on_drained = None


def _stands(sock: socket.SocketType) -> bool:
    """
    Tell whether a connection that was begun stands. One that failed is left to be reported as all
    are: a refusal in the midst of connecting would have the next attempt begin within this one.
    """
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def _reason(code: int | None) -> str:
    return os.strerror(code or 0)
