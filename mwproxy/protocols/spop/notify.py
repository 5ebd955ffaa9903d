"""
NOTIFY (SPOE.txt 3.2.6): messages with arguments, from the engine to an agent.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from mwproxy.protocols.spop.data import Value, decode_text, decode_value, encode_text, encode_value
from mwproxy.protocols.spop.errors import BadFrame
from mwproxy.protocols.spop.frames import FIN, Kind, encode_frame

#: A message has one byte for the number of its arguments.
MAX_ARGUMENTS = 255
_HEAD = struct.Struct("!IBI")
_NOTIFY = int(Kind.NOTIFY)


class Message(NamedTuple):
    """
    One message.

    @ivar name: Of the C{spoe-message} section.

    @ivar arguments: Names and values in order; the name is empty where C{args} gives none.
    """

    name: str
    arguments: list[tuple[str, Value]]


def encode_message_head(name: str, count: int) -> bytes:
    """
    Write what stands before the arguments of a message. It is the same each time, so whoever sends
    many keeps it.

    @param name: The message.

    @param count: The number of its arguments.

    @return: The beginning of a message.

    @raise ValueError: There are too many arguments.
    """
    if count > MAX_ARGUMENTS:
        raise ValueError(f"message '{name}' has {count} arguments, {MAX_ARGUMENTS} at most")
    return encode_text(name.encode("utf-8", "surrogateescape")) + bytes((count,))


def encode_name(name: str) -> bytes:
    """
    Write the name of an argument; its value in typed data has to follow.

    @param name: The name, may be empty.

    @return: The beginning of an argument.
    """
    return encode_text(name.encode("utf-8", "surrogateescape"))


def encode_message(message: Message) -> bytes:
    """
    Write a message.

    @return: A part of a NOTIFY's payload.

    @raise TypeError: A value has no SPOP type.

    @raise ValueError: A value cannot be written, or there are too many.
    """
    pieces = [encode_message_head(message.name, len(message.arguments))]
    for name, value in message.arguments:
        pieces += (encode_name(name), encode_value(value))
    return b"".join(pieces)


def encode_notify(stream_id: int, frame_id: int, messages: Iterable[Message]) -> bytes:
    """
    Write a NOTIFY.

    @return: The whole frame.

    @raise TypeError: A value has no SPOP type.

    @raise ValueError: A value cannot be written, or there are too many.
    """
    payload = b"".join(map(encode_message, messages))
    return encode_frame(Kind.NOTIFY, payload, stream_id, frame_id)


def notify_frame(payload: bytes, ids: bytes) -> bytes:
    """
    Write a NOTIFY whose parts are written already.

    @param payload: The messages.

    @param ids: Stream-id and frame-id.

    @return: The whole frame.
    """
    return _HEAD.pack(5 + len(ids) + len(payload), _NOTIFY, FIN) + ids + payload


def decode_notify(frame: bytes, at: int) -> list[Message]:
    """
    Read a NOTIFY.

    @param frame: The frame.

    @param at: Where its payload begins.

    @return: The messages in order.

    @raise BadFrame: It is no list of messages.
    """
    messages: list[Message] = []
    end = len(frame)
    try:
        while at < end:
            name, at = decode_text(frame, at)
            arguments: list[tuple[str, Value]] = []
            count = frame[at]
            at += 1
            while count:
                key, at = decode_text(frame, at)
                value, at = decode_value(frame, at)
                arguments.append((key, value))
                count -= 1
            messages.append(Message(name, arguments))
    except (IndexError, ValueError):
        raise BadFrame(detail="message ends too early") from None
    if at != end:
        raise BadFrame(detail="message ends too early")
    return messages
