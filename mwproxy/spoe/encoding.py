"""
Messages to bytes: what C{args} say, as typed data (SPOE.txt 3.1).

What is the same each time is written once; a message costs its samples and one C{join}.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mwproxy.config.spoe_settings import SpoeArgument, SpoeMessage
from mwproxy.core.values import Binary
from mwproxy.protocols.spop.data import BINARY, IPV4, IPV6, STRING, encode_integer, encode_value
from mwproxy.protocols.spop.notify import encode_message_head, encode_name
from mwproxy.protocols.spop.varint import encode_varint
from mwproxy.rules.casts import to_bytes

Encoder = Callable[[Any], bytes]

_NULL = encode_value(None)
_FALSE, _TRUE = encode_value(False), encode_value(True)
#: Types and lengths of short strings and binaries.
_STRINGS = tuple(bytes((STRING, size)) for size in range(240))
_BINARIES = tuple(bytes((BINARY, size)) for size in range(240))
_STRING, _BINARY = bytes((STRING,)), bytes((BINARY,))
_IPV4, _IPV6 = bytes((IPV4,)), bytes((IPV6,))


def write_text(value: Any) -> bytes:
    """
    Write a value as a string.

    @param value: Any sample, L{None} for none: then it is C{NULL}.

    @return: Typed data.
    """
    if type(value) is bytes:
        text: bytes = value
    elif value is None:
        return _NULL
    else:
        text = to_bytes(value)
    size = len(text)
    if size < 240:
        return _STRINGS[size] + text
    return _STRING + encode_varint(size) + text


def write_binary(value: Any) -> bytes:
    """
    Write a value as binary data.

    @param value: Any sample, L{None} for none: then it is C{NULL}.

    @return: Typed data.
    """
    if value is None:
        return _NULL
    data = value if type(value) is bytes else to_bytes(value)
    size = len(data)
    if size < 240:
        return _BINARIES[size] + data
    return _BINARY + encode_varint(size) + data


def write_bool(value: Any) -> bytes:
    """
    Write a value as a boolean.

    @param value: Any sample, L{None} for none: then it is C{NULL}.

    @return: Typed data.
    """
    return _TRUE if value else _NULL if value is None else _FALSE


def write_any(value: Any) -> bytes:
    """
    Write a value as what it is; bytes are text unless they say that they are not.

    @param value: Any sample, L{None} for none: then it is C{NULL}.

    @return: Typed data.
    """
    if isinstance(value, Binary):
        return write_binary(value)
    return write_text(value) if isinstance(value, bytes) else encode_value(value)


def write_address(value: Any) -> bytes:
    """
    Write an address.

    @param value: Any sample, L{None} for none: then it is C{NULL}.

    @return: Typed data.
    """
    kind = type(value)
    if kind is not IPv4Address and kind is not IPv6Address:
        return encode_value(value)
    packed: bytes = value.packed
    return (_IPV4 if kind is IPv4Address else _IPV6) + packed


#: Numbers come again and again: ports, lengths, flags.
_write_integer = lru_cache(1024)(encode_integer)


def write_number(value: Any) -> bytes:
    """
    Write a value as a number.

    @param value: Any sample, L{None} for none: then it is C{NULL}.

    @return: Typed data.
    """
    return _write_integer(value) if isinstance(value, int) else write_any(value)


_WRITERS: dict[str, Encoder] = {
    "str": write_text,
    "meth": write_text,
    "bin": write_binary,
    "bool": write_bool,
    "sint": write_number,
    "ipv4": write_address,
    "ipv6": write_address,
    "addr": write_address,
}


def message_encoder(message: SpoeMessage) -> Encoder:
    """
    Make the function that writes a message.

    @param message: Its description.

    @return: Takes the stream; gives a part of a NOTIFY's payload. An argument without value is
        C{NULL}.

    @raise ValueError: It has too many arguments.
    """
    head = encode_message_head(message.name, len(message.arguments))
    parts = _parts(head, message.arguments)
    if not parts:
        return lambda stream: head
    return lambda stream: b"".join([name + write(sample(stream)) for name, sample, write in parts])


def _parts(
    head: bytes, arguments: Sequence[SpoeArgument]
) -> tuple[tuple[bytes, Encoder, Encoder], ...]:
    """
    @return: For each argument what stands before its value, its sample and what writes it.
    """
    names = [encode_name(each.name) for each in arguments]
    if names:
        names[0] = head + names[0]
    return tuple(
        (name, each.sample, _WRITERS.get(each.type, write_any))
        for name, each in zip(names, arguments, strict=True)
    )
