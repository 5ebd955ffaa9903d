"""
The watch over programs: a small process that outlives a master killed with SIGKILL just long enough
to end the programs it would have left behind.

C{python -I -S watch.py} reads lines from its standard input: C{+<process group>} when a program
starts, C{-<process group>} when it is gone. End of file means that the master is gone: what is
still listed gets SIGTERM, and SIGKILL two seconds later. It has a session of its own and
ignores the signals that end its master, so that it cannot be taken along with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys

#: Seconds that programs get to finish, and between two looks at them.
GRACE = 2.0
STEP = 0.05


def end(groups: set[int]) -> None:
    """
    End process groups, gently first.
    """
    left = {group for group in groups if _signal(group, signal.SIGTERM)}
    waited = 0.0
    while left and waited < GRACE:
        select.select([], [], [], STEP)
        waited += STEP
        left = {group for group in left if _signal(group, 0)}
    for group in left:
        _signal(group, signal.SIGKILL)


def follow(groups: set[int], line: bytes) -> None:
    """
    Take one line of the master's.

    @param groups: Changed in place.
    """
    if line[1:].isdigit():
        {b"+": groups.add, b"-": groups.discard}.get(line[:1], groups.discard)(int(line[1:]))


def main() -> None:
    """
    Watch until the master is gone.
    """
    with contextlib.suppress(OSError):
        os.setsid()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(signum, signal.SIG_IGN)
    groups: set[int] = set()
    buffered = b""
    while True:
        data = os.read(0, 4096)
        if not data:
            break
        *lines, buffered = (buffered + data).split(b"\n")
        for line in lines:
            follow(groups, line)
    end(groups)


def _signal(group: int, signum: int) -> bool:
    try:
        os.killpg(group, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
    sys.exit(0)
