"""
A load under way: a configuration and the workers that become its generation.

It is complete when all of them are READY. If one dies first it is failing: the others are sent
away, and it is over when the last of them has gone.
"""

from __future__ import annotations

from typing import Any

from mwproxy.core.references import Marks
from mwproxy.master.exits import note_status
from mwproxy.master.instance import Instance
from mwproxy.master.patience import Patience
from mwproxy.master.requests import Request
from mwproxy.master.standby import Standby
from mwproxy.process.child import Phase
from mwproxy.process.discovery import Discovery
from mwproxy.process.environment import predefine
from mwproxy.process.system import exit_text
from mwproxy.process.worker import WorkerProcess

#: Seconds after which the service manager is asked for patience.
SLOW = 5.0


class Attempt:
    """
    One load under way.

    @ivar request: Who asked for it.

    @ivar generation: Its number.

    @ivar discovery: What the master has read.

    @ivar workers: Those that load or are READY; those that died are not among them.

    @ivar references: Files beside the configuration that its workers have read.

    @ivar failing: It has failed already; the rest of its workers are on their way out.
    """

    def __init__(
        self, instance: Instance, standby: Standby, request: Request, discovery: Discovery
    ) -> None:
        self.request = request
        self.generation = instance.generation
        self.discovery = discovery
        self.workers: list[WorkerProcess] = []
        self.failing = False
        self.references: Marks = {}
        self._instance = instance
        self._standby = standby
        self._nbproc = discovery.global_.nbproc
        # Those of the workers whose pid is not known yet.
        self._nameless: list[WorkerProcess] = []
        # A worker was replaced that died before it began to load. That happens once.
        self._again = False
        self._patience: Patience | None = None
        self._slow: Any = None

    @property
    def complete(self) -> bool:
        """
        Whether all workers are READY.
        """
        return not self.failing and all(each.phase is Phase.CURRENT for each in self.workers)

    @property
    def over(self) -> bool:
        """
        Whether it has failed, and nothing is left of it.
        """
        return self.failing and not self.workers

    def begin(self) -> None:
        """
        Give the configuration to workers.
        """
        instance = self._instance
        try:
            for relative in range(1, self._nbproc + 1):
                # Whether the installed code has changed is looked up once for all of them.
                self._assign(self._standby.take(outdated=relative > 1), relative)
        except OSError as error:
            instance.speaker.alert(f"Cannot start a worker: {error.strerror}")
            if not instance.serving:
                note_status(instance, 1)
            self.give_up()
            return
        seconds = self.discovery.global_.ready_timeout_ms / 1000
        self._patience = Patience(instance, self.workers, seconds)
        self._slow = instance.system.call_later(SLOW, lambda: instance.manager.loading(seconds))

    def end(self) -> None:
        """
        Wait for nothing any more.
        """
        if self._patience is not None:
            self._patience.end()
        if self._slow is not None and self._slow.active():
            self._slow.cancel()

    def up(self, worker: WorkerProcess) -> None:
        """
        Note that a worker has told its pid.
        """
        if worker in self._nameless:
            self._nameless.remove(worker)
            self._introduce(worker)

    def ended(self, worker: WorkerProcess, status: int) -> None:
        """
        Note that one of the workers is gone.
        """
        if not self.failing and self._replace(worker, status):
            return
        if not self.failing:
            self._say(worker, status)
            if not self._instance.serving:
                note_status(self._instance, status)
            self.give_up()
        self.workers.remove(worker)

    def give_up(self) -> None:
        """
        It has failed. Have the workers go: those that serve already finish what they began, and
        nobody waits for them.
        """
        self.failing = True
        for worker in list(self.workers):
            if worker.phase is Phase.CURRENT:
                self.workers.remove(worker)
                worker.leave()
            else:
                worker.terminate()

    def order(self, relative: int) -> dict[str, Any]:
        """
        Write down what a worker shall become.

        @param relative: Its number in the generation, from 1.

        @return: See L{Load<mwproxy.process.ipc.Load>}.
        """
        settings = self.discovery.settings
        options = settings.worker_options()
        if settings.daemon:
            options["daemon"] = True
        return {
            **({"mark": self.discovery.mark} if self.discovery.mark else {}),
            "files": self.discovery.files,
            "options": options,
            "environment": predefine({}, master=True, startup_version=settings.startup_version),
            "generation": self.generation,
            "process": relative,
            "processes": self._nbproc,
            "paused": self._instance.paused,
        }

    def _assign(self, worker: WorkerProcess, relative: int) -> None:
        instance = self._instance
        self.workers.append(worker)
        instance.workers.append(worker)
        worker.relative = relative
        worker.successes = instance.successes
        if worker.pid:
            self._introduce(worker)
        else:
            self._nameless.append(worker)
        worker.load(
            self.generation,
            relative,
            self.order(relative),
            instance.reloads,
            self.discovery.contents,
        )

    def _introduce(self, worker: WorkerProcess) -> None:
        number = f"#{worker.relative} " if self._nbproc > 1 else ""
        self._instance.speaker.notice(f"Initializing new worker {number}({worker.pid})")

    def _replace(self, worker: WorkerProcess, status: int) -> bool:
        """
        Load in another process when one was killed before it began: that says nothing of the
        configuration.

        @return: Whether another one loads.
        """
        killed = status > 128 or not worker.pid
        if worker.began_at is not None or not killed or not worker.speaks or self._again:
            return False
        instance = self._instance
        if instance.stopping or instance.killing or worker.ended_as is Phase.LEAVING:
            # It went because it was told to.
            return False
        self._again = True
        self.workers.remove(worker)
        instance.speaker.warning(
            f"Worker {instance.label(worker)} exited with code {status} "
            f"({exit_text(status)}) before it began to load, starting another one."
        )
        try:
            self._assign(self._standby.start(), worker.relative)
        except OSError as error:
            instance.speaker.alert(f"Cannot start a worker: {error.strerror}")
            self.workers.append(worker)
            return False
        return True

    def _say(self, worker: WorkerProcess, status: int) -> None:
        speaker = self._instance.speaker
        speaker.alert(
            f"Failed to load worker {self._instance.label(worker)} exited with code {status} "
            f"({exit_text(status)})"
        )
        if worker.over_limit is None and not worker.speaks:
            speaker.alert(f"The installed version {worker.version} needs a new master: restart it.")
