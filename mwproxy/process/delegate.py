"""
A small process that signals the older ones (L{Elders}) in place of one that starts.

It is forked first thing, while that is cheap, and is there for two reasons. It keeps the rights
that the starting process gives up (C{user}), so that older processes of another user can be told to
leave once everything serves. And when the starting process dies, however it dies, those that it had
asked to release their ports go on: the end of its pipe tells.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterable
from typing import Protocol

from mwproxy.process.elders import Elders
from mwproxy.process.system import fork

_PAUSE, _RESUME, _LEAVE, _LEAVE_NOW = b"P", b"R", b"L", b"T"
_YES, _NO = b"y", b"n"


class Predecessors(Protocol):
    """
    What a starting process may want of older ones.
    """

    def pause(self) -> bool:
        """
        Ask all to release their ports for now (SIGTTOU).

        @return: Whether any was there to be asked.
        """

    def resume(self) -> None:
        """
        Tell those that were paused to go on (SIGTTIN).
        """

    def leave(self, *, hard: bool) -> None:
        """
        Tell all to finish their work (SIGUSR1), or to end at once (SIGTERM).
        """


class Delegate:
    """
    The starting process's end.
    """

    def __init__(
        self, pids: Iterable[int], warn: Callable[[str], None], *, own: Iterable[int] = ()
    ) -> None:
        """
        Look at the processes, and fork unless there are none.

        @param pids: The older processes, as they were given.

        @param warn: Told of each that is left alone.

        @param own: Processes of this start.
        """
        elders = Elders(pids, warn, own=own)
        self._sock: socket.socket | None = None
        self._pid = 0
        if elders:
            self._fork(elders)
        elders.close()

    def __bool__(self) -> bool:
        """
        Whether there are older processes.
        """
        return self._sock is not None

    def pause(self) -> bool:
        """
        See L{Predecessors}; so for all that follow.
        """
        return self._ask(_PAUSE)

    def resume(self) -> None:
        """
        Those that were paused go on.
        """
        self._ask(_RESUME)

    def leave(self, *, hard: bool) -> None:
        """
        All leave; there is nothing more to say then.
        """
        self._ask(_LEAVE_NOW if hard else _LEAVE)
        self.close()

    def close(self) -> None:
        """
        End the small process; whoever is still paused goes on.
        """
        if self._sock is not None:
            self._sock.close()
            self._sock = None
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)

    def forget(self) -> None:
        """
        Let go of it in a process that was forked meanwhile.
        """
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _ask(self, what: bytes) -> bool:
        if self._sock is None:
            return False
        try:
            self._sock.sendall(what)
            return self._sock.recv(1) == _YES
        except OSError:
            return False

    def _fork(self, elders: Elders) -> None:
        ours, theirs = socket.socketpair()
        self._pid = fork()
        if self._pid:
            theirs.close()
            self._sock = ours
            return
        try:
            ours.close()
            # A terminal's interrupt is meant for the other one, whose end will be seen here.
            for each in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
                signal.signal(each, signal.SIG_IGN)
            serve(theirs, elders)
        finally:
            os._exit(0)


def serve(sock: socket.socket, elders: Predecessors) -> None:
    """
    Do what is asked for, to the end.

    @param sock: Where it is asked; its end means that nobody starts any more.
    """
    left = False
    while not left:
        try:
            asked = sock.recv(1)
        except OSError:
            asked = b""
        done = True
        if asked == _PAUSE:
            done = elders.pause()
        elif asked in (_LEAVE, _LEAVE_NOW):
            elders.leave(hard=asked == _LEAVE_NOW)
            left = True
        else:
            elders.resume()
            left = not asked
        with contextlib.suppress(OSError):
            sock.sendall(_YES if done else _NO)
