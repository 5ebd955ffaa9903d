"""
Keys for algorithms that hash.
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_pton

_MASK = 0xFFFFFFFF


def address_key(host: str) -> int | None:
    """
    Make a key of an IP address: its number, whose 32-bit words are xored.

    @param host: The address.

    @return: 0 to 2**32 - 1, L{None} when it is no IP address.
    """
    try:
        if ":" not in host:
            return int.from_bytes(inet_pton(AF_INET, host), "big")
        number = int.from_bytes(inet_pton(AF_INET6, host.partition("%")[0]), "big")
    except OSError:
        return None
    return (number ^ number >> 32 ^ number >> 64 ^ number >> 96) & _MASK


def avalanche(key: int) -> int:
    """
    Mix a key so that each of its bits changes about half of the result's (one of Bob Jenkins'
    public domain functions for 32-bit integers).

    @param key: 0 to 2**32 - 1.

    @return: The same range.
    """
    key = (key + 0x7ED55D16 + (key << 12)) & _MASK
    key = key ^ 0xC761C23C ^ key >> 19
    key = (key + 0x165667B1 + (key << 5)) & _MASK
    key = ((key + 0xD3A2646C) ^ key << 9) & _MASK
    key = (key + 0xFD7046C5 + (key << 3)) & _MASK
    return key ^ 0xB55A4F09 ^ key >> 16
