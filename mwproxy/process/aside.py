"""
A process beside this one that goes on with connections which cannot be handed over.

It is forked without the reactor: it must not touch anything that the two have in common, above all
not the descriptors that are being waited for here. It has a few descriptors, nothing on standard
input and output, and belongs to nobody who waits for it: when its work is done it ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from mwproxy.process.system import fork

#: As the system lists it.
NAME = "mwproxy-aside"
_DEAF = (
    signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
    signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE,
)  # fmt: skip


def run_aside(keep: Iterable[int], work: Callable[[], None]) -> None:
    """
    Do something in a process of its own.

    @param keep: The descriptors that it needs; all others are closed there.

    @param work: Called there, without a reactor; the process ends with it.

    @raise OSError: There can be no more processes.
    """
    kept = frozenset(keep)
    pid = fork()
    if pid:
        # Only the one between: it ends at once.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        return
    status = 1
    try:
        if fork() == 0:
            _settle(kept)
            work()
        status = 0
    finally:
        os._exit(status)


def _settle(kept: frozenset[int]) -> None:
    signal.set_wakeup_fd(-1)
    for signum in _DEAF:
        signal.signal(signum, signal.SIG_IGN)
    for signum in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        if number not in kept:
            os.dup2(null, number)
    for entry in list(Path("/proc/self/fd").iterdir()):
        number = int(entry.name)
        if number > 2 and number not in kept:
            with contextlib.suppress(OSError):
                os.close(number)
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(NAME)
