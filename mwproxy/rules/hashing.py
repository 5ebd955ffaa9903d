"""
Hash functions of 32 bits: C{sdbm}, C{djb2}, C{crc32}, C{crc32c}.
"""

from __future__ import annotations

from zlib import crc32 as _crc32

_MASK = 0xFFFFFFFF


def sdbm(data: bytes) -> int:
    """
    Hash with SDBM's function.

    @return: 32 bits.
    """
    value = 0
    for byte in data:
        value = (byte + (value << 6) + (value << 16) - value) & _MASK
    return value


def djb2(data: bytes) -> int:
    """
    Hash with Dan Bernstein's function.

    @return: 32 bits.
    """
    value = 5381
    for byte in data:
        value = (value * 33 + byte) & _MASK
    return value


def crc32(data: bytes) -> int:
    """
    Hash with the CRC of Ethernet and gzip.

    @return: 32 bits.
    """
    return _crc32(data) & _MASK


def _castagnoli() -> tuple[int, ...]:
    table = []
    for number in range(256):
        for _bit in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return tuple(table)


_TABLE = _castagnoli()


def crc32c(data: bytes) -> int:
    """
    Hash with the CRC of RFC 4960.

    @return: 32 bits.
    """
    value = _MASK
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ _MASK
