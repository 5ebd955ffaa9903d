"""
Workers in waiting: started in the background, so that a reload finds one ready.

One that was started before the installed code changed is never used. One that dies is replaced,
later and later if that goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from mwproxy.process.child import Phase
from mwproxy.process.early import EarlyWorker
from mwproxy.process.fingerprint import Fingerprint, fingerprint
from mwproxy.process.messages import Speaker
from mwproxy.process.nursery import Nursery
from mwproxy.process.spawn import NURSERY_MODULE, worker_command, worker_environment
from mwproxy.process.system import System, exit_text
from mwproxy.process.worker import WorkerOwner, WorkerProcess

#: Most workers in waiting; a larger generation starts the rest when it needs them.
MOST = 4
FIRST_DELAY = 0.25
LONGEST_DELAY = 60.0


class Standby:
    """
    The workers in waiting.

    @ivar owner: Who is told about the workers; it tells L{gone} of ours. Set before any is started.

    @ivar waiting: All of them, those that still start included.

    @ivar early: One that was started before the master was there, L{None} for none.
    """

    owner: WorkerOwner

    def __init__(
        self,
        system: System,
        speaker: Speaker,
        initial: dict[str, str],
        *,
        command: list[str] | None = None,
        nursery: list[str] | None = None,
        take_fingerprint: Callable[[], Fingerprint] = fingerprint,
    ) -> None:
        """
        @param initial: The environment that children start from.

        @param command: How a worker is started, L{None} for the usual way.

        @param nursery: How the nursery is started, L{None} for the usual way, empty for none:
            then each worker in waiting is a process started anew.
        """
        self.waiting: list[WorkerProcess] = []
        self.early: EarlyWorker | None = None
        self._system = system
        self._speaker = speaker
        self._environment = worker_environment(initial)
        self._command = command or worker_command()
        self._nursery_command = worker_command(NURSERY_MODULE) if nursery is None else nursery
        self._nursery: Nursery | None = None
        self._nursery_fingerprint: Fingerprint = ()
        self._fingerprint = take_fingerprint
        self._wanted = 0
        self._delay = 0.0
        self._again: Any = None

    def take(self, *, outdated: bool = False) -> WorkerProcess:
        """
        Get a worker to load a configuration: one in waiting, or a new one, hatched if the nursery
        is there: that takes milliseconds, a process started anew most of a second.

        @param outdated: One will do that was started before the installed code changed.

        @raise OSError: None could be started.
        """
        if not outdated:
            self._discard_outdated()
        for phase in (Phase.STANDBY, Phase.BOOTING):
            for worker in self.waiting:
                if worker.phase is phase:
                    self.waiting.remove(worker)
                    return worker
        if self._nursery is not None and self._nursery.up:
            with contextlib.suppress(OSError):
                return self._hatch(self._nursery)
        if self._nursery is not None:
            # It is missed: on a busy machine it would yield to others for a long time, and each
            # worker would be a process started anew until then.
            self._nursery.hurry()
        return self.start()

    def start(self) -> WorkerProcess:
        """
        Start a worker for now, without the nursery; the first one may have been started already.

        @raise OSError: The system refuses.
        """
        early, self.early = self.early, None
        sock = None if early is None else early.take()
        if early is not None and sock is not None:
            worker = WorkerProcess(self._system, self.owner)
            worker.fingerprint = self._fingerprint()
            worker.take(early, sock)
            return worker
        return self._start(background=False)

    def fill(self, count: int) -> None:
        """
        Have some in waiting.

        @param count: How many a reload will need.
        """
        self._wanted = min(count, MOST)
        self._discard_outdated()
        self._open_nursery()
        while self._usable() < self._wanted and self._again is None:
            try:
                if not self._add():
                    return
            except OSError as error:
                self._speaker.warning(f"Cannot start a standby worker: {error.strerror}")
                self._try_later()

    def up(self, worker: WorkerProcess) -> None:
        """
        Note that one has started well.
        """
        if worker in self.waiting:
            self._delay = 0.0

    def gone(self, worker: WorkerProcess, status: int) -> bool:
        """
        Note that a worker died.

        @return: Whether it was one of ours.
        """
        if worker not in self.waiting:
            return False
        self.waiting.remove(worker)
        if self._wanted:
            text = exit_text(status)
            # It may not have told its pid yet.
            who = f"Standby worker ({worker.pid})" if worker.pid else "Standby worker"
            self._speaker.warning(f"{who} exited with code {status} ({text})")
            self._try_later()
        return True

    def pids(self) -> list[int]:
        """
        List the processes that wait, and the nursery.
        """
        nursery = [] if self._nursery is None else [self._nursery.pid]
        return [pid for pid in [*nursery, *(each.pid for each in self.waiting)] if pid]

    def dismiss(self) -> None:
        """
        Let all go, and have none any more.
        """
        self._wanted = 0
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._nursery is not None:
            self._nursery.stop()
            self._nursery = None
        for worker in self.waiting:
            if worker.phase is not Phase.LEAVING:
                worker.terminate()

    def _add(self) -> bool:
        """
        Add one worker, hatched by the nursery if there may be one.

        @return: False if the nursery has to come up first.
        """
        if not self._nursery_command:
            self.waiting.append(self._start(background=True))
            return True
        if self._nursery is None or not self._nursery.up:
            return False
        self.waiting.append(self._hatch(self._nursery))
        return True

    def _hatch(self, nursery: Nursery) -> WorkerProcess:
        worker = WorkerProcess(self._system, self.owner)
        worker.fingerprint = self._nursery_fingerprint
        worker.hatch(nursery)
        return worker

    def _open_nursery(self) -> None:
        if not self._nursery_command or self._nursery is not None or self._again is not None:
            return
        self._nursery_fingerprint = self._fingerprint()
        nursery = Nursery(self._system, self._nursery_up, self._nursery_ended)
        try:
            nursery.start(self._nursery_command, self._environment)
        except OSError as error:
            self._speaker.warning(f"Cannot start the nursery: {error.strerror}")
            self._try_later()
            return
        self._nursery = nursery

    def _nursery_up(self) -> None:
        self._delay = 0.0
        self.fill(self._wanted)

    def _nursery_ended(self, status: int) -> None:
        pid = self._nursery.pid if self._nursery is not None else 0
        self._nursery = None
        if self._wanted:
            text = exit_text(status)
            self._speaker.warning(f"Nursery ({pid}) exited with code {status} ({text})")
            self._try_later()

    def _usable(self) -> int:
        return sum(worker.phase in (Phase.STANDBY, Phase.BOOTING) for worker in self.waiting)

    def _discard_outdated(self) -> None:
        now = self._fingerprint()
        for worker in list(self.waiting):
            if worker.fingerprint != now:
                self.waiting.remove(worker)
                worker.terminate()
        if self._nursery is not None and self._nursery_fingerprint != now:
            self._nursery.stop()
            self._nursery = None

    def _start(self, *, background: bool) -> WorkerProcess:
        worker = WorkerProcess(self._system, self.owner)
        worker.fingerprint = self._fingerprint()
        worker.start(self._command, self._environment, background=background)
        return worker

    def _try_later(self) -> None:
        if self._again is None:
            self._delay = min(max(self._delay * 2, FIRST_DELAY), LONGEST_DELAY)
            self._again = self._system.call_later(self._delay, self._try)

    def _try(self) -> None:
        self._again = None
        self.fill(self._wanted)
