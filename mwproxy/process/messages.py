"""
What a process says to its operators: HAProxy's message lines on standard error.

The first warning or alert of a process in its start-up state is preceded by two notices that name
the version and the program (management manual, 9.4; observed).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

from twisted.logger import ILogObserver, LogLevel, formatEvent, globalLogBeginner
from zope.interface import implementer

from mwproxy import PRODUCT, __version__
from mwproxy.core.diagnostics import Diagnostic, Severity, format_message
from mwproxy.process.stderr import StandardError
from mwproxy.process.system import detach_stdio

#: Seconds that what was kept for a slow reader gets at the end of a process.
LAST_WAIT = 1.0
#: Where messages go once writing must not wait any more, L{None} before.
_never_waits: StandardError | None = None


def never_wait() -> None:
    """
    From now on messages do not wait for who reads them: others wait for this process.

    Before that they do: a long list of mistakes shall come out whole.
    """
    global _never_waits
    # Without standard error its number may be anybody's.
    if _never_waits is None and sys.__stderr__ is not None:
        _never_waits = StandardError()


def flush_stderr(*, at_end: bool = False) -> None:
    """
    Try again to write messages that found no room.

    @param at_end: Wait for them a little: there will be no other time.
    """
    if _never_waits is not None:
        if at_end:
            _never_waits.drain(LAST_WAIT)
        else:
            _never_waits.flush()


def let_go_of_terminal() -> None:
    """
    Be in the background: nobody who waits for the end of our output waits any longer.
    """
    flush_stderr()
    detach_stdio()
    if _never_waits is not None:
        _never_waits.follow()


def write_stderr(line: str) -> None:
    """
    Write one line at once; a standard error that is gone is no reason to fail.
    """
    if _never_waits is not None:
        _never_waits.write(line)
        return
    # Not sys.stderr: twistd puts its log there.
    stream = sys.__stderr__
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        stream.write(line + "\n")
        stream.flush()


@implementer(ILogObserver)
class Problems:
    """
    A log observer for the machinery: problems become messages to operators, the rest is nobody's
    business.
    """

    def __init__(self, speaker: Speaker) -> None:
        """
        @param speaker: Says them.
        """
        self._speaker = speaker

    def __call__(self, event: dict[str, Any]) -> None:
        """
        Say an event if it is a warning or worse, with the trace of a failure.
        """
        level = event.get("log_level")
        if level is None or level < LogLevel.warn:
            return
        severity = Severity.WARNING if level is LogLevel.warn else Severity.ALERT
        text = formatEvent(event)
        failure = event.get("log_failure")
        if failure is not None:
            trace = failure.getTraceback().rstrip().replace("\n", "\n   | ")
            text = f"{text}\n   | {trace}"
        self._speaker.say(severity, text)


def log_problems(speaker: Speaker) -> None:
    """
    Have the machinery's log say its problems.
    """
    globalLogBeginner.beginLoggingTo([Problems(speaker)], redirectStandardIO=False)


class Speaker:
    """
    Says messages for one process.

    @ivar program: The program's path for the notice.

    @ivar quiet: Nothing is written; the start-up log still gets everything.
    """

    def __init__(
        self,
        program: str,
        *,
        write: Callable[[str], None] = write_stderr,
        keep: Callable[[str], None] | None = None,
        pid: int | None = None,
    ) -> None:
        """
        @param program: The program's path for the notice.

        @param write: Writes a line for the operator.

        @param keep: Gets each line as well, for the start-up log.

        @param pid: The process that speaks, L{None} for this one, whatever it is by then.
        """
        self.quiet = False
        self.program = program
        self._write = write
        self._keep = keep
        self._pid = pid
        self._introduced = False

    def alert(self, text: str) -> None:
        """
        Say an error.
        """
        self.say(Severity.ALERT, text)

    def warning(self, text: str) -> None:
        """
        Say a warning.
        """
        self.say(Severity.WARNING, text)

    def notice(self, text: str) -> None:
        """
        Say a fact.
        """
        self.say(Severity.NOTICE, text)

    def diagnostic(self, message: Diagnostic) -> None:
        """
        Say a message of the configuration's reader.
        """
        self.say(message.severity, message.text)

    def pass_on(self, pid: int, text: str) -> None:
        """
        Say what another process has said; that is no part of the start-up log.

        @param pid: That process.
        """
        if not self.quiet:
            self._write(format_message(Severity.NOTICE, pid, text))

    def say(self, severity: Severity, text: str) -> None:
        """
        Say a message, introduced if it is the first serious one.
        """
        pid = os.getpid() if self._pid is None else self._pid
        self.line(format_message(severity, pid, text))

    def line(self, line: str) -> None:
        """
        Say a line that is formatted already, introduced if it is the first serious one.
        """
        if not self._introduced and not line.startswith("[NOTICE]"):
            self._introduced = True
            self.notice(f"{PRODUCT} version is {__version__}")
            self.notice(f"path to executable is {self.program}")
        if not self.quiet:
            self._write(line)
        if self._keep is not None:
            self._keep(line)

    def begin_again(self) -> None:
        """
        Introduce the next serious message anew, as a reload that replaces the program does.
        """
        self._introduced = False

    def leave_startup(self) -> None:
        """
        Introduce nothing any more.
        """
        self._introduced = True
