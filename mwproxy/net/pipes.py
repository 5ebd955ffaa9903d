"""
Pipes for C{splice}: bytes that nobody needs to see go from socket to socket through them.

A pipe is lent while it holds bytes, so idle connections hold none; empty ones wait in a pool for
the next.
"""

from __future__ import annotations

import fcntl
import os

PIPE_SIZE = 1 << 20
POOL_SIZE = 64
#: Unless told otherwise: without limit the pool of a large machine would eat descriptors needed
#: for connections.
MOST_PIPES = 4096


class Pipe:
    """
    One pipe.

    @ivar size: How many bytes it can hold.

    @ivar filled: How many it holds.
    """

    __slots__ = ("filled", "reader", "size", "writer")

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            self.size = fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        except OSError:
            # Beyond the limit for unprivileged users the default size has to do.
            self.size = fcntl.fcntl(self.writer, fcntl.F_GETPIPE_SZ)
        self.filled = 0

    def close(self) -> None:
        """
        Give both descriptors back.
        """
        os.close(self.reader)
        os.close(self.writer)


class PipePool:
    """
    The pipes of a worker.

    @ivar used: How many are lent.

    @ivar most: How many may be.
    """

    __slots__ = ("_free", "most", "used")

    def __init__(self) -> None:
        self._free: list[Pipe] = []
        self.most = MOST_PIPES
        self.used = 0

    @property
    def free(self) -> int:
        """
        How many wait for the next transfer.
        """
        return len(self._free)

    def lend(self) -> Pipe | None:
        """
        Lend an empty pipe.

        @return: L{None} when none is to be had: the caller copies instead.
        """
        if self._free:
            self.used += 1
            return self._free.pop()
        if self.used >= self.most:
            return None
        try:
            pipe = Pipe()
        except OSError:
            return None
        self.used += 1
        return pipe

    def take_back(self, pipe: Pipe) -> None:
        """
        Take a pipe back; one that still holds bytes is closed.
        """
        self.used -= 1
        if pipe.filled or len(self._free) >= POOL_SIZE:
            pipe.close()
        else:
            self._free.append(pipe)

    def close(self) -> None:
        """
        Close the pipes that wait.
        """
        while self._free:
            self._free.pop().close()
