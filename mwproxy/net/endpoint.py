"""
One end of a proxied connection: a non-blocking socket with what could not be written yet.

Rules. Writing is tried at once; what the kernel does not take stays in C{out}, and only then is the
descriptor watched for writing. Whoever feeds an endpoint stops reading its source while C{out} is
not empty, so nothing holds more than one buffer per direction.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from mwproxy.net.plane import Plane
from mwproxy.net.reactor import BROKEN, READ, WRITE

#: Slots of every class that is an endpoint (bases with slots cannot be combined).
ENDPOINT_SLOTS = (
    "fd", "mask", "on_drained", "on_read", "out", "plane", "recv", "send", "sock",
)  # fmt: skip


#: L{Endpoint.mask} of a descriptor that the reactor does not watch at all.
UNWATCHED = 1 << 30


class Endpoint:
    """
    One end of a proxied connection.

    @ivar fd: Its descriptor, -1 once closed.

    @ivar mask: What it is watched for.

    @ivar out: Bytes that wait to be sent, empty when the socket takes more.

    @ivar on_read: Called when there is something to read.

    @ivar on_drained: Called when C{out} is empty again.
    """

    if not TYPE_CHECKING:  # the slots are those of subclasses
        __slots__ = ()

    plane: Plane
    sock: Any
    fd: int
    mask: int
    out: bytes
    recv: Any
    send: Any
    on_read: Any
    on_drained: Any

    def adopt(self, plane: Plane, sock: Any) -> None:
        """
        Take over a connected, non-blocking socket.
        """
        self.plane = plane
        self.sock = sock
        self.fd = sock.fileno()
        self.recv = sock.recv
        self.send = sock.send
        self.out = b""
        self.mask = 0

    def want(self, mask: int) -> None:
        """
        Watch for exactly these events.

        @param mask: C{READ}, C{WRITE}, both or 0.
        """
        if mask != self.mask:
            if self.mask == UNWATCHED:
                self.plane.reactor.watch(self.fd, mask, self.event)
            else:
                self.plane.reactor.change(self.fd, mask)
            self.mask = mask

    def event(self, event: int) -> None:
        """
        Something happened on the socket.

        @param event: The event mask.
        """
        if event == READ:
            self.on_read()
            return
        if event & WRITE:
            try:
                drained = self.flush()
            except OSError:
                self.broken()
                return
            if drained and self.on_drained is not None:
                self.on_drained()
            if self.fd < 0:
                return
        if event & READ:
            self.on_read()
        elif event & BROKEN and self.failed():
            self.broken()

    def broken(self) -> None:
        """
        The connection is gone.
        """
        raise NotImplementedError

    def failed(self) -> bool:
        """
        Find out what a hang-up means that came while nothing was to be read.

        @return: True when the connection is broken. False when both sides have merely said that
            they are done: then what is left can be read later, and until somebody wants to the
            descriptor is not watched, since it would report the hang-up for ever.
        """
        if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return True
        if self.mask & READ:
            # A hang-up can always be read too: this one was told of another socket that had the
            # same descriptor earlier in this turn.
            return False
        self.plane.reactor.unwatch(self.fd)
        self.mask = UNWATCHED
        return False

    def pause_reading(self) -> None:
        """
        Leave what the peer sends in the kernel.
        """
        if self.mask != UNWATCHED:
            self.want(self.mask & ~READ)

    def resume_reading(self) -> None:
        """
        Hear of what the peer sends again.
        """
        self.want((self.mask | READ) & ~UNWATCHED)

    def write(self, data: bytes) -> bool:
        """
        Send bytes behind those that wait already.

        @return: True when the kernel took them all.

        @raise OSError: The connection is broken.
        """
        if self.out:
            self.out += data
            return False
        try:
            sent = self.send(data)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return True
        self.out = data[sent:]
        self.want((self.mask | WRITE) & ~UNWATCHED)
        return False

    def flush(self) -> bool:
        """
        Send what waits.

        @return: True when nothing waits any more; the descriptor is then no longer
            watched for writing.

        @raise OSError: The connection is broken.
        """
        if self.out:
            try:
                sent = self.send(self.out)
            except BlockingIOError:
                return False
            self.out = self.out[sent:]
            if self.out:
                return False
        self.want(self.mask & ~WRITE)
        return True

    def shut(self) -> None:
        """
        Say that nothing more will be sent.
        """
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            # The peer is gone already; reading will tell.
            return

    def close_socket(self) -> None:
        """
        Close the socket; closing twice does nothing.
        """
        if self.fd >= 0:
            self.plane.reactor.forget(self.fd)
            self.fd = -1
            self.out = b""
            self.sock.close()
