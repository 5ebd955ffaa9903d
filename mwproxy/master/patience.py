"""
How long workers that load may take: one that does not even begin, or does not become READY, is
killed.
"""

from __future__ import annotations

from collections.abc import Sequence
from signal import SIGKILL
from typing import Any

from mwproxy.master.instance import Instance
from mwproxy.process.child import Phase
from mwproxy.process.worker import WorkerProcess

#: Seconds that a worker may take to say that it begins to load.
BEGIN_TIMEOUT = 15.0


class Patience:
    """
    With some workers that load.
    """

    def __init__(
        self, instance: Instance, workers: Sequence[WorkerProcess], ready_timeout: float
    ) -> None:
        """
        @param workers: They; looked at when the time has come.

        @param ready_timeout: Seconds that they may take to become READY.
        """
        self._instance = instance
        self._workers = workers
        self._ready_timeout = ready_timeout
        later = instance.system.call_later
        self._timers: list[Any] = [
            later(min(BEGIN_TIMEOUT, ready_timeout), self._silent),
            later(ready_timeout, self._late),
        ]

    def end(self) -> None:
        """
        They are READY, or gone.
        """
        for timer in self._timers:
            if timer.active():
                timer.cancel()

    def _silent(self) -> None:
        seconds = min(BEGIN_TIMEOUT, self._ready_timeout)
        self._kill(
            [each for each in self._loading() if not each.began],
            f"does not answer since {seconds:g} seconds",
        )

    def _late(self) -> None:
        self._kill(self._loading(), f"is not ready after {self._ready_timeout:g} seconds")

    def _loading(self) -> list[WorkerProcess]:
        return [each for each in self._workers if each.phase is Phase.STARTING]

    def _kill(self, workers: list[WorkerProcess], why: str) -> None:
        for worker in workers:
            self._instance.speaker.alert(
                f"Worker {self._instance.label(worker)} {why}, killing it."
            )
            worker.signal(SIGKILL)
