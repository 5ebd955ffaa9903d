"""
Typed data (SPOE.txt 3.1): one byte with the type in its low and flags in its high four bits, then
the value.

In Python a string is L{str}; bytes that are no UTF-8 are kept as lone surrogates
(C{surrogateescape}), so that what is read and written again is the same. An L{int} is written as
a signed 64 bit integer, which is how HAProxy writes its own, or as an unsigned one when it is
larger. L{Int32}, L{Uint32}, L{Int64} and L{Uint64} choose the type; reading gives plain L{int}.

Negative numbers of both sizes are written with their sign extended to 64 bits, for HAProxy takes
any integer as 64 bits; C{Int32} is also read when it is extended to 32 bits only.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mwproxy.protocols.spop.errors import BadFrame
from mwproxy.protocols.spop.varint import decode_varint, encode_varint

NULL, BOOL, INT32, UINT32, INT64, UINT64, IPV4, IPV6, STRING, BINARY = range(10)
#: In the type byte of a boolean.
TRUE = 0x10

#: What an argument or a variable may be.
Value = bool | int | IPv4Address | IPv6Address | str | bytes | None

_NULL = bytes((NULL,))
_FALSE, _TRUE = bytes((BOOL,)), bytes((BOOL | TRUE,))
_INT32, _UINT32, _INT64, _UINT64 = (bytes((kind,)) for kind in (INT32, UINT32, INT64, UINT64))
_IPV4, _IPV6 = bytes((IPV4,)), bytes((IPV6,))
_STRING, _BINARY = bytes((STRING,)), bytes((BINARY,))
_MASK = 2**64 - 1


class _Sized(int):
    __slots__ = ()
    low = 0
    high = 0

    def __new__(cls, value: int) -> _Sized:
        if not cls.low <= value <= cls.high:
            raise ValueError(f"{value} is no {cls.__name__}")
        return super().__new__(cls, value)


class Int32(_Sized):
    """
    A signed integer of 32 bits.
    """

    __slots__ = ()
    low, high = -(2**31), 2**31 - 1


class Uint32(_Sized):
    """
    An unsigned integer of 32 bits.
    """

    __slots__ = ()
    low, high = 0, 2**32 - 1


class Int64(_Sized):
    """
    A signed integer of 64 bits.
    """

    __slots__ = ()
    low, high = -(2**63), 2**63 - 1


class Uint64(_Sized):
    """
    An unsigned integer of 64 bits.
    """

    __slots__ = ()
    low, high = 0, 2**64 - 1


def encode_text(text: bytes) -> bytes:
    """
    Write a string without its type, as names are written.

    @param text: Its bytes.

    @return: Its length and the bytes.
    """
    return encode_varint(len(text)) + text


def encode_string(text: bytes) -> bytes:
    """
    Write a string whose bytes are known.

    @param text: Its bytes.

    @return: Typed data.
    """
    return _STRING + encode_varint(len(text)) + text


def encode_integer(value: int) -> bytes:
    """
    Write an integer as HAProxy writes its own: signed, 64 bits; unsigned if that is too small.

    @param value: The number.

    @return: Typed data.

    @raise ValueError: It has more than 64 bits.
    """
    if -(2**63) <= value < 2**63:
        return _INT64 + encode_varint(value & _MASK)
    return _UINT64 + encode_varint(value)


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: _NULL,
    bool: lambda value: _TRUE if value else _FALSE,
    int: encode_integer,
    Int32: lambda value: _INT32 + encode_varint(value & _MASK),
    Uint32: lambda value: _UINT32 + encode_varint(value),
    Int64: lambda value: _INT64 + encode_varint(value & _MASK),
    Uint64: lambda value: _UINT64 + encode_varint(value),
    IPv4Address: lambda value: _IPV4 + value.packed,
    IPv6Address: lambda value: _IPV6 + value.packed,
    str: lambda value: encode_string(value.encode("utf-8", "surrogateescape")),
    bytes: lambda value: _BINARY + encode_varint(len(value)) + value,
}


def encode_value(value: Value) -> bytes:
    """
    Write a value.

    @param value: Of one of the types, or of a class derived from one.

    @return: Typed data.

    @raise TypeError: It is of another type.

    @raise ValueError: It is an integer of more than 64 bits, or a string that cannot be written.
    """
    encoder = _ENCODERS.get(type(value))
    if encoder is None:
        for base in type(value).__mro__:
            encoder = _ENCODERS.get(base)
            if encoder is not None:
                break
        else:
            raise TypeError(f"no SPOP type holds a {type(value).__name__}")
    return encoder(value)


def decode_text(data: bytes, at: int) -> tuple[str, int]:
    """
    Read a string without type, as names are written.

    @param data: A frame.

    @param at: Where its length begins.

    @return: The string and where it ends, which may be behind the end of the frame: whoever
        reads to the end has to compare.

    @raise BadFrame: Its length is no number.

    @raise IndexError: The frame ends before the length does.
    """
    size = data[at]
    at += 1
    if size >= 240:
        size, at = decode_varint(data, at - 1)
    end = at + size
    return data[at:end].decode("utf-8", "surrogateescape"), end


def _null(data: bytes, at: int) -> tuple[None, int]:
    return None, at


def _bool(data: bytes, at: int) -> tuple[bool, int]:
    return data[at - 1] & TRUE != 0, at


def _int32(data: bytes, at: int) -> tuple[int, int]:
    value, at = decode_varint(data, at)
    if value >= 2**64 - 2**31:
        return value - 2**64, at
    if value >= 2**32:
        raise BadFrame(detail="int32 of more than 32 bits")
    return value - 2**32 if value >= 2**31 else value, at


def _uint32(data: bytes, at: int) -> tuple[int, int]:
    value, at = decode_varint(data, at)
    if value >= 2**32:
        raise BadFrame(detail="uint32 of more than 32 bits")
    return value, at


def _int64(data: bytes, at: int) -> tuple[int, int]:
    value = data[at]
    if value < 240:
        return value, at + 1
    value, at = decode_varint(data, at)
    return value - 2**64 if value >= 2**63 else value, at


def _ipv4(data: bytes, at: int) -> tuple[IPv4Address, int]:
    return IPv4Address(data[at : at + 4]), at + 4


def _ipv6(data: bytes, at: int) -> tuple[IPv6Address, int]:
    return IPv6Address(data[at : at + 16]), at + 16


def _binary(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = decode_varint(data, at)
    return data[at : at + size], at + size


def _reserved(data: bytes, at: int) -> tuple[Value, int]:
    raise BadFrame(detail=f"unknown type {data[at - 1] & 0x0F}")


_DECODERS: tuple[Callable[[bytes, int], tuple[Value, int]], ...] = (
    _null, _bool, _int32, _uint32, _int64, decode_varint, _ipv4, _ipv6, decode_text, _binary,
    *[_reserved] * 6,
)  # fmt: skip


def decode_value(data: bytes, at: int) -> tuple[Value, int]:
    """
    Read a value; flags without a meaning are ignored.

    @param data: A frame.

    @param at: Where its type is.

    @return: The value and where it ends, which for strings may be behind the end of the frame.

    @raise BadFrame: It is of no known type or too large for it.

    @raise IndexError: The frame ends before it does.

    @raise ValueError: So does an address.
    """
    return _DECODERS[data[at] & 0x0F](data, at + 1)
