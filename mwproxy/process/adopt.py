"""
Children that the reactor did not start: workers that the nursery hatched, and orphans that fell to
us.

This is the only user of Twisted's table of children. A master that is a subreaper, or has pid 1,
gets the orphans of its programs: each is reaped and reported, none stays a zombie.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

from twisted.internet import process

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> bool:
    """
    Become the parent of orphaned descendants.

    @return: Whether the system can do that.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        return int(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) == 0
    except (AttributeError, OSError):
        return False


class Adopted:
    """
    A child that the reactor reaps for us.
    """

    def __init__(self, pid: int, exited: Callable[[int], None]) -> None:
        """
        @param exited: Told the status as a shell sees it.
        """
        self._pid = pid
        self._exited = exited

    def reapProcess(self) -> None:
        """
        Look whether it ended; the reactor asks this whenever a child did.
        """
        status = reap(self._pid)
        if status is not None:
            process.unregisterReapProcessHandler(self._pid, self)
            self._exited(status)


def watch_exit(pid: int, exited: Callable[[int], None]) -> None:
    """
    Have the end of a child told.

    @param pid: The child.

    @param exited: Told its status as a shell sees it, at once if it ended already.
    """
    status = reap(pid)
    if status is not None:
        exited(status)
    else:
        handlers: dict[int, Any] = process.reapProcessHandlers
        handlers[pid] = Adopted(pid, exited)


def expect_exit(pid: int, exited: Callable[[int], None]) -> None:
    """
    Have the end of a child told, if it ended already at the next L{look_for_exits}.

    @param pid: The child.

    @param exited: Told its status as a shell sees it.
    """
    handlers: dict[int, Any] = process.reapProcessHandlers
    handlers[pid] = Adopted(pid, exited)


def look_for_exits() -> None:
    """
    Reap all known children that ended.
    """
    process.reapAllProcesses()


def reap(pid: int) -> int | None:
    """
    Look whether a child ended.

    @return: Its status as a shell sees it, 1 if somebody else got that; L{None} if it lives.
    """
    try:
        found, raw = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 1
    return _status(raw) if found else None


def reap_orphans() -> list[tuple[int, int]]:
    """
    Reap children that nobody knows.

    @return: pid and status of each.
    """
    found: list[tuple[int, int]] = []
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return found
        if ended is None or ended.si_pid in process.reapProcessHandlers:
            # One that is known is left to the reactor; others behind it are for the next look.
            return found
        pid, raw = os.waitpid(ended.si_pid, 0)
        found.append((pid, _status(raw)))


def _status(raw: int) -> int:
    code = os.waitstatus_to_exitcode(raw)
    return code if code >= 0 else 128 - code
