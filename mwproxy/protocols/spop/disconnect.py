"""
HAPROXY-DISCONNECT and AGENT-DISCONNECT (SPOE.txt 3.2.8, 3.2.9): why a connection ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from mwproxy.protocols.spop.data import Uint32, Value
from mwproxy.protocols.spop.errors import BadFrame, reason_of
from mwproxy.protocols.spop.frames import Kind, encode_frame
from mwproxy.protocols.spop.kvlist import decode_kvlist, encode_kvlist


@dataclass(frozen=True, slots=True)
class Disconnect:
    """
    The end of a connection.

    @ivar status: A L{mwproxy.protocols.spop.errors.Status}, or a number of the agent's own.

    @ivar message: The same in words.
    """

    status: int
    message: str


def encode_disconnect(kind: int, status: int, message: str = "") -> bytes:
    """
    Write a DISCONNECT.

    @param kind: C{Kind.HAPROXY_DISCONNECT} or C{Kind.AGENT_DISCONNECT}.

    @param status: The reason.

    @param message: The reason in words, empty for the usual ones.

    @return: The whole frame.
    """
    assert kind in (Kind.HAPROXY_DISCONNECT, Kind.AGENT_DISCONNECT)
    items: dict[str, Value] = {
        "status-code": Uint32(status),
        "message": message or reason_of(status),
    }
    return encode_frame(kind, encode_kvlist(items))


def decode_disconnect(frame: bytes, at: int) -> Disconnect:
    """
    Read a DISCONNECT of either side.

    @param frame: The frame.

    @param at: Where its payload begins.

    @return: What it says.

    @raise BadFrame: It is wrong or lacks something.
    """
    items = decode_kvlist(frame, at)
    status, message = items.get("status-code"), items.get("message")
    if not isinstance(status, int) or not isinstance(message, str):
        raise BadFrame(detail="DISCONNECT without status-code and message")
    return Disconnect(int(status), message)
