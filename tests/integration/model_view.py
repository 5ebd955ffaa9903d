"""
What can be seen of a master from outside: C{show proc}, C{/proc}, what it told its service manager.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.integration.model import Row

_CELL = re.compile(r"\[[^]]*\]|\S+")


def parse_proc(text: str) -> list[tuple[Row, str]]:
    """
    Read C{show proc}.

    @return: Each row, with the version that stands in it.
    """
    lines = text.splitlines()
    several = "<relative PID>" in lines[0]
    section, rows = "master", []
    for line in lines[1:]:
        if line.startswith("# "):
            section = line[2:].strip()
            continue
        if not line.strip():
            continue
        cells = _CELL.findall(line)
        pid, kind = int(cells.pop(0)), cells.pop(0)
        relative = int("0" + re.sub(r"\D", "", cells.pop(0))) if several else 0
        reloads = int(cells.pop(0))
        failed = int(re.sub(r"\D", "", cells.pop(0))) if cells[0].startswith("[") else 0
        rows.append((Row(section, pid, kind, relative, reloads, failed), cells[-1]))
    return rows


def compare(expected: Iterable[Row], seen: Sequence[Row]) -> list[str]:
    """
    Compare what has to be listed with what is.

    @param expected: A pid of 0 stands for any.

    @return: What differs, in words.
    """
    left = list(seen)
    several = any(row.relative for row in seen)
    differences = []

    def key(row: Row) -> tuple[object, ...]:
        relative = row.relative if several else 0
        return (row.section, row.kind, relative, row.reloads, row.failed)

    # Those whose pid is known choose first.
    for row in sorted(expected, key=lambda row: not row.pid):
        same = [each for each in left if key(each) == key(row) and row.pid in (0, each.pid)]
        if same:
            left.remove(same[0])
        else:
            differences.append(f"not listed: {row}")
    return differences + [f"listed: {row}" for row in left]


def children(parent: int) -> dict[int, str]:
    """
    List the children of a process, zombies left out.

    @return: Their names by pid.
    """
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                text = (entry / "stat").read_text()
                name = text[text.index("(") + 1 : text.rindex(")")]
                state, ppid = text[text.rindex(")") + 2 :].split()[:2]
                if int(ppid) == parent and state != "Z":
                    found[int(entry.name)] = name
    return found


def stopped(pid: int) -> bool:
    """
    Tell whether a process is stopped by SIGSTOP.
    """
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2] == "T"


def sockets(pid: int) -> set[int]:
    """
    List the sockets that a process has open.

    @return: Their inodes; none for a process that is gone.
    """
    found = set()
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if match := re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink())):
                    found.add(int(match[1]))
    return found


def accepted(port: int) -> dict[int, int]:
    """
    List the accepted connections of a port of 127.0.0.1.

    @return: The inode of each by the client's port.
    """
    found = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        local, remote = (int(word.split(":")[1], 16) for word in words[1:3])
        if local == port and remote and words[9] != "0":
            found[remote] = int(words[9])
    return found


def misnotified(notices: Sequence[str]) -> list[str]:
    """
    Check the order of what a service manager was told.

    @param notices: The messages.

    @return: What is wrong: each C{RELOADING} has one C{READY} behind it; figures are told only
        between C{READY} and the next C{RELOADING} or C{STOPPING}; nothing is C{READY} without
        cause.
    """
    wrong = []
    state = "starting"
    for number, notice in enumerate(notices):
        lines = notice.split("\n")
        if "READY=1" in lines:
            if state not in ("starting", "reloading"):
                wrong.append(f"{number}: ready though {state}")
            state = "ready"
        elif "RELOADING=1" in lines:
            if state == "reloading":
                wrong.append(f"{number}: reloading twice")
            if not any(line.startswith("MONOTONIC_USEC=") for line in lines):
                wrong.append(f"{number}: reloading without its time")
            state = "reloading"
        elif "STOPPING=1" in lines:
            state = "stopping"
        elif notice.startswith("EXTEND_TIMEOUT_USEC="):
            if state not in ("starting", "reloading", "stopping"):
                wrong.append(f"{number}: asks for time though {state}")
        elif not notice.startswith("STATUS="):
            wrong.append(f"{number}: unknown message {notice!r}")
        elif state != "ready":
            wrong.append(f"{number}: figures though {state}")
    return wrong
