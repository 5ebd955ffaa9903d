"""
A person at a terminal: C{mwproxyctl} in a pty, and what the screen shows.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30.0
COLUMNS, LINES = 110, 30


class Terminal:
    """
    A terminal of 30 lines with a program in it.

    @ivar screen: What it shows.   @ivar status: The exit status, L{None} while it runs.
    """

    def __init__(self, *words: str, **environment: str) -> None:
        """
        Start C{mwproxyctl}.

        @param words: Its command line.

        @param environment: More variables; C{TERM} is C{xterm-256color} unless given.
        """
        self.screen = pyte.HistoryScreen(COLUMNS, LINES, history=1000)
        self.status: int | None = None
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(ROOT)
            # As a login has it: tests that run in the background have it ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            variables = {**os.environ, "TERM": "xterm-256color", **environment}
            variables.pop("NO_COLOR", None) if "NO_COLOR" not in environment else None
            words = (sys.executable, "-m", "mwproxy.client.main", *words)
            os.execve(sys.executable, words, variables)
        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, size)

    def type(self, text: str) -> None:
        """
        Press keys.
        """
        os.write(self._fd, text.encode())

    def text(self) -> str:
        """
        Read the screen.
        """
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait(self, fact: Callable[[str], object] | str) -> str:
        """
        Wait until the screen shows something.

        @param fact: The text, or what tells whether it is there.

        @return: The screen.
        """
        told = (lambda text: fact in text) if isinstance(fact, str) else fact
        end = time.monotonic() + PATIENCE
        while not told(self.text()):
            if time.monotonic() > end or not self._read(end):
                raise AssertionError(f"it never shows {fact!r}:\n{self.text()}")
        return self.text()

    def wait_exit(self) -> int:
        """
        Wait until the program has ended.

        @return: Its exit status, negative when a signal ended it.
        """
        end = time.monotonic() + PATIENCE
        while self._read(end):
            if time.monotonic() > end:
                raise AssertionError(f"it does not end:\n{self.text()}")
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self.status

    def close(self) -> None:
        """
        End the program, however it is.
        """
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._fd)

    def _read(self, end: float) -> bool:
        if not select.select([self._fd], [], [], max(0.0, end - time.monotonic()))[0]:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            # The program is gone.
            return False
        self.raw += data
        self._stream.feed(data)
        # A terminal that is asked where its cursor is answers.
        if b"\x1b[6n" in data:
            cursor = self.screen.cursor
            self.type(f"\x1b[{cursor.y + 1};{cursor.x + 1}R")
        return bool(data)
