"""
What the master's console needs of the master.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mwproxy.console.state import ConsoleState
from mwproxy.core.levels import Level

if TYPE_CHECKING:
    from mwproxy.console.generations_view import GenerationsView, Progress


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """
    One row of C{show proc}.

    @ivar kind: C{"master"}, C{"worker"} or C{"program"}.

    @ivar name: Name of a program, else empty.

    @ivar relative: Number among the workers of its generation, 0 for the master.

    @ivar reloads: How many reloads ago it was started.

    @ivar failed: For the master: reloads that failed since the last good one.

    @ivar uptime: Seconds since its start.

    @ivar old: True for workers and programs of former generations.

    @ivar starting: True for a worker that has not said READY.

    @ivar generation: Which one a worker belongs to, 0 for others.

    @ivar serving: True for a worker of the generation that serves; from the moment a reload
        begins, and after one that failed, such a worker is L{old} all the same.

    @ivar channel: Descriptors of its control channel, -1 for closed.
    """

    pid: int
    kind: str
    name: str
    relative: int
    reloads: int
    failed: int
    uptime: float
    version: str
    old: bool = False
    starting: bool = False
    generation: int = 0
    serving: bool = False
    channel: tuple[int, int] = (-1, -1)


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """
    How a reload ended.

    @ivar log: The messages of the attempt, lines with line feeds.

    @ivar generation: Number of the generation that serves now.
    """

    success: bool
    log: str
    generation: int


class MasterView(Protocol):
    """
    The master as its console sees it.
    """

    @property
    def reload_failed(self) -> bool:
        """
        Whether a reload failed and none succeeded since.
        """

    @property
    def nbproc(self) -> int:
        """
        How many workers a generation has.
        """

    @property
    def served(self) -> bool:
        """
        Whether any configuration was served yet.
        """

    def rows(self) -> list[ProcessRow]:
        """
        List the processes: the master, current workers, old ones (newest first), programs, old
        programs. The standby is not among them.
        """

    def uptime(self) -> float:
        """
        Tell the master's age in seconds.
        """

    @property
    def generations(self) -> GenerationsView:
        """
        What was loaded, and what can be loaded again.
        """

    @property
    def manhole_wanted(self) -> bool:
        """
        Whether the configuration allows a Python prompt.
        """

    def figures(self) -> list[tuple[str, object]]:
        """
        List figures of the master itself, in the order to show; C{Uptime} is filled in.
        """

    def sessions(self) -> list[ConsoleState]:
        """
        List the connections to the consoles.
        """

    def descriptors(self) -> list[tuple[int, str]]:
        """
        List the master's descriptors, and what they are.
        """

    def namespace(self) -> dict[str, Any]:
        """
        Tell the names that a Python prompt knows.
        """

    def reload(
        self,
        *,
        hard: bool = False,
        by: str = "",
        confirm_ms: int = 0,
        progress: Progress | None = None,
    ) -> Awaitable[ReloadResult]:
        """
        Reload, after those that were asked for before.

        @param by: Who asks.

        @param confirm_ms: How long it may serve without being confirmed, 0 for ever.

        @param progress: Told how far it is.
        """

    def startup_log(self) -> str:
        """
        Get the messages of the latest start or reload and all since.
        """

    def environment(self) -> dict[str, str]:
        """
        Get the master's environment as configuration sees it.
        """

    def audit(self, text: str) -> None:
        """
        Write a line of the audit.
        """

    def open_worker(self, pid: int, level: Level, mode: str, who: str = "") -> socket.socket:
        """
        Open a console session in a worker.

        @param mode: C{n}, C{i} or C{p}.

        @param who: The client, for the audit.

        @return: A connected, non-blocking stream socket that the caller owns.

        @raise LookupError: There is no such worker, or its channel is closed.
        """
