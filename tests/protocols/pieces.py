"""
Ways to cut bytes, for parsers that must not care.
"""

from __future__ import annotations

from collections.abc import Iterator


def every_split(data: bytes) -> Iterator[list[bytes]]:
    """
    Cut data whole, byte by byte, and in two at each position.

    @return: Lists of pieces that joined make the data.
    """
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    for at in range(1, len(data)):
        yield [data[:at], data[at:]]
