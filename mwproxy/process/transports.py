"""
What Twisted's stream transports have taken and not sent yet.

The only place that touches their buffers: an exec in place carries what the kernel would not take.
"""

from __future__ import annotations

from typing import Any


def flush(transport: Any) -> None:
    """
    Send what the kernel takes now, descriptors too. What breaks is left for the reactor to find.
    """
    if unsent(transport):
        transport.doWrite()


def unsent(transport: Any) -> bytes:
    """
    Get what was written and is not sent.
    """
    waiting = b"".join(getattr(transport, "_tempDataBuffer", ()))
    return bytes(getattr(transport, "dataBuffer", b"")[getattr(transport, "offset", 0) :]) + waiting
