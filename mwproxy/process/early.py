"""
The first worker of a master, started before the master itself has imported anything.

Both import for a good part of a second, neither needs the other meanwhile. The worker hears of its
master when that has come up, or sees its channel end if that never does. It is a process like
any other worker that is started anew; only the system call is made here, as C{process/system.py}
comes with the reactor.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT, SIGKILL

from mwproxy.process.environment import initial_environment
from mwproxy.process.spawn import worker_command, worker_environment

#: The descriptor that a worker has its channel on; C{process/ipc.py}, which says so, comes with the
#: reactor.
CHANNEL_FD = 3


class EarlyWorker:
    """
    A worker that nobody speaks with yet.

    @ivar pid: Its pid.
    """

    def __init__(self, pid: int, sock: socket.socket) -> None:
        """
        @param sock: Our end of its control channel.
        """
        self.pid = pid
        self._sock: socket.socket | None = sock

    def take(self) -> socket.socket | None:
        """
        Get our end of its control channel, which then is the caller's, as is the worker.

        @return: L{None} if it was taken before.
        """
        sock, self._sock = self._sock, None
        return sock

    def discard(self) -> None:
        """
        End it, unless it was taken.
        """
        sock = self.take()
        if sock is None:
            return
        sock.close()
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, SIGKILL)  # noqa: TID251  # see above
            os.waitpid(self.pid, 0)

    def forget(self) -> None:
        """
        Leave it to the process that we were forked from.
        """
        sock = self.take()
        if sock is not None:
            sock.close()


def start_early(environment: Mapping[str, str]) -> EarlyWorker | None:
    """
    Start a worker.

    @param environment: That of this process.

    @return: L{None} if the system refuses; who tries again then hears why.
    """
    command = worker_command()
    variables = worker_environment(initial_environment(environment))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        actions: list[tuple[int, ...]] = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), CHANNEL_FD)]
        actions += [(os.POSIX_SPAWN_CLOSE, fd) for fd in _inheritable() if fd > CHANNEL_FD]
        try:
            # It unblocks all once it ignores this one, which the terminal sends to both of us.
            pid = os.posix_spawn(
                command[0], command, variables, file_actions=actions, setsigmask=[SIGINT]
            )
        except OSError:
            ours.close()
            return None
    return EarlyWorker(pid, ours)


def _inheritable() -> list[int]:
    """
    List the descriptors that a child would have.
    """
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if os.get_inheritable(int(entry.name)):
                found.append(int(entry.name))
    return found
