"""
The table of C{show proc}.
"""

from __future__ import annotations

import re

from mwproxy.client.formats.words import Row, Unreadable, filled

_UPTIME = re.compile(r"(\d+)d(\d+)h(\d+)m(\d+)s", re.ASCII)
_FAILED = re.compile(r"\[failed: (\d+)\]", re.ASCII)
_WAS = re.compile(r"\[was: (\d+)\]", re.ASCII)
_TITLES = {
    "# workers": ("worker", False),
    "# old workers": ("worker", True),
    "# programs": ("program", False),
    "# old programs": ("program", True),
}


def read_proc(text: str) -> list[Row]:
    """
    Read the processes.

    @param text: The answer of C{show proc}, C{debug} or not.

    @return: For each its C{pid}, C{type} (C{master}, C{worker}, C{program}), C{name} (of programs),
        C{relative} (number of a worker where there are several), C{reloads}, C{failed} (of the
        master), C{uptime} in seconds, C{version} and C{old}. A program that does not run has no
        pid, and a word in place of a version: C{restarting} or C{degraded}.

    @raise Unreadable: It is no such table.
    """
    header, *lines = filled(text) or [""]
    if not header.startswith("#<PID>"):
        raise Unreadable(f"a table of processes begins with '#<PID>', not with '{header[:40]}'")
    several = "<relative PID>" in header
    kind, old = "master", False
    rows = []
    for line in lines:
        title = _TITLES.get(line.strip())
        if title is not None:
            kind, old = title
        elif line.startswith("#"):
            raise Unreadable(f"what is '{line[:40]}'?")
        else:
            rows.append(_row(line, kind, old, several))
    return rows


def _row(line: str, kind: str, old: bool, several: bool) -> Row:
    failed = _FAILED.search(line)
    was = _WAS.search(line)
    words = _WAS.sub(lambda found: found[1], _FAILED.sub("", line)).split()
    try:
        pid, name, *rest = words
        relative = rest.pop(0) if several else ""
        reloads, uptime, *version = rest
        count = _UPTIME.fullmatch(uptime)
        if count is None:
            raise ValueError(uptime)
        days, hours, minutes, seconds = map(int, count.groups())
        return {
            "pid": None if pid == "-" else int(pid),
            "type": kind,
            "name": name if kind == "program" else None,
            "relative": int(relative) if relative.isdecimal() and kind == "worker" else None,
            "reloads": int(reloads),
            "failed": int(failed[1]) if failed else None,
            "uptime": ((days * 24 + hours) * 60 + minutes) * 60 + seconds,
            "version": version[0] if version and version[0] != "-" else None,
            "old": old or was is not None,
        }
    except ValueError:
        raise Unreadable(f"'{line[:60]}' is no process") from None
