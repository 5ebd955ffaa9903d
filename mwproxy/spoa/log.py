"""
What an agent tells its operator, as lines C{[NOTICE]   (pid) : text} on standard error.

The same complaint comes at most once a second: an agent that fails ten thousand times a second must
not bury its reason, nor fill a disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.python.failure import Failure

_LEVELS = {"notice": "[NOTICE]  ", "warning": "[WARNING] ", "alert": "[ALERT]   "}
#: Seconds between two complaints of one kind.
PAUSE = 1.0
#: Kinds of complaints that are remembered.
_MOST_KINDS = 500


class Log:
    """
    Writes lines.

    @ivar write: Takes each text with its line feed.

    @ivar seconds: Tells the time, in seconds.
    """

    def __init__(
        self, write: Callable[[str], object], seconds: Callable[[], float], quiet: bool = False
    ) -> None:
        """
        @param quiet: Whether notices are left out.
        """
        self.write = write
        self.seconds = seconds
        self.quiet = quiet
        self._last: dict[str, tuple[float, int]] = {}

    def notice(self, text: str) -> None:
        """
        Tell something.
        """
        if not self.quiet:
            self._line("notice", text)

    def alert(self, text: str) -> None:
        """
        Tell why the agent cannot go on.
        """
        self._line("alert", text)

    def complain(self, kind: str, text: str, failure: Failure | None = None) -> None:
        """
        Warn, unless the same was said just now.

        @param kind: What counts as the same.

        @param text: The warning.

        @param failure: Its traceback follows.
        """
        now = self.seconds()
        last, skipped = self._last.get(kind, (now - PAUSE, 0))
        if now - last < PAUSE:
            self._last[kind] = (last, skipped + 1)
            return
        if len(self._last) >= _MOST_KINDS:
            self._last.clear()
        self._last[kind] = (now, 0)
        more = f" (and {skipped} more of this kind)" if skipped else ""
        self._line("warning", text + more)
        if failure is not None:
            self.write(failure.getTraceback())

    def _line(self, level: str, text: str) -> None:
        # What an engine sends is quoted here: it must not write lines of its own.
        safe = text.encode("unicode_escape", "surrogatepass").decode("ascii")
        self.write(f"{_LEVELS[level]} ({os.getpid()}) : {safe}\n")
