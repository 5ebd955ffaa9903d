"""
Timers of a stream, in milliseconds (configuration manual, 8.4); -1 for what never happened.

::

      accepted   idle_since   begun      request_at  assigned_at  connected_at  response_at  ended
        :-- Th -----:--- Ti ----:--- TR ------:---- Tw -----:----- Tc ----:---- Tr ----:- Td -:
                                :----------------------------- Ta ----------------------------:
"""

from __future__ import annotations

from typing import Any


def handshake(stream: Any) -> int:
    """
    Th: time to accept the connection, for its first request only.

    @return: Milliseconds.
    """
    session = stream.session
    handshaken = getattr(session, "handshaken", 0.0)
    if session.requests > 1 or not handshaken:
        return 0
    return max(int((handshaken - session.accepted) * 1000), 0)


def idle(stream: Any) -> int:
    """
    Ti: time until the first byte of the request, -1 when none came.

    @return: Milliseconds.
    """
    if stream.request is None and not stream.request_at and not stream.begun:
        return -1
    since = stream.idle_since
    return int((stream.begun - since) * 1000) if since and stream.begun > since else 0


def receive(stream: Any) -> int:
    """
    TR: time from the first byte to the whole request head.

    @return: Milliseconds, -1 when it was never complete.
    """
    whole = stream.request_at
    return int((whole - stream.begun) * 1000) if whole else -1


def until_request(stream: Any) -> int:
    """
    Tq: Th, Ti and TR together.

    @return: Milliseconds, -1 when one of them is.
    """
    parts = (handshake(stream), idle(stream), receive(stream))
    return -1 if -1 in parts else sum(parts)


def waiting(stream: Any) -> int:
    """
    Tw: time in queues.

    @return: Milliseconds, -1 when no server was assigned.
    """
    assigned = stream.assigned_at
    return int((assigned - (stream.request_at or stream.begun)) * 1000) if assigned else -1


def connect(stream: Any) -> int:
    """
    Tc: time to connect to the server.

    @return: Milliseconds, -1 when there never was a connection.
    """
    connected = stream.connected_at
    return int((connected - stream.assigned_at) * 1000) if connected else -1


def response(stream: Any) -> int:
    """
    Tr: time until the whole response head.

    @return: Milliseconds, -1 when it was never complete.
    """
    head = stream.response_at
    return int((head - stream.connected_at) * 1000) if head else -1


def _end(stream: Any) -> float:
    ended: float = stream.ended_at or stream.session.frontend.worker.now
    return ended


def active(stream: Any) -> int:
    """
    Ta: time from the first byte of the request to the last of the response.

    @return: Milliseconds.
    """
    begun = stream.begun
    return max(int((_end(stream) - begun) * 1000), 0) if begun else 0


def data(stream: Any) -> int:
    """
    Td: time to send the response, or to relay in TCP mode.

    @return: Milliseconds, -1 when it never began.
    """
    since = stream.response_at if stream.request is not None else stream.connected_at
    return max(int((_end(stream) - since) * 1000), 0) if since else -1


def total(stream: Any) -> int:
    """
    Tt: all of the session in TCP mode; Th, Ti and Ta together in HTTP mode.

    @return: Milliseconds.
    """
    since = stream.session.accepted if stream.session.requests <= 1 else stream.idle_since
    since = since or stream.begun
    return max(int((_end(stream) - since) * 1000), 0) if since else 0


def user(stream: Any) -> int:
    """
    Tu: Tt without the idle time.

    @return: Milliseconds.
    """
    return max(total(stream) - max(idle(stream), 0), 0)
