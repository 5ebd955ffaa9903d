"""
Syslog lines in the formats of the C{log} keyword.

What stands before the text is made once per second and severity; only the fractions of
a second, where a format has them, are written for each line.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: Names of the facilities; the position is the number.
FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
    "uucp", "cron", "auth2", "ftp", "ntp", "audit", "alert", "cron2",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip

#: Names of the levels; the position is the number.
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

FORMATS = ("local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw")

#: Bounds and default of the length of a line.
MIN_LENGTH, DEFAULT_LENGTH, MAX_LENGTH = 80, 1024, 65535

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Formatter:
    """
    Writes the lines of one target.
    """

    def __init__(
        self,
        format_name: str,
        facility: int,
        *,
        tag: str,
        pid: int,
        hostname: str = "",
        length: int = DEFAULT_LENGTH,
        localtime: Callable[[float], time.struct_time] = time.localtime,
    ) -> None:
        """
        @param format_name: One of L{FORMATS}.

        @param facility: Its number.

        @param tag: Name of the program (C{log-tag}).

        @param pid: The process that logs.

        @param hostname: What C{log-send-hostname} says; empty without it: C{rfc3164} has
            C{localhost} then and C{rfc5424} a dash, as HAProxy's lines have.

        @param length: Longest line, header and line feed included.

        @param localtime: Converts seconds since the epoch to local time.

        @raise ValueError: The format is unknown.
        """
        if format_name not in FORMATS:
            raise ValueError(f"unknown log format '{format_name}'")
        self._format = format_name
        self._facility = facility * 8
        self._tag = tag
        self._pid = pid
        self._hostname = hostname
        self._length = length - 1
        self._localtime = localtime
        self._second = -1
        self._headers: dict[int, tuple[bytes, bytes]] = {}
        self._raw = format_name == "raw"
        self._fractions = format_name in ("timed", "iso", "rfc5424")

    def line(self, severity: int, wall: float, text: bytes) -> bytes:
        """
        Write one line.

        @param severity: 0 to 7.

        @param wall: Seconds since the epoch.

        @param text: What to say; line feeds in it become blanks.

        @return: The line with its line feed.
        """
        if b"\n" in text:
            text = text.replace(b"\n", b" ")
        if self._raw:
            return text[: self._length] + b"\n"
        if not self._second <= wall < self._second + 1:
            self._second = int(wall)
            self._headers.clear()
        header = self._headers.get(severity)
        if header is None:
            header = self._headers[severity] = self._header(severity, self._second)
        before, after = header
        if self._fractions:
            before = b"%b%06d%b" % (before, int((wall - self._second) * 1_000_000), after)
        line = before + text
        if len(line) > self._length:
            line = line[: self._length]
        return line + b"\n"

    def _header(self, severity: int, second: int) -> tuple[bytes, bytes]:
        now = self._localtime(second)
        priority = self._facility + severity
        before = after = ""
        if self._format in ("local", "rfc3164"):
            host = f"{self._hostname or 'localhost'} " if self._format == "rfc3164" else ""
            date = f"{_MONTHS[now.tm_mon - 1]} {now.tm_mday:2d} {_clock(now)}"
            before = f"<{priority}>{date} {host}{self._tag}[{self._pid}]: "
        elif self._format == "priority":
            before = f"<{priority}>"
        elif self._format == "short":
            before = f"<{severity}>"
        else:
            date = f"{now.tm_year:04d}-{now.tm_mon:02d}-{now.tm_mday:02d}T{_clock(now)}."
            start = {"timed": f"<{severity}>", "iso": "", "rfc5424": f"<{priority}>1 "}
            before = start[self._format] + date
            after = f"{_zone(now)} "
            if self._format == "rfc5424":
                after += f"{self._hostname or '-'} {self._tag or '-'} {self._pid} - - "
        return before.encode("utf-8"), after.encode("utf-8")


def _clock(now: time.struct_time) -> str:
    return f"{now.tm_hour:02d}:{now.tm_min:02d}:{now.tm_sec:02d}"


def _zone(now: time.struct_time) -> str:
    minutes = (now.tm_gmtoff or 0) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
