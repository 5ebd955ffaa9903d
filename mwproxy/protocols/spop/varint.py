"""
Variable-length integers, as HAProxy's peers protocol writes them (SPOE.txt 3.1).

Up to 239 a number is one byte. From 240 on the first byte has all of its high four bits set and
carries the low four bits of what is left; each following byte carries seven, and its high bit says
that another one comes. The marking bits are subtracted before the rest is shifted, so that each
number has exactly one form.
"""

from __future__ import annotations

from mwproxy.protocols.spop.errors import BadFrame

#: The largest number that is read or written.
MAX = 2**64 - 1
#: What L{MAX} takes.
_LONGEST = 10
_SMALL = tuple(bytes((value,)) for value in range(240))


def encode_varint(value: int) -> bytes:
    """
    Write a number.

    @param value: From 0 to L{MAX}.

    @return: 1 to 10 bytes.

    @raise ValueError: It is out of range.
    """
    if 0 <= value < 240:
        return _SMALL[value]
    if not 0 <= value <= MAX:
        raise ValueError(f"{value} has no place in 64 bits")
    out = bytearray((value & 0x0F | 0xF0,))
    value = (value - 240) >> 4
    while value >= 128:
        out.append(value & 0x7F | 0x80)
        value = (value - 128) >> 7
    out.append(value)
    return bytes(out)


def decode_varint(data: bytes, at: int) -> tuple[int, int]:
    """
    Read a number.

    @param data: A frame.

    @param at: Where the number begins.

    @return: The number and where it ends.

    @raise BadFrame: It is longer than 64 bits.

    @raise IndexError: The frame ends before it does.
    """
    value = data[at]
    at += 1
    if value < 240:
        return value, at
    last = at + _LONGEST - 1
    shift = 4
    while True:
        byte = data[at]
        at += 1
        value += byte << shift
        if byte < 128:
            break
        if at == last:
            raise BadFrame(detail="number of more than 64 bits")
        shift += 7
    if value > MAX:
        raise BadFrame(detail="number of more than 64 bits")
    return value, at
