"""
Processes of a program that left its process group, by double fork or C{setsid}.

What a program starts inherits C{MWPROXY_PROGRAM_ID}, a variable that C{launch.py} sets, and
falls to the master, a subreaper, once its parents have ended. So they are found among the master's
own children without looking at any other process. One that was started with an emptied environment
is not found.
"""

from __future__ import annotations

from pathlib import Path

VARIABLE = "MWPROXY_PROGRAM_ID"
#: Most processes that are looked at in one go, against a program that forks without end.
MOST = 4096


def find_strays(master: int, leader: int) -> list[int]:
    """
    Find what an ended program has left outside its group.

    @param master: Whose children are looked at.

    @param leader: The pid that the program had.

    @return: Pids, with all that descends from them.
    """
    mark = f"{VARIABLE}={master}.{leader}".encode()
    found = [pid for pid in children_of(master) if has_mark(pid, mark)]
    for pid in found:
        if len(found) > MOST:
            break
        found += children_of(pid)
    return found


def children_of(pid: int) -> list[int]:
    """
    List the children of a process, those of all its threads.

    @return: Pids; none where the kernel does not tell.
    """
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text("ascii").split())
    except OSError:
        pass
    return found


def has_mark(pid: int, mark: bytes) -> bool:
    """
    Tell whether a variable was in the environment of a process when it began.

    @param mark: C{<name>=<value>}.
    """
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
