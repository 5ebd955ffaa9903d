"""
The start-up log: what was said since the latest start or reload began, by the master and by the
workers it started.
"""

from __future__ import annotations

from collections import deque

#: Older lines are dropped, so that a master that says something every minute does not grow.
MOST_LINES = 5000


class StartupLog:
    """
    Lines of the latest start or reload, and all since.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=MOST_LINES)

    def begin(self) -> None:
        """
        Forget everything: a reload begins.
        """
        self._lines.clear()

    def keep(self, line: str) -> None:
        """
        Add a line without its line feed.
        """
        self._lines.append(line)

    def lines(self) -> list[str]:
        """
        Get all lines.
        """
        return list(self._lines)

    def text(self) -> str:
        """
        Get all lines, each with a line feed; empty when nothing was said.
        """
        return "".join(f"{line}\n" for line in self._lines)
