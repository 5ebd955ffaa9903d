"""
Standard error for processes that others wait for: writing to it never waits.

Rules:
  - the descriptor is shared with others (the shell, the master, programs), so it is never made
    non-blocking: pipes and terminals are opened anew through C{/proc}, sockets are asked per call,
    what cannot be opened is polled before each write of at most C{PIPE_BUF} bytes; files never
    wait;
  - what is not taken is kept, up to L{BACKLOG} bytes, and tried again with the next line and with
    each L{StandardError.flush}; lines beyond that are lost, and their number is told as soon as
    there is room;
  - when somebody puts another file in its place (a daemon that lets go of its terminal), that is
    used from then on.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import time

from mwproxy.core.diagnostics import Severity, format_message

#: Most bytes kept while nobody reads.
BACKLOG = 256 * 1024
_PIPE_BUF = select.PIPE_BUF


class StandardError:
    """
    A descriptor that lines go to without ever waiting.

    @ivar lost: Lines that found no room since that was last told.
    """

    def __init__(self, fd: int = 2) -> None:
        """
        @param fd: The descriptor, as others know it.
        """
        self.lost = 0
        self._shared = fd
        self._rest = b""
        self._file: tuple[int, int] | None = None
        self._fd = -1
        self._socket: socket.socket | None = None
        self._poll: select.poll | None = None
        self._open()

    def follow(self) -> None:
        """
        Use what is in its place now, and keep nothing of what was before.
        """
        self.flush()
        self._rest = b""
        self._open()

    def write(self, line: str) -> None:
        """
        Write a line, or keep it for later.

        @param line: Without its line feed.
        """
        data = f"{line}\n".encode("utf-8", "backslashreplace")
        if len(self._rest) + len(data) > BACKLOG:
            self.flush()
        if len(self._rest) + len(data) > BACKLOG:
            self.lost += 1
            return
        self._rest += data
        self.flush()

    def flush(self) -> bool:
        """
        Write what was kept, as far as possible.

        @return: Whether nothing is left.
        """
        if not self._rest:
            return True
        self._open()
        try:
            self._send()
        except OSError:
            # It is gone, or its disk is full; that is no reason to fail, nor to try for ever.
            self._rest = b""
            self.lost = 0
        if self.lost and not self._rest:
            text = f"{self.lost} messages were lost: nobody reads standard error."
            self.lost = 0
            self.write(format_message(Severity.WARNING, os.getpid(), text))
        return not self._rest

    def drain(self, seconds: float) -> None:
        """
        Write what was kept, waiting for a reader; for the end of a process.

        @param seconds: The longest wait.
        """
        end = time.monotonic() + seconds
        while not self.flush() and (left := end - time.monotonic()) > 0:
            poll = select.poll()
            poll.register(self._fd, select.POLLOUT)
            poll.poll(left * 1000)

    def close(self) -> None:
        """
        Give up our own descriptor.
        """
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        elif self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._poll = None
        self._file = None

    def _open(self) -> None:
        try:
            found = os.fstat(self._shared)
        except OSError:
            # Closed: what was opened, if anything, is the best there is.
            return
        file = (found.st_dev, found.st_ino)
        if file == self._file:
            return
        self.close()
        self._file = file
        mode = found.st_mode
        if stat.S_ISSOCK(mode):
            self._socket = socket.socket(fileno=os.dup(self._shared))
            self._fd = self._socket.fileno()
        elif stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            try:
                self._fd = os.open(f"/proc/self/fd/{self._shared}", flags)
            except OSError:
                self._fd = os.dup(self._shared)
                self._poll = select.poll()
                self._poll.register(self._fd, select.POLLOUT)
        else:
            # Opening a file anew would lose the position that is shared.
            self._fd = os.dup(self._shared)

    def _send(self) -> None:
        while self._rest:
            if self._poll is not None and not self._poll.poll(0):
                return
            piece = self._piece()
            try:
                if self._socket is not None:
                    flags = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
                    sent = self._socket.send(piece, flags)
                else:
                    sent = os.write(self._fd, piece)
            except BlockingIOError:
                return
            self._rest = self._rest[sent:]

    def _piece(self) -> bytes:
        # Whole lines in writes that a pipe takes as one: processes that share it do not break each
        # other's lines.
        if len(self._rest) <= _PIPE_BUF:
            return self._rest
        return self._rest[: self._rest.rfind(b"\n", 0, _PIPE_BUF) + 1 or _PIPE_BUF]
