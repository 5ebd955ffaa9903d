"""
Log variables of dates. What is the same all second long is made once a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mwproxy.core.families import log_alias
from mwproxy.rules.aliases import http_only, inline, number
from mwproxy.rules.log_format import Format, Options

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Wall = Callable[[Any], float]


def _accepted(stream: Any) -> float:
    wall: float = stream.session.accepted_wall
    return wall


def _begun(stream: Any) -> float:
    wall: float = stream.begun_wall or stream.session.accepted_wall
    return wall


def _date(when: time.struct_time) -> str:
    return (
        f"{when.tm_mday:02d}/{_MONTHS[when.tm_mon - 1]}/{when.tm_year:04d}:"
        f"{when.tm_hour:02d}:{when.tm_min:02d}:{when.tm_sec:02d}"
    )


@lru_cache(maxsize=64)
def _local(second: int) -> str:
    return _date(time.localtime(second))


@lru_cache(maxsize=256)
def _local_stamp(millisecond: int) -> str:
    second, rest = divmod(millisecond, 1000)
    return f"{_local(second)}.{rest:03d}"


@lru_cache(maxsize=64)
def _local_zone(second: int) -> bytes:
    when = time.localtime(second)
    minutes = when.tm_gmtoff // 60
    sign = "-" if minutes < 0 else "+"
    hours, minutes = divmod(abs(minutes), 60)
    return f"{_date(when)} {sign}{hours:02d}{minutes:02d}".encode()


@lru_cache(maxsize=64)
def _universal(second: int) -> bytes:
    return _date(time.gmtime(second)).encode() + b" +0000"


def _with_milliseconds(wall: Wall) -> Format:
    def shown(stream: Any) -> bytes:
        return _local_stamp(int(wall(stream) * 1000)).encode()

    return shown


@log_alias("t")
def alias_t(options: Options) -> Format:
    """
    When the connection was accepted, local time with milliseconds.
    """
    return inline(
        _with_milliseconds(_accepted),
        "{local_stamp(int(session.accepted_wall * 1000))}",
        local_stamp=_local_stamp,
    )


@log_alias("tr")
@http_only
def alias_tr(options: Options) -> Format:
    """
    When the request began, local time with milliseconds.
    """

    return inline(
        _with_milliseconds(_begun),
        "{local_stamp(int(wall * 1000))}",
        local_stamp=_local_stamp,
    )


@log_alias("T")
def alias_universal(options: Options) -> Format:
    """
    When the connection was accepted, UTC.
    """
    return lambda stream: _universal(int(stream.session.accepted_wall))


@log_alias("trg")
@http_only
def alias_trg(options: Options) -> Format:
    """
    When the request began, UTC.
    """
    return lambda stream: _universal(int(_begun(stream)))


@log_alias("Tl")
def alias_tl(options: Options) -> Format:
    """
    When the connection was accepted, local time with its zone.
    """
    return lambda stream: _local_zone(int(stream.session.accepted_wall))


@log_alias("trl")
@http_only
def alias_trl(options: Options) -> Format:
    """
    When the request began, local time with its zone.
    """
    return lambda stream: _local_zone(int(_begun(stream)))


@log_alias("Ts")
def alias_timestamp(options: Options) -> Format:
    """
    When the connection was accepted, seconds since the epoch.
    """
    return number(lambda stream: int(stream.session.accepted_wall), options, 4)


@log_alias("ms")
def alias_ms(options: Options) -> Format:
    """
    The milliseconds of the time when the connection was accepted.
    """
    pattern = b"%02X" if options.hexadecimal else b"%03d"
    return lambda stream: pattern % (int(stream.session.accepted_wall * 1000) % 1000)
