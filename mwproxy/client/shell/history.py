"""
The lines that were typed, in a file that only their owner reads.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "MWPROXY_HISTORY"
#: Lines that are kept.
MOST = 1000


def history_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """
    Tell where the history is.

    @param environment: The variables: C{MWPROXY_HISTORY}, empty for no history, else
        C{XDG_STATE_HOME}, else C{HOME}.

    @return: The file, L{None} for none.
    """
    if VARIABLE in environment:
        return Path(environment[VARIABLE]) if environment[VARIABLE] else None
    if state := environment.get("XDG_STATE_HOME"):
        return Path(state) / "mwproxy" / "history"
    home = environment.get("HOME")
    return Path(home) / ".local" / "state" / "mwproxy" / "history" if home else None


class History:
    """
    The lines. A file that cannot be read or written is done without.

    @ivar lines: The oldest first.
    """

    def __init__(self, file: Path | None) -> None:
        """
        @param file: Where they are kept; L{None} to forget them.
        """
        self._file = file
        self.lines: list[str] = []
        if file is not None:
            with contextlib.suppress(OSError):
                self.lines = file.read_text("utf-8", "replace").splitlines()[-MOST:]

    def add(self, line: str) -> bool:
        """
        Remember a line.

        @param line: As typed. One that begins with a blank, or repeats the last one, is not kept.

        @return: Whether it is kept.
        """
        line = line.rstrip()
        if not line or line[0] == " " or self.lines[-1:] == [line]:
            return False
        self.lines.append(line)
        del self.lines[:-MOST]
        return True

    def save(self) -> None:
        """
        Write the file.
        """
        if self._file is None or not self.lines:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(self._file, flags, 0o600), "w", encoding="utf-8") as stream:
                stream.writelines(f"{line}\n" for line in self.lines)
