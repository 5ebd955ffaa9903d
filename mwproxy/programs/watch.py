"""
The watch over programs: a small process that outlives a master killed with SIGKILL just long enough
to end the programs it would have left behind.

C{python -I -S watch.py <master>} reads lines from its standard input: C{+<process group>} when a
program starts, C{-<process group>} when it is gone. End of file means that the master is gone: what
is still listed gets SIGTERM, and SIGKILL two seconds later; so do processes that have left those
groups, which are known by C{MWPROXY_PROGRAM_ID} in their environment. It has a session of its own
and ignores the signals that end its master, so that it cannot be taken along with it.
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


def end(groups: set[int], master: int = 0) -> None:
    """
    End process groups, and what has left them, gently first.

    @param master: The process whose programs they were, 0 to look for nothing else.
    """
    left = {-group for group in groups if _signal(-group, signal.SIGTERM)}
    left |= {pid for pid in strays(master) if _signal(pid, signal.SIGTERM)}
    waited = 0.0
    while left and waited < GRACE:
        select.select([], [], [], STEP)
        waited += STEP
        left = {each for each in left if _signal(each, 0)}
    for each in left | strays(master):
        _signal(each, signal.SIGKILL)


def strays(master: int) -> set[int]:
    """
    Find the processes that programs of a master have started, wherever they are now.

    @param master: Its pid, 0 for none.
    """
    mark = f"MWPROXY_PROGRAM_ID={master}.".encode()
    found = set()
    for name in os.listdir("/proc") if master else ():  # noqa: PTH208  # no library but this
        if name.isdigit():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123  # likewise
                    if any(each.startswith(mark) for each in file.read().split(b"\0")):
                        found.add(int(name))
            except OSError:
                continue
    return found


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
    master = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    groups: set[int] = set()
    buffered = b""
    while True:
        data = os.read(0, 4096)
        if not data:
            break
        *lines, buffered = (buffered + data).split(b"\n")
        for line in lines:
            follow(groups, line)
    end(groups, master)


def _signal(target: int, signum: int) -> bool:
    """
    Signal a process, or a group as a negative number.
    """
    try:
        os.kill(target, signum)  # noqa: TID251  # no part of the package runs here
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
    sys.exit(0)
