"""
Values of the configuration language: times, sizes, integers.

Times are L{int} milliseconds throughout (configuration manual, 2.5 "Time format").
"""

from __future__ import annotations

import re

MAX_TIME_MS = 2**31 - 1
_TIME = re.compile(r"(\d+)(us|ms|s|m|h|d)?")
_UNIT_US = {
    "us": 1,
    "ms": 1000,
    "s": 1000_000,
    "m": 60_000_000,
    "h": 3600_000_000,
    "d": 86400_000_000,
}
_INTEGER = re.compile(r"[+-]?\d{1,20}")
_SIZE = re.compile(r"(\d+)([kKmMgG]?)")
_FACTOR = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class BadValue(ValueError):
    """
    A word is not a value of the wanted kind; the text says why.
    """


class Binary(bytes):
    """
    Binary data that a variable keeps: for an agent it is not the same as text. To all else it is.
    """

    __slots__ = ()


def parse_time_ms(text: str, unit: str = "ms") -> int:
    """
    Read a duration such as C{30s}.

    @param text: Digits and an optional unit: us, ms, s, m, h or d.

    @param unit: What digits alone count.

    @return: Milliseconds, rounded up so that nothing but 0 becomes 0.

    @raise BadValue: It is no duration, or longer than about 24.8 days.
    """
    found = _TIME.fullmatch(text)
    if found is None or not text.isascii():
        unexpected = re.sub(r"^\d*(us|ms|s|m|h|d)?", "", text)[:1] or text[:1]
        raise BadValue(f"unexpected character '{unexpected}'")
    result = -(-int(found[1]) * _UNIT_US[found[2] or unit] // 1000)
    if result > MAX_TIME_MS:
        raise BadValue(f"timer overflow in '{text}' (maximum value is 2147483647 ms or ~24.8 days)")
    return result


def parse_size(text: str) -> int:
    """
    Read a number of bytes such as C{16k}.

    @param text: Digits and an optional k, m or g.

    @return: The number.

    @raise BadValue: It is no size.
    """
    found = _SIZE.fullmatch(text)
    if found is None or not text.isascii():
        raise BadValue(f"'{text}' is not a size")
    return int(found[1]) * _FACTOR[found[2].lower()]


def parse_integer(text: str, low: int | None = None, high: int | None = None) -> int:
    """
    Read an integer in decimal.

    @param text: An optional sign and digits.

    @param low: The smallest value allowed, L{None} for any.

    @param high: The largest value allowed, L{None} for any.

    @return: The number.

    @raise BadValue: It is no number or out of range.
    """
    if not text.isascii() or _INTEGER.fullmatch(text) is None:
        raise BadValue(f"'{text}' is not an integer")
    value = int(text)
    if (low is not None and value < low) or (high is not None and value > high):
        raise BadValue(f"'{text}' is out of range")
    return value
