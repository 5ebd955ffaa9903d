"""
Converters of dates.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import converter
from mwproxy.rules.context import Context
from mwproxy.rules.expression import prepared
from mwproxy.rules.texts import to_text

Step = Callable[[Any], Any]
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = {b"": 1, b"s": 1, b"ms": 1000, b"us": 1_000_000}
_DIGITS = {1: 0, 1000: 3, 1_000_000: 6}


@converter("http_date", args=("sint?", "str?"), takes="sint", gives="str")
@prepared
def conv_http_date(context: Context, offset: int | None = None, unit: bytes = b"s") -> Step:
    """
    Write a time since the epoch as headers do.
    """
    if unit not in _UNITS:
        raise ConfigError(f"expects 's', 'ms' or 'us', got '{to_text(unit)}'")
    factor, added = _UNITS[unit], offset or 0
    digits = _DIGITS[factor]

    def write(sample: int) -> bytes | None:
        seconds, fraction = divmod(sample + added, factor)
        try:
            when = time.gmtime(seconds)
        except (OverflowError, ValueError, OSError):
            return None
        tail = f".{fraction:0{digits}d}" if digits else ""
        return (
            f"{_DAYS[when.tm_wday]}, {when.tm_mday:02d} {_MONTHS[when.tm_mon - 1]} "
            f"{when.tm_year} {when.tm_hour:02d}:{when.tm_min:02d}:{when.tm_sec:02d}{tail} GMT"
        ).encode()

    return write


def _formatted(
    pattern: bytes, offset: int | None, factor: int, split: Callable[[int], time.struct_time]
) -> Step:
    text, added = to_text(pattern), offset or 0
    digits = _DIGITS[factor]

    def write(sample: int) -> bytes | None:
        seconds, fraction = divmod(sample + added * factor, factor)
        try:
            when = split(seconds)
        except (OverflowError, ValueError, OSError):
            return None
        shown = text.replace("%N", f"{fraction:0{digits}d}") if digits else text
        return time.strftime(shown, when).encode("utf-8", "surrogateescape")

    return write


@converter("ltime", args=("str", "sint?"), takes="sint", gives="str")
@prepared
def conv_ltime(context: Context, pattern: bytes, offset: int | None = None) -> Step:
    """
    Write a time since the epoch in local time, with strftime's pattern.
    """
    return _formatted(pattern, offset, 1, time.localtime)


@converter("utime", args=("str", "sint?"), takes="sint", gives="str")
@prepared
def conv_utime(context: Context, pattern: bytes, offset: int | None = None) -> Step:
    """
    Write a time since the epoch in UTC, with strftime's pattern.
    """
    return _formatted(pattern, offset, 1, time.gmtime)
