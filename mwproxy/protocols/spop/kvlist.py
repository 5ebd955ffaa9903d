"""
Lists of names and values (SPOE.txt 3.2, KV-LIST).
"""

from __future__ import annotations

from collections.abc import Mapping

from mwproxy.protocols.spop.data import Value, decode_text, decode_value, encode_text, encode_value
from mwproxy.protocols.spop.errors import BadFrame


def encode_kvlist(items: Mapping[str, Value]) -> bytes:
    """
    Write a list.

    @param items: Names and values.

    @return: The payload of a HELLO or DISCONNECT frame.

    @raise TypeError: A value has no SPOP type.

    @raise ValueError: A number or string cannot be written.
    """
    return b"".join(
        encode_text(name.encode("utf-8", "surrogateescape")) + encode_value(value)
        for name, value in items.items()
    )


def decode_kvlist(data: bytes, at: int) -> dict[str, Value]:
    """
    Read a list that fills the rest of a frame; of a name that comes twice the last value counts.

    @param data: The frame.

    @param at: Where the list begins.

    @return: Names and values.

    @raise BadFrame: It is no such list.
    """
    items: dict[str, Value] = {}
    end = len(data)
    try:
        while at < end:
            name, at = decode_text(data, at)
            items[name], at = decode_value(data, at)
    except (IndexError, ValueError):
        raise BadFrame(detail="list ends too early") from None
    if at != end:
        raise BadFrame(detail="list ends too early")
    return items
