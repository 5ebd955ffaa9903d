"""
What a program prints, as lines.

Rules:
  - reading never waits, and takes at most L{CHUNK} bytes in a turn of the reactor;
  - of a line not more than L{LONGEST} bytes are kept, the rest of it is dropped;
  - at most as many lines as C{log-output} says are passed on in each time; the others are counted,
    and their number is told at the end of that time;
  - a program that prints more than that is read every L{PAUSE} seconds only. So it goes on, at some
    megabytes a second, and the master has next to nothing to do with it.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from mwproxy.config.program_settings import OutputRate
from mwproxy.process.inheritance import OutputFacts
from mwproxy.process.system import System

CHUNK = 65536
LONGEST = 2048
PAUSE = 0.01
#: Most bytes that are read of what a program left in its pipe.
MOST_LEFT = 1 << 20


@implementer(IReadDescriptor)
class Output:
    """
    The reading end of the pipe that a program writes to.
    """

    def __init__(
        self, system: System, fd: int, rate: OutputRate, say: Callable[[str], None]
    ) -> None:
        """
        @param fd: The end, ours from now on.

        @param say: Gets each line that is to be logged.
        """
        self._system = system
        self._fd = fd
        self._rate = rate
        self._say = say
        self._rest = b""
        self._skipping = False
        self._wanted: re.Pattern[str] | None = None
        self._found: Callable[[], None] | None = None
        self._window = 0.0
        self._lines = 0
        self._dropped = 0
        self._timers: dict[str, Any] = {}
        os.set_blocking(fd, False)
        os.set_inheritable(fd, False)
        system.watch(self)

    def facts(self) -> OutputFacts:
        """
        Note what another image of this process needs to go on.
        """
        return OutputFacts(self._fd, self._rest)

    def go_on(self, rest: bytes) -> None:
        """
        Go on in the midst of a line.

        @param rest: What came of it.
        """
        self._rest = rest[:LONGEST]

    def wait_for(self, regex: str, found: Callable[[], None]) -> None:
        """
        Have it told when a line matches, once.
        """
        self._wanted, self._found = re.compile(regex), found

    def fileno(self) -> int:
        """
        Tell the descriptor, -1 once closed.
        """
        return self._fd

    def logPrefix(self) -> str:
        """
        Tell what Twisted calls it.
        """
        return "program output"

    def doRead(self) -> None:
        """
        Read some of it.
        """
        if not self._read():
            self.close()
        elif self._lines > self._rate.lines and "pause" not in self._timers:
            self._system.unwatch(self)
            self._later("pause", PAUSE, self._resume)

    def connectionLost(self, reason: object = None) -> None:
        """
        Stop, as the reactor does.
        """
        self.close()

    def finish(self) -> None:
        """
        Read what an ended program has left, and close.
        """
        left = MOST_LEFT
        while self._fd >= 0 and left > 0 and (count := self._read()) > 1:
            left -= count
        self.close()

    def close(self) -> None:
        """
        Read no more.
        """
        if self._fd < 0:
            return
        if self._rest and not self._skipping:
            self._line(self._rest)
        self._system.unwatch(self)
        os.close(self._fd)
        self._fd = -1
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._tell_dropped()

    def _read(self) -> int:
        """
        Read once.

        @return: The number of bytes, 0 for the end, 1 when there is nothing now.
        """
        try:
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return 1
        except OSError:
            return 0
        *lines, rest = data.split(b"\n")
        if lines:
            first, lines[0] = lines[0], b""
            if not self._skipping:
                self._line(self._rest + first)
            self._rest, self._skipping = b"", False
            for line in lines[1:]:
                self._line(line)
        if not self._skipping:
            self._rest += rest
            if len(self._rest) > LONGEST:
                self._line(self._rest)
                self._rest, self._skipping = b"", True
        return len(data)

    def _line(self, line: bytes) -> None:
        text = None
        if self._wanted is not None:
            text = _printable(line)
            if self._wanted.search(text) is not None:
                found, self._wanted, self._found = self._found, None, None
                assert found is not None
                found()
        now = self._system.monotonic()
        seconds = self._rate.per_ms / 1000
        if now - self._window >= seconds:
            self._window, self._lines = now, 0
        self._lines += 1
        if self._lines <= self._rate.lines:
            self._say(_printable(line) if text is None else text)
            return
        self._dropped += 1
        if "told" not in self._timers:
            self._later("told", seconds - (now - self._window), self._tell_dropped)

    def _tell_dropped(self) -> None:
        dropped, self._dropped = self._dropped, 0
        if dropped:
            self._say(f"({dropped} more lines were dropped, see 'log-output')")

    def _resume(self) -> None:
        if self._fd >= 0:
            self._system.watch(self)

    def _later(self, name: str, seconds: float, function: Callable[[], None]) -> None:
        def run() -> None:
            del self._timers[name]
            function()

        self._timers[name] = self._system.call_later(max(0.0, seconds), run)


def make_pipe() -> tuple[int, int]:
    """
    Make a pipe.

    @return: Its ends, for reading and for writing; the latter waits, as programs expect.

    @raise OSError: The system refuses.
    """
    return os.pipe()


def close_quietly(fd: int) -> None:
    """
    Close a descriptor that may be closed already, or -1.
    """
    with contextlib.suppress(OSError):
        if fd >= 0:
            os.close(fd)


def _printable(line: bytes) -> str:
    """
    Make a line harmless to terminals, and to who reads our messages.
    """
    text = line[:LONGEST].rstrip(b"\r").decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\t" else repr(each)[1:-1] for each in text
    )
