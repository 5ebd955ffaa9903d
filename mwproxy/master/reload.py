"""
Loading a configuration: the first, and every one after.

One at a time, the rest wait in line. An attempt gives the configuration to workers in waiting;
when all of them are READY, and not before, the former workers are asked to leave. If one of them
dies first, the attempt failed and nothing has changed. Every attempt has its own generation number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from mwproxy.console.master_view import ReloadResult
from mwproxy.master.exits import note_status
from mwproxy.master.instance import Instance, Served
from mwproxy.master.patience import Patience
from mwproxy.master.ready import Announcer
from mwproxy.master.standby import Standby
from mwproxy.master.upgrade import Upgrade
from mwproxy.observe.notify import NOT_LOADED, RELOAD_FAILED
from mwproxy.process.child import Phase
from mwproxy.process.discovery import Discovery, discover
from mwproxy.process.environment import console_variable, predefine
from mwproxy.process.system import exit_text
from mwproxy.process.worker import WorkerProcess
from mwproxy.programs.programs import Programs

_log = Logger()
#: Seconds after which the service manager is asked for patience.
SLOW = 5.0


@dataclass
class Request:
    """
    One load that was asked for.

    @ivar hard: The former workers get SIGTERM.

    @ivar by_signal: Several of these in line are one.

    @ivar begun: It was announced and counted, perhaps by a former image of the master.
    """

    hard: bool
    by_signal: bool
    begun: bool = False
    answer: Deferred[ReloadResult] = field(default_factory=Deferred)


@dataclass
class Attempt:
    """
    A load under way.

    @ivar patience: With its workers, L{None} before they are told.

    @ivar slow: When the service manager is asked for patience, likewise.

    @ivar nameless: Those of its workers whose pid is not known yet.

    @ivar again: A worker was replaced that died before it began to load. That happens once.

    @ivar failing: It has failed already; the rest of its workers are on their way out.
    """

    request: Request
    generation: int
    discovery: Discovery
    workers: list[WorkerProcess] = field(default_factory=list)
    patience: Patience | None = None
    slow: Any = None
    nameless: list[WorkerProcess] = field(default_factory=list)
    again: bool = False
    failing: bool = False


class Reloads:
    """
    Loads configurations, one after the other.

    @ivar attempt: The one under way, L{None} for none.

    @ivar upgrade: Replaces the master when that is due, L{None} where it cannot be replaced.
    """

    def __init__(
        self,
        instance: Instance,
        standby: Standby,
        programs: Programs,
        announcer: Announcer,
        replaced: Callable[[], None],
    ) -> None:
        """
        @param replaced: Told when another generation serves.
        """
        self.attempt: Attempt | None = None
        self.upgrade: Upgrade | None = None
        self._upgrading: Request | None = None
        self._instance = instance
        self._standby = standby
        self._programs = programs
        self._announcer = announcer
        self._replaced = replaced
        self._line: deque[Request] = deque()
        self._busy = False
        self._reserve = instance.system.reserve()

    def start(self) -> Deferred[ReloadResult]:
        """
        Load the first configuration.

        @return: Fires when it is served, or cannot be.
        """
        return self._ask(Request(False, False))

    def reload(self, *, hard: bool, by_signal: bool) -> Deferred[ReloadResult]:
        """
        Load the configuration anew, after those that were asked for before.

        @return: Fires when it is served, or cannot be.
        """
        if by_signal:
            for request in self._line:
                if request.by_signal and request.hard == hard:
                    return request.answer
        return self._ask(Request(hard, by_signal))

    def requests(self) -> list[Request]:
        """
        List what has no answer and is no attempt: what waits for an upgrade comes first.
        """
        first = [] if self._upgrading is None else [self._upgrading]
        return [*first, *self._line]

    def inherit(self, requests: list[Request]) -> None:
        """
        Go on with the line of a former image; it begins to move with L{go_on}.
        """
        self._line.extend(requests)

    def forget(self) -> None:
        """
        Answer those in line that nothing comes of it: all is being stopped since.
        """
        line, self._line = self._line, deque()
        if line:
            self._instance.speaker.warning("Reloads that wait are given up: the master stops.")
        for request in line:
            request.answer.callback(
                ReloadResult(False, self._instance.log.text(), self._instance.serving)
            )
        if self.upgrade is not None:
            self.upgrade.abandon()

    def go_on(self) -> None:
        """
        Begin with what is in line.
        """
        self._next()

    def up(self, worker: WorkerProcess) -> None:
        """
        Note that a worker has told its pid.
        """
        attempt = self.attempt
        if attempt is not None and worker in attempt.nameless:
            attempt.nameless.remove(worker)
            self._introduce(attempt, worker)

    def ready(self, worker: WorkerProcess) -> None:
        """
        Note that a worker is READY.
        """
        attempt = self.attempt
        if attempt is None or worker not in attempt.workers or attempt.failing:
            return
        if all(each.phase is Phase.CURRENT for each in attempt.workers):
            self._succeed(attempt)

    def ended(self, worker: WorkerProcess, status: int) -> bool:
        """
        Note that a worker is gone.

        @return: Whether it belonged to the attempt under way.
        """
        attempt = self.attempt
        if attempt is None or worker not in attempt.workers:
            return False
        if not attempt.failing and self._replace(attempt, worker, status):
            return True
        if not attempt.failing:
            attempt.failing = True
            self._instance.speaker.alert(
                f"Failed to load worker {self._instance.label(worker)} exited with code {status} "
                f"({exit_text(status)})"
            )
            if worker.over_limit is None and not worker.speaks:
                self._instance.speaker.alert(
                    f"The installed version {worker.version} needs a new master: restart it."
                )
            if not self._instance.serving:
                note_status(self._instance, status)
            self._give_up(attempt)
        attempt.workers.remove(worker)
        if not attempt.workers:
            self._fail(attempt, RELOAD_FAILED)
        return True

    def may_listen(self, worker: WorkerProcess) -> bool:
        """
        Tell whether a worker may ask for listening sockets: only while it loads.
        """
        attempt = self.attempt
        return attempt is not None and not attempt.failing and worker in attempt.workers

    def _ask(self, request: Request) -> Deferred[ReloadResult]:
        self._line.append(request)
        self._next()
        return request.answer

    def _next(self) -> None:
        # Not recursive: an attempt may end before it has begun to wait.
        while self._line and not (self.attempt or self._upgrading or self._busy):
            self._busy = True
            self._reserve.lend()
            try:
                self._try(self._line.popleft())
            finally:
                self._busy = False
        if not (self.attempt or self._upgrading or self._busy):
            self._reserve.hold()

    def _try(self, request: Request) -> None:
        try:
            if not self._upgrades(request):
                self._begin(request)
        except Exception:
            # The rim: a fault in our own code is a failed reload, not a master that hangs.
            _log.failure("a reload could not begin")
            attempt, first = self.attempt, not self._instance.serving
            self.attempt = None
            if attempt is not None:
                attempt.failing = True
                self._give_up(attempt)
                self._instance.listeners.release(attempt.generation)
            self._not_read(request, first)

    def _upgrades(self, request: Request) -> bool:
        """
        Replace the master first, if its code has changed.

        @return: Whether that was begun.
        """
        upgrade = self.upgrade
        if upgrade is None or request.begun or not self._instance.serving:
            return False
        self._announce_reload(request)
        if not upgrade.due():
            return False
        self._upgrading = request
        upgrade.begin().addCallback(self._not_upgraded)
        return True

    def _not_upgraded(self, reason: str) -> None:
        instance, request = self._instance, self._upgrading
        assert request is not None
        self._upgrading = None
        instance.failed += 1
        instance.speaker.alert(f"Cannot upgrade: {reason}")
        if not (instance.stopping or instance.killing):
            instance.speaker.warning(
                "The running master and worker are kept as they are. Correct the installation and "
                "reload again."
            )
        self._tell_failure(RELOAD_FAILED)
        request.answer.callback(ReloadResult(False, instance.log.text(), instance.serving))
        self._next()

    def _announce_reload(self, request: Request) -> None:
        instance = self._instance
        request.begun = True
        instance.log.begin()
        instance.speaker.begin_again()
        kind = " (hard-reload)" if request.hard else ""
        instance.speaker.notice(f"Reloading mwproxy{kind}")
        instance.reloads += 1
        instance.stopping = 0
        instance.killing = False
        instance.manager.reloading(instance.system.monotonic())

    def _begin(self, request: Request) -> None:
        instance = self._instance
        first = instance.generation == 0
        instance.generation += 1
        if not first and not request.begun:
            self._announce_reload(request)
        discovery = discover(
            instance.settings, instance.initial, instance.speaker.diagnostic, master=True
        )
        if discovery is None:
            self._not_read(request, first)
            return
        console = console_variable(instance.settings.sockets)
        if console:
            discovery.environment["HAPROXY_MASTER_CLI"] = console
        attempt = self.attempt = Attempt(request, instance.generation, discovery)
        instance.environment = discovery.environment
        if first:
            instance.global_ = discovery.global_
        self._change_programs(attempt, first)
        self._give(attempt)

    def _change_programs(self, attempt: Attempt, first: bool) -> None:
        discovery = attempt.discovery
        count = self._instance.reloads
        if first:
            self._programs.start(discovery.programs, discovery.environment, count)
        else:
            self._programs.reload(
                discovery.programs, discovery.environment, count, hard=attempt.request.hard
            )

    def _give(self, attempt: Attempt) -> None:
        instance = self._instance
        nbproc = attempt.discovery.global_.nbproc
        try:
            for relative in range(1, nbproc + 1):
                # Whether the installed code has changed is looked up once for all of them.
                self._assign(attempt, self._standby.take(outdated=relative > 1), relative)
        except OSError as error:
            instance.speaker.alert(f"Cannot start a worker: {error.strerror}")
            attempt.failing = True
            if not instance.serving:
                note_status(instance, 1)
            self._give_up(attempt)
            if not attempt.workers:
                self._fail(attempt, RELOAD_FAILED)
            return
        seconds = attempt.discovery.global_.ready_timeout_ms / 1000
        attempt.patience = Patience(instance, attempt.workers, seconds)
        attempt.slow = instance.system.call_later(SLOW, lambda: instance.manager.loading(seconds))

    def _assign(self, attempt: Attempt, worker: WorkerProcess, relative: int) -> None:
        instance = self._instance
        nbproc = attempt.discovery.global_.nbproc
        attempt.workers.append(worker)
        instance.workers.append(worker)
        worker.relative = relative
        worker.successes = instance.successes
        if worker.pid:
            self._introduce(attempt, worker)
        else:
            attempt.nameless.append(worker)
        order = self._order(attempt, relative, nbproc)
        worker.load(
            attempt.generation, relative, order, instance.reloads, attempt.discovery.contents
        )

    def _introduce(self, attempt: Attempt, worker: WorkerProcess) -> None:
        number = f"#{worker.relative} " if attempt.discovery.global_.nbproc > 1 else ""
        self._instance.speaker.notice(f"Initializing new worker {number}({worker.pid})")

    def _replace(self, attempt: Attempt, worker: WorkerProcess, status: int) -> bool:
        """
        Load in another process when one was killed before it began: that says nothing of the
        configuration.

        @return: Whether another one loads.
        """
        killed = status > 128 or not worker.pid
        if worker.began_at is not None or not killed or not worker.speaks or attempt.again:
            return False
        instance = self._instance
        if instance.stopping or instance.killing or worker.ended_as is Phase.LEAVING:
            # It went because it was told to.
            return False
        attempt.again = True
        attempt.workers.remove(worker)
        self._instance.speaker.warning(
            f"Worker {self._instance.label(worker)} exited with code {status} "
            f"({exit_text(status)}) before it began to load, starting another one."
        )
        try:
            self._assign(attempt, self._standby.start(), worker.relative)
        except OSError as error:
            self._instance.speaker.alert(f"Cannot start a worker: {error.strerror}")
            attempt.workers.append(worker)
            return False
        return True

    def _give_up(self, attempt: Attempt) -> None:
        """
        Have the rest of the workers go: those that serve already finish what they began, and
        nobody waits for them.
        """
        for worker in list(attempt.workers):
            if worker.phase is Phase.CURRENT:
                attempt.workers.remove(worker)
                worker.leave()
            else:
                worker.terminate()

    def _order(self, attempt: Attempt, relative: int, nbproc: int) -> dict[str, Any]:
        settings = attempt.discovery.settings
        options = settings.worker_options()
        if settings.daemon:
            options["daemon"] = True
        return {
            "files": attempt.discovery.files,
            "options": options,
            "environment": predefine({}, master=True, startup_version=settings.startup_version),
            "generation": attempt.generation,
            "process": relative,
            "processes": nbproc,
        }

    def _succeed(self, attempt: Attempt) -> None:
        instance = self._instance
        self._forget(attempt)
        instance.successes += 1
        for worker in attempt.workers:
            worker.successes = instance.successes
        former = [each for each in instance.workers if each.generation != attempt.generation]
        parting = self._send_away(attempt, former)
        instance.serving = attempt.generation
        instance.failed = 0
        instance.global_ = attempt.discovery.global_
        instance.served = Served(
            self._order(attempt, 1, len(attempt.workers)),
            attempt.discovery.contents,
            instance.reloads,
        )
        self._replaced()
        instance.listeners.commit(attempt.generation)
        self._release_unused()
        self._busy = True
        # Whoever hears that it succeeded shall meet the new configuration only.
        DeferredList(parting).addCallback(lambda result: self._announce(attempt))

    def _announce(self, attempt: Attempt) -> None:
        instance = self._instance
        self._busy = False
        self._announcer.ready(attempt.discovery)
        # Not before the answer is out: starting a process takes longer than all the rest here.
        instance.system.call_later(0, self._fill)
        attempt.request.answer.callback(ReloadResult(True, instance.log.text(), attempt.generation))
        self._next()

    def _fill(self) -> None:
        instance = self._instance
        if instance.serving and instance.workers and not instance.stopping:
            self._standby.fill(instance.global_.nbproc)

    def _send_away(self, attempt: Attempt, former: list[WorkerProcess]) -> list[Deferred[None]]:
        """
        Signal former workers, each at most once: those over the limit are terminated, the others
        get a successor.

        @return: They fire when those that finish accept no more clients.
        """
        parting = []
        limit = attempt.discovery.global_.mworker_max_reloads
        hard = attempt.request.hard
        for worker in former:
            if self._instance.successes - worker.successes > limit:
                worker.over_limit = limit
                worker.terminate()
            elif hard:
                worker.terminate()
            else:
                successor = attempt.workers[(worker.relative - 1) % len(attempt.workers)]
                parting.append(worker.leave(successor))
        return parting

    def _release_unused(self) -> None:
        instance = self._instance
        alive = {worker.generation for worker in instance.workers} | {instance.serving}
        for generation in instance.listeners.generations() - alive:
            instance.listeners.release(generation)

    def _forget(self, attempt: Attempt) -> None:
        if attempt.patience is not None:
            attempt.patience.end()
        if attempt.slow is not None and attempt.slow.active():
            attempt.slow.cancel()
        self.attempt = None

    def _not_read(self, request: Request, first: bool) -> None:
        instance = self._instance
        if first:
            note_status(instance, 1)
        else:
            instance.failed += 1
            instance.speaker.warning(
                "The new configuration cannot be read: the running worker is kept as it is. "
                "Correct the configuration and reload again."
            )
            self._tell_failure(NOT_LOADED)
        request.answer.callback(ReloadResult(False, instance.log.text(), instance.serving))

    def _tell_failure(self, status: str) -> None:
        instance = self._instance
        if not instance.stopping:
            instance.manager.failed(status, instance.system.wall_clock(), instance.log.text())

    def _fail(self, attempt: Attempt, status: str) -> None:
        instance = self._instance
        self._forget(attempt)
        instance.listeners.release(attempt.generation)
        if instance.serving:
            instance.failed += 1
            self._tell_failure(status)
        attempt.request.answer.callback(ReloadResult(False, instance.log.text(), instance.serving))
        if instance.serving:
            instance.system.call_later(0, self._fill)
            self._next()
