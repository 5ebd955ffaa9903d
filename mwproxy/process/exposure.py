"""
Giving listening sockets to a younger process: the C{_getsocks} exchange, as the one who answers
(C{stats socket … expose-fd listeners}). C{getsocks.py} is the one who asks, and tells the format.

Each message waits for the acknowledgement of the one before, so what is sent always fits into the
buffer of the connection, and a peer that stalls holds up nobody: its connection ends with its idle
timeout.
"""

from __future__ import annotations

import array
import socket
from collections.abc import Callable, Iterable, Sequence

from mwproxy.process.getsocks import INTEGER, MOST_PER_MESSAGE

#: Sends bytes with descriptors beside them, or raises OSError.
Send = Callable[[bytes, Sequence[int]], None]


class Exposure:
    """
    One exchange.

    @ivar over: True once everything was sent and acknowledged, or sending failed.
    """

    def __init__(self, sockets: Iterable[socket.socket], send: Send) -> None:
        """
        @param sockets: What to give; they stay ours too.

        @param send: Sends at once.
        """
        self._left = list(sockets)
        self._send = send
        self._acknowledged = 0
        self.over = False

    def begin(self) -> None:
        """
        Send the number of sockets and the first of them.
        """
        self._try(INTEGER.pack(len(self._left)), [])
        if not self._left:
            self.over = True
        elif not self.over:
            self._next()

    def received(self, data: bytes) -> None:
        """
        Take what the peer sends: four bytes, of whatever value, acknowledge a message.
        """
        self._acknowledged += len(data)
        while self._acknowledged >= INTEGER.size and not self.over:
            self._acknowledged -= INTEGER.size
            if self._left:
                self._next()
            else:
                self.over = True

    def _next(self) -> None:
        some, self._left = self._left[:MOST_PER_MESSAGE], self._left[MOST_PER_MESSAGE:]
        self._try(b"".join(map(describe, some)), [each.fileno() for each in some])

    def _try(self, data: bytes, fds: Sequence[int]) -> None:
        try:
            self._send(data, fds)
        except OSError:
            # The peer is gone, or takes nothing: it will see how many it lacks.
            self._left.clear()
            self.over = True


def describe(sock: socket.socket) -> bytes:
    """
    Make what stands beside a descriptor: network namespace, interface, options.
    """
    interface = b""
    if sock.family != socket.AF_UNIX:
        interface = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0")
    return b"\0" + bytes((len(interface),)) + interface + INTEGER.pack(0)


def sender(connection: socket.socket) -> Send:
    """
    Send over a connection.

    @param connection: A non-blocking UNIX stream socket with nothing else to send.

    @return: What L{Exposure} wants.
    """

    def send(data: bytes, fds: Sequence[int]) -> None:
        beside = array.array("i", fds).tobytes()
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, beside)] if fds else []
        if connection.sendmsg([data], ancillary) != len(data):
            raise BlockingIOError

    return send
