"""
What Twisted's stream transports have taken and not sent yet.

The only place that touches their buffers: an exec in place carries what the kernel would not take.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

_FLAGS = int(socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)


def flush(transport: Any) -> None:
    """
    Send what the kernel takes now, descriptors too. What breaks is left for the reactor to find.
    """
    if unsent(transport):
        transport.doWrite()


def write_now(transport: Any, data: bytes) -> None:
    """
    Send what the kernel takes now, behind what waits already; the transport gets the rest. That
    saves a turn of the reactor, and two system calls to watch the descriptor. What breaks is left
    for the reactor to find.
    """
    sock = getattr(transport, "socket", None)
    if sock is not None and transport.connected and not unsent(transport):
        with suppress(OSError):
            data = data[sock.send(data, _FLAGS) :]
    if data:
        transport.write(data)


def unsent(transport: Any) -> bytes:
    """
    Get what was written and is not sent.
    """
    waiting = b"".join(getattr(transport, "_tempDataBuffer", ()))
    return bytes(getattr(transport, "dataBuffer", b"")[getattr(transport, "offset", 0) :]) + waiting
