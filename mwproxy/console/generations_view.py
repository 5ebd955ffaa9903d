"""
What the master's console needs of the generations: what was loaded, and what can be loaded again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from mwproxy.console.master_view import ReloadResult

#: Told in words how far a reload is.
Progress = Callable[[str], None]


class NotKept(Exception):
    """
    There is no such text; what it says is for the operator.
    """


@dataclass(frozen=True, slots=True)
class GenerationRow:
    """
    One load.

    @ivar what: C{start}, C{reload}, C{hard-reload}, C{rollback 3}, C{return 3}.

    @ivar by: Who asked for it, empty if that is not known.

    @ivar when: When it began, seconds since 1970; 0 if that is not known.

    @ivar result: C{loading}, C{serving}, C{served} or C{failed}.

    @ivar files: Names, with their sizes in bytes if the text is kept.

    @ivar kept: It can be loaded again.

    @ivar pids: Workers that have it.

    @ivar why: The alerts of one that failed.

    @ivar back_to: Where it goes back to unless it is confirmed, 0 for nowhere.

    @ivar left: In how many seconds.
    """

    number: int
    what: str
    by: str
    when: float
    result: str
    files: list[tuple[str, int | None]] = field(default_factory=list)
    kept: bool = False
    pids: list[int] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    back_to: int = 0
    left: float = 0.0


class GenerationsView(Protocol):
    """
    The generations as the console sees them.
    """

    def rows(self) -> list[GenerationRow]:
        """
        List the generations, newest first.
        """

    def text(self, number: int) -> dict[str, bytes]:
        """
        Get the texts of a generation's files, in their order.

        @raise NotKept: They are not kept.
        """

    def present_text(self) -> dict[str, bytes]:
        """
        Read what a reload would read now.

        @raise NotKept: A file cannot be read.
        """

    def before(self, number: int) -> int:
        """
        Find the configuration that was accepted before a generation.

        @raise NotKept: None is kept.
        """

    def rollback(
        self, number: int, *, by: str = "", progress: Progress | None = None
    ) -> Awaitable[ReloadResult]:
        """
        Load the text of a generation again.

        @raise NotKept: It is not kept.
        """

    def confirm(self) -> str:
        """
        End the trial of what serves.

        @return: Why that is not possible, empty if it was done.
        """
