"""
ACK (SPOE.txt 3.2.7): an agent's answer to a NOTIFY.
"""

from __future__ import annotations

from collections.abc import Iterable

from mwproxy.protocols.spop.actions import Action, decode_actions, encode_action
from mwproxy.protocols.spop.frames import ABORT, FIN, Kind, encode_frame


def encode_ack(stream_id: int, frame_id: int, actions: Iterable[Action] = ()) -> bytes:
    """
    Write an ACK.

    @param stream_id: Of the NOTIFY.

    @param frame_id: Of the NOTIFY.

    @param actions: What the engine is to do, in order.

    @return: The whole frame.

    @raise TypeError: A value has no SPOP type.

    @raise ValueError: A value cannot be written.
    """
    return encode_frame(Kind.ACK, b"".join(map(encode_action, actions)), stream_id, frame_id)


def decode_ack(frame: bytes, flags: int, at: int) -> list[Action] | None:
    """
    Read an ACK.

    @param frame: The frame.

    @param flags: Its flags.

    @param at: Where its payload begins.

    @return: The actions; L{None} when the agent gave up on this NOTIFY (C{ABORT}).

    @raise mwproxy.protocols.spop.errors.BadFrame: It is no list of actions.
    """
    if flags & ABORT and flags & FIN:
        return None
    return decode_actions(frame, at)
