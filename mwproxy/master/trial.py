"""
C{reload confirm}: a generation that serves on trial goes back by itself unless it is confirmed.

Rules:
  - only C{reload confirmed} confirms. Another reload that succeeds meanwhile, by signal or by
    console, serves on trial too: the deadline stays, and so does the generation to go back to;
  - another C{reload confirm} begins the time anew; what is gone back to is still the last
    generation that was not on trial;
  - a C{rollback} is a decision, and ends the trial; a reload that fails changes nothing;
  - when a worker of the generation on trial dies, and is not replaced (C{respawn}), the time is
    over at once, in place of what its death would mean otherwise;
  - when the time is over the text of that generation is loaded like any other. If that fails, the
    generation on trial serves on, and that is said; it is not tried again;
  - the time goes on while a console is gone, and while the master is replaced by an upgrade.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.process.inheritance import TrialFacts
from mwproxy.process.system import System


class Trial:
    """
    The trial of what serves.

    @ivar back_to: The generation to go back to, 0 while nothing is on trial.

    @ivar deadline: When, monotonic.
    """

    def __init__(self, system: System, expired: Callable[[], None]) -> None:
        """
        @param expired: Called when the time is over.
        """
        self.back_to = 0
        self.deadline = 0.0
        self._system = system
        self._expired = expired
        self._timer: Any = None

    @property
    def left(self) -> float:
        """
        Seconds that are left, 0 when the time is over or nothing is on trial.
        """
        return max(0.0, self.deadline - self._system.monotonic()) if self.back_to else 0.0

    @property
    def over(self) -> bool:
        """
        Whether the time is over and nothing has confirmed since.
        """
        return bool(self.back_to) and self._timer is None

    def begin(self, serving: int, seconds: float) -> None:
        """
        Put what serves from now on on trial.

        @param serving: What served until now.
        """
        self._watch(self.back_to or serving, self._system.monotonic() + seconds)

    def cut_short(self) -> None:
        """
        Let the time be over: there is no need to wait for it.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._run_out()

    def end(self) -> None:
        """
        Let what serves serve.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.back_to, self.deadline = 0, 0.0

    def facts(self) -> TrialFacts:
        """
        Note what another image of the master needs to go on.
        """
        return TrialFacts(self.back_to, self.deadline)

    def inherit(self, facts: TrialFacts) -> None:
        """
        Go on with a trial of a former image of the master.
        """
        if facts.back_to:
            self._watch(facts.back_to, facts.deadline)

    def _watch(self, back_to: int, deadline: float) -> None:
        self.end()
        self.back_to, self.deadline = back_to, deadline
        self._timer = self._system.call_later(self.left, self._run_out)

    def _run_out(self) -> None:
        self._timer = None
        self._expired()
