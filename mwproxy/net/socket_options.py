"""
Socket options that C{option} keywords ask for (configuration manual 4.2).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection

#: Arguments of C{setsockopt}.
SocketOption = tuple[int, int, int | bytes]

KEEPALIVE: SocketOption = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
#: Closing throws away what is unsent and resets the connection.
NO_LINGER: SocketOption = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def client_options(options: Collection[str]) -> tuple[SocketOption, ...]:
    """
    Tell what to set on client connections.

    @param options: The frontend's.

    @return: One entry each for C{clitcpka} and C{nolinger}.
    """
    return _chosen(options, "clitcpka")


def server_options(options: Collection[str]) -> tuple[SocketOption, ...]:
    """
    Tell what to set on server connections.

    @param options: The backend's.

    @return: One entry each for C{srvtcpka} and C{nolinger}.
    """
    return _chosen(options, "srvtcpka")


def _chosen(options: Collection[str], keepalive: str) -> tuple[SocketOption, ...]:
    chosen = []
    if keepalive in options:
        chosen.append(KEEPALIVE)
    if "nolinger" in options:
        chosen.append(NO_LINGER)
    return tuple(chosen)
