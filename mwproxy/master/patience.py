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

#: Seconds that a process may take to say hello, which costs it a second of CPU: on a machine that
#: is overloaded that is no time to begin anew.
START_TIMEOUT = 60.0
#: Seconds that one that is up may take to say that it begins to load.
BEGIN_TIMEOUT = 15.0


class Patience:
    """
    With some workers that load, and with those that take their places.
    """

    def __init__(
        self, instance: Instance, workers: Sequence[WorkerProcess], ready_timeout: float
    ) -> None:
        """
        @param workers: They; looked at each time.

        @param ready_timeout: Seconds that each may take to become READY from when it began to
            load.
        """
        self._instance = instance
        self._workers = workers
        self._ready_timeout = ready_timeout
        self._timer: Any = None
        self._killed: set[WorkerProcess] = set()
        self._wait()

    def end(self) -> None:
        """
        They are READY, or gone.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _loading(self) -> list[WorkerProcess]:
        return [
            each
            for each in self._workers
            if each.phase is Phase.STARTING and each not in self._killed
        ]

    def _due(self, worker: WorkerProcess) -> float:
        if worker.up_at is None:
            return worker.loaded_at + START_TIMEOUT
        if worker.began_at is None:
            return max(worker.up_at, worker.loaded_at) + BEGIN_TIMEOUT
        return worker.began_at + self._ready_timeout

    def _wait(self) -> None:
        now = self._instance.system.monotonic()
        # Some that have not begun will do so meanwhile.
        moments = [now + min(self._ready_timeout, BEGIN_TIMEOUT), *map(self._due, self._loading())]
        self._timer = self._instance.system.call_later(max(min(moments) - now, 0), self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._instance.system.monotonic()
        for worker in self._loading():
            if now >= self._due(worker):
                self._kill(worker)
        self._wait()

    def _kill(self, worker: WorkerProcess) -> None:
        why = f"is not ready after {self._ready_timeout:g} seconds"
        if worker.up_at is None:
            why = f"has not started within {START_TIMEOUT:g} seconds"
        elif worker.began_at is None:
            why = f"does not answer since {BEGIN_TIMEOUT:g} seconds"
        self._instance.speaker.alert(f"Worker {self._instance.label(worker)} {why}, killing it.")
        worker.signal(SIGKILL)
        self._killed.add(worker)
