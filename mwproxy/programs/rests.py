"""
Programs that do not run but are not forgotten: to be started again, or failed for good while the
proxy serves on (C{on-failure degrade}).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.process.inheritance import RestFacts
from mwproxy.process.system import System
from mwproxy.programs.program import ProgramProcess


class Rest:
    """
    One of them.

    @ivar program: Its last instance, which has ended.

    @ivar in_row: Which restart in a row it waits for.

    @ivar since: When that ended, monotonic.

    @ivar due: When it is started again, L{None} for not any more.
    """

    def __init__(
        self,
        system: System,
        program: ProgramProcess,
        in_row: int,
        due: float | None,
        start: Callable[[Rest], None],
    ) -> None:
        """
        @param start: Called at that time.
        """
        self.program = program
        self.in_row = in_row
        self.since = system.monotonic()
        self.due = due
        self._start = start
        self._timer: Any = None
        if due is not None:
            self._timer = system.call_later(max(0.0, due - self.since), self._now)

    @property
    def name(self) -> str:
        """
        The section's name.
        """
        return self.program.name

    @property
    def state(self) -> str:
        """
        Say it in a word, for C{show proc}.
        """
        return "degraded" if self.due is None else "restarting"

    def facts(self) -> RestFacts:
        """
        Note what another image of this process needs to go on.
        """
        return RestFacts(self.program.facts(), self.in_row, self.since, self.due)

    def forget(self) -> None:
        """
        Do not start it.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _now(self) -> None:
        self._timer = None
        self._start(self)
