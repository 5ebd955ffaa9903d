"""
What a start or a reload does to programs, for as long as it is not known whether it succeeds.

Programs with C{ready} are B{candidates} until then: the workers load when all of them are ready,
and former instances go when the workers serve. If one is not ready in time, or the workers do not
come to serve, candidates are discarded and former instances go on. All other programs are replaced
at once, before anything is known, as HAProxy does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from mwproxy.config.model import Program
from mwproxy.config.program_settings import DEGRADE, IGNORE
from mwproxy.process.system import System
from mwproxy.programs.program import ProgramProcess
from mwproxy.programs.rests import Rest


class Change:
    """
    One of them.

    @ivar former: Instances that go when it has succeeded.

    @ivar former_rests: Those that do not run, likewise.

    @ivar replaced: Instances that had to go before their candidates could start: they are started
        again if it fails.

    @ivar stay: Names of programs whose running instance stays the current one.

    @ivar done: Fires when all candidates are ready, with an empty text, or with the reason why it
        has failed.
    """

    def __init__(
        self,
        system: System,
        signum: int,
        tell: Callable[[str], None],
        lost: Callable[[str], None],
    ) -> None:
        """
        @param signum: What former instances are sent.

        @param tell: Told how far it is.

        @param lost: Told when it fails after all were ready.
        """
        self.signum = signum
        self.former: list[ProgramProcess] = []
        self.former_rests: list[Rest] = []
        self.stay: frozenset[str] = frozenset()
        self.replaced: list[ProgramProcess] = []
        self.done: Deferred[str] = Deferred()
        self.over = False
        self._system = system
        self._tell = tell
        self._lost = lost
        self._waiting: dict[str, Any] = {}
        self._due: dict[str, float] = {}
        self._candidates: set[str] = set()

    @property
    def patience(self) -> float:
        """
        How many seconds it may still be until all candidates are ready, 0 if they are.
        """
        now = self._system.monotonic()
        return max((due - now for due in self._due.values()), default=0.0)

    def expect(self, description: Program, late: Callable[[], None]) -> None:
        """
        Wait for a program.

        @param late: Called when its time is over.
        """
        ready = description.settings.ready
        assert ready is not None
        self._candidates.add(description.name)
        seconds = ready.timeout_ms / 1000
        self._due[description.name] = self._system.monotonic() + seconds
        self._waiting[description.name] = self._system.call_later(seconds, late)

    def depends_on(self, name: str) -> bool:
        """
        Tell whether it fails when this program does.
        """
        return not self.over and name in self._candidates

    def tolerates(self, description: Program) -> bool:
        """
        Tell whether it goes on without this program: C{on-failure} says so, and there is no former
        instance that is better than none.
        """
        tolerant = description.settings.on_failure in (IGNORE, DEGRADE)
        former = {each.name for each in (*self.former, *self.replaced)}
        return tolerant and description.name not in former

    def ready(self, name: str) -> None:
        """
        Note that a program is ready.
        """
        if self._wait_no_more(name):
            self._tell(f"program {name} is ready")
            self.check()

    def do_without(self, name: str) -> None:
        """
        Go on without a program.
        """
        self._candidates.discard(name)
        self._wait_no_more(name)
        self.check()

    def fail(self, reason: str) -> None:
        """
        Note that it has failed.
        """
        if self.over:
            return
        self.end()
        if self.done.called:
            self._lost(reason)
        else:
            self.done.callback(reason)

    def check(self) -> None:
        """
        Fire if nothing is waited for.
        """
        if not (self._waiting or self.done.called or self.over):
            self.done.callback("")

    def end(self) -> None:
        """
        Wait for nothing any more.
        """
        self.over = True
        for timer in self._waiting.values():
            if timer.active():
                timer.cancel()
        self._waiting.clear()
        self._due.clear()

    def _wait_no_more(self, name: str) -> bool:
        self._due.pop(name, None)
        timer = self._waiting.pop(name, None)
        if timer is not None and timer.active():
            timer.cancel()
        return timer is not None


def goes_later(description: Program, sections: Mapping[str, Program]) -> bool:
    """
    Tell whether a running program goes only when the reload has succeeded.

    @param description: What it was started for.

    @param sections: What the new configuration has.
    """
    section = sections.get(description.name)
    return description.settings.ready is not None or (
        section is not None and section.settings.ready is not None
    )


def by_name(sections: Sequence[Program]) -> dict[str, Program]:
    """
    Index sections.
    """
    return {each.name: each for each in sections}
