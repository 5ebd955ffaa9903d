"""
The nursery: C{python -P -m mwproxy.worker.nursery}, started by a master with a socket as
descriptor 3.

It imports everything, rehearses, says so, and forks a worker for each control channel that it is
sent. It forks twice, so that the worker becomes a child of the master (a subreaper). It never runs
a reactor: every worker makes its own. End of file tells that the master is gone, or wants us gone.
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import sys
from pathlib import Path

import mwproxy.worker.lean  # before anything of Twisted

# isort: split
import mwproxy.net.reactor  # noqa: F401  # what every worker needs
from mwproxy.process.ipc import CHANNEL_FD
from mwproxy.process.nursery import HATCH, UP
from mwproxy.process.system import fork
from mwproxy.worker.__main__ import import_later
from mwproxy.worker.rehearsal import rehearse
from mwproxy.worker.run import install_reactor, unblock_signals


def main() -> int:
    """
    Hatch workers until the master hangs up.

    @return: The exit status, in the nursery and in each worker.
    """
    unblock_signals()
    import_later()
    rehearse()
    # What exists now is shared with all workers: collections must not touch it.
    gc.collect()
    gc.freeze()
    name_process("mwproxy-nursery")
    with socket.socket(fileno=CHANNEL_FD) as sock:
        sock.set_inheritable(False)
        # A master that has no use for us any more has hung up by now; receiving tells so.
        with contextlib.suppress(OSError):
            sock.sendall(UP)
        while True:
            channel = receive(sock)
            if channel is None:
                return 0
            if hatch(channel):
                break
            os.close(channel)
    return work(channel)


def receive(sock: socket.socket) -> int | None:
    """
    Wait for a control channel.

    @return: Its descriptor, L{None} when the master hung up.
    """
    try:
        data, fds, _, _ = socket.recv_fds(sock, len(HATCH), 1)
    except OSError:
        return None
    return fds[0] if data and fds else None


def hatch(channel: int) -> bool:
    """
    Fork a worker.

    @return: True in the worker.
    """
    between = fork()
    if between:
        os.waitpid(between, 0)
        return False
    between = os.getpid()
    if fork():
        os._exit(0)
    outlive(between)
    return True


def outlive(parent: int) -> None:
    """
    Wait until our parent is gone. Only then are we a child of the master: it could not tell us from
    one that is dead if we spoke before.

    @param parent: The parent, which is about to exit.
    """
    while os.getppid() == parent:
        os.sched_yield()


def work(channel: int) -> int:
    """
    Be a worker.

    @param channel: Its control channel.

    @return: The exit status.
    """
    os.dup2(channel, CHANNEL_FD, inheritable=False)
    if channel != CHANNEL_FD:
        os.close(channel)
    name_process("mwproxy-worker")
    reactor = install_reactor()
    from mwproxy.worker.controlled import run_controlled

    return run_controlled(reactor)


def name_process(name: str) -> None:
    """
    Give this process a name in C{top} and C{ps}.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name[:15], encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
