"""
Loading a configuration: the first, and every one after.

One at a time, the rest wait in line. An attempt gives the configuration to workers in waiting;
when all of them are READY, and not before, the former workers are asked to leave. If one of them
dies first, the attempt failed and nothing has changed. Every attempt has its own generation number.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from mwproxy.console.master_view import ReloadResult
from mwproxy.core.references import Marks
from mwproxy.master.attempt import Attempt
from mwproxy.master.exits import forget_status, note_status
from mwproxy.master.generations import Generations
from mwproxy.master.instance import Instance, Served
from mwproxy.master.parting import release_unused, send_away
from mwproxy.master.ready import Announcer
from mwproxy.master.requests import Line, Request, Wish
from mwproxy.master.standby import Standby
from mwproxy.master.upgrade import Upgrade
from mwproxy.observe.notify import NOT_LOADED, RELOAD_FAILED
from mwproxy.process.discovery import discover
from mwproxy.process.environment import console_variable
from mwproxy.process.inheritance import RequestFacts
from mwproxy.process.worker import WorkerProcess
from mwproxy.programs.programs import Programs

_log = Logger()


class Reloads:
    """
    Loads configurations, one after the other.

    @ivar attempt: The one under way, L{None} for none.

    @ivar upgrade: Replaces the master when that is due, L{None} where it cannot be replaced.

    @ivar generations: What was loaded so far.
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
        self.generations = Generations(
            instance, lambda wish: self.reload(hard=False, by_signal=False, wish=wish)
        )
        self._upgrading: Request | None = None
        self._instance = instance
        self._standby = standby
        self._programs = programs
        self._announcer = announcer
        self._replaced = replaced
        self._line = Line()
        self._busy = False
        self._reserve = instance.system.reserve()

    def start(self) -> Deferred[ReloadResult]:
        """
        Load the first configuration.

        @return: Fires when it is served, or cannot be.
        """
        return self.reload(hard=False, by_signal=False)

    def reload(
        self, *, hard: bool, by_signal: bool, wish: Wish | None = None
    ) -> Deferred[ReloadResult]:
        """
        Load the configuration anew, after those that were asked for before.

        @param wish: What is not as usual.

        @return: Fires when it is served, or cannot be.
        """
        if wish is not None and self.attempt is not None and wish.progress is not None:
            wish.progress(f"waiting for generation {self.attempt.generation}")
        answer = self._line.join(hard=hard, by_signal=by_signal, wish=wish)
        if wish is not None and wish.unasked:
            answer.addCallback(self.generations.returned)
        self.go_on()
        return answer

    def requests(self) -> list[Request]:
        """
        List what has no answer and is no attempt: what waits for an upgrade comes first.
        """
        first = [] if self._upgrading is None else [self._upgrading]
        return [*first, *self._line.requests()]

    def inherit_line(self, facts: list[RequestFacts]) -> None:
        """
        Go on with the line of a former image; it begins to move with L{go_on}.
        """
        requests = []
        for each in facts:
            wish = self.generations.wish_of(each)
            # What is to be loaded may be forgotten by now; who asked is answered all the same.
            request = Request(each.hard, each.by_signal, each.begun, wish=wish or Wish(lost=True))
            if each.unasked:
                request.answer.addCallback(self.generations.returned)
            requests.append(request)
        self._line.inherit(requests)

    def forget(self) -> None:
        """
        Answer those in line that nothing comes of it: all is being stopped since.
        """
        self.generations.forget()
        waited = self._line.dissolve()
        if waited:
            self._instance.speaker.warning("Reloads that wait are given up: the master stops.")
        for request in waited:
            self._answer(request, success=False)
        if self.upgrade is not None:
            self.upgrade.abandon()
        self._programs.give_up()

    def go_on(self) -> None:
        """
        Begin with what is in line.
        """
        # Not recursive: an attempt may end before it has begun to wait.
        while self._line and not (self.attempt or self._upgrading or self._busy):
            self._busy = True
            self._reserve.lend()
            try:
                self._try(self._line.first())
            finally:
                self._busy = False
        if not (self.attempt or self._upgrading or self._busy):
            self._reserve.hold()

    def up(self, worker: WorkerProcess) -> None:
        """
        Note that a worker has told its pid.
        """
        if self.attempt is not None:
            self.attempt.up(worker)

    def ready(self, worker: WorkerProcess, references: Marks | None = None) -> None:
        """
        Note that a worker is READY.

        @param references: Files beside the configuration that it has read.
        """
        attempt = self.attempt
        if attempt is None or worker not in attempt.workers:
            return
        attempt.references.update(references or {})
        attempt.request.tell(f"worker {self._instance.label(worker)} is ready")
        if attempt.complete:
            self._succeed(attempt)

    def ended(self, worker: WorkerProcess, status: int) -> bool:
        """
        Note that a worker is gone.

        @return: Whether it belonged to the attempt under way.
        """
        attempt = self.attempt
        if attempt is None or worker not in attempt.workers:
            return False
        attempt.ended(worker, status)
        if attempt.over:
            self._fail(attempt)
        return True

    def may_listen(self, worker: WorkerProcess) -> bool:
        """
        Tell whether a worker may ask for listening sockets: only while it loads.
        """
        attempt = self.attempt
        return attempt is not None and not attempt.failing and worker in attempt.workers

    def _try(self, request: Request) -> None:
        try:
            if not (self._refuses(request) or self._upgrades(request)):
                self._begin(request)
        except Exception:
            # The rim: a fault in our own code is a failed reload, not a master that hangs.
            _log.failure("a reload could not begin")
            attempt, first = self.attempt, not self._instance.serving
            self.attempt = None
            self._programs.undo()
            if attempt is not None:
                attempt.give_up()
                self._instance.listeners.release(attempt.generation)
            self._not_read(request, first)

    def _refuses(self, request: Request) -> bool:
        """
        Look whether the consoles' files are good, before anything is begun.

        @return: Whether it failed at that. Going back does not hang on them, and who takes over
            from a former version has read them.
        """
        files = self._instance.console_files
        files.discard()
        if request.begun or not self._instance.serving or request.wish.kept is not None:
            return False
        problem = files.prepare()
        if not problem:
            return False
        self._announce_reload(request)
        self._instance.speaker.alert(problem)
        self._not_read(request, False)
        return True

    def _upgrades(self, request: Request) -> bool:
        """
        Replace the master first, if its code has changed.

        @return: Whether that was begun.
        """
        upgrade = self.upgrade
        if upgrade is None or request.begun or not self._instance.serving:
            return False
        if request.wish.kept is not None:
            # Going back must not hang on whether an upgrade is good.
            return False
        self._announce_reload(request)
        if not upgrade.due():
            return False
        request.tell("the installed code has changed: replacing the master")
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
        self._answer(request, success=False)
        self.go_on()

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
        instance, wish = self._instance, request.wish
        if wish.unasked and not self.generations.trial.over:
            # It was confirmed, or decided otherwise, while this waited.
            self._answer(request, success=False)
            return
        if wish.lost:
            instance.speaker.alert("The generation to go back to is not kept any more.")
            self._answer(request, success=False)
            return
        first = instance.generation == 0
        instance.generation += 1
        self.generations.begin(request)
        request.tell(f"loading generation {instance.generation}")
        if not first and not request.begun:
            self._announce_reload(request)
        discovery = discover(
            instance.settings,
            instance.initial,
            instance.speaker.diagnostic,
            master=True,
            kept=wish.kept,
        )
        if discovery is None:
            self._not_read(request, first)
            return
        self.generations.read(discovery)
        console = console_variable(instance.settings.sockets)
        if console:
            discovery.environment["HAPROXY_MASTER_CLI"] = console
        attempt = self.attempt = Attempt(instance, self._standby, request, discovery)
        instance.environment = discovery.environment
        if first:
            instance.global_ = discovery.global_
        self._change_programs(attempt, first).addCallback(self._with_programs, attempt)
        if self._programs.patience:
            instance.manager.loading(self._programs.patience)

    def _change_programs(self, attempt: Attempt, first: bool) -> Deferred[str]:
        return self._programs.change(
            attempt.discovery.programs,
            attempt.discovery.environment,
            self._instance.reloads,
            hard=attempt.request.hard,
            first=first,
            tell=attempt.request.tell,
            lost=lambda reason: self._without_programs(attempt),
        )

    def _with_programs(self, problem: str, attempt: Attempt) -> None:
        """
        Go on with a load when its programs are ready, or have failed.
        """
        if attempt is not self.attempt:
            return
        if problem:
            if not self._instance.serving:
                note_status(self._instance, 1)
            attempt.failing = True
        else:
            attempt.begin()
        if attempt.over:
            self._fail(attempt)

    def _without_programs(self, attempt: Attempt) -> None:
        """
        Give a load up whose programs were ready and have failed since.
        """
        if attempt is self.attempt and not attempt.failing:
            attempt.give_up()
            if attempt.over:
                self._fail(attempt)

    def _succeed(self, attempt: Attempt) -> None:
        instance = self._instance
        self._forget(attempt)
        instance.successes += 1
        instance.console_files.commit()
        for worker in attempt.workers:
            worker.successes = instance.successes
        limit = attempt.discovery.global_.mworker_max_reloads
        parting = send_away(instance, attempt.workers, limit, hard=attempt.request.hard)
        former, instance.serving = instance.serving, attempt.generation
        instance.failed = 0
        forget_status(instance)
        instance.global_ = attempt.discovery.global_
        instance.served = Served(attempt.order(1), attempt.discovery.contents, instance.reloads)
        self.generations.serves(former, attempt.request, attempt.discovery, attempt.references)
        self._replaced()
        instance.listeners.commit(attempt.generation)
        self._programs.commit()
        release_unused(instance)
        self._busy = True
        # Whoever hears that it succeeded shall meet the new configuration only.
        DeferredList(parting).addCallback(lambda result: self._announce(attempt))

    def _announce(self, attempt: Attempt) -> None:
        self._busy = False
        self._announcer.ready(attempt.discovery)
        self.generations.announce(attempt.request)
        attempt.request.tell(self._draining())
        # Not before the answer is out: starting a process takes longer than all the rest here.
        self._instance.system.call_later(0, self._fill)
        self._answer(attempt.request, success=True)
        self.go_on()

    def _draining(self) -> str:
        old = [each for each in self._instance.workers if each.generation != self._instance.serving]
        if not old:
            return "nothing is left to drain"
        count = sum(int(each.figures.get("connections", 0)) for each in old)
        pids = ", ".join(str(each.pid) for each in old)
        return f"draining {count} connections in old workers {pids}"

    def _fill(self) -> None:
        instance = self._instance
        if instance.serving and instance.workers and not instance.stopping:
            self._standby.fill(instance.global_.nbproc)

    def _forget(self, attempt: Attempt) -> None:
        attempt.end()
        self.attempt = None

    def _not_read(self, request: Request, first: bool) -> None:
        instance = self._instance
        self.generations.failed(instance.generation)
        if first:
            note_status(instance, 1)
        else:
            instance.failed += 1
            instance.speaker.warning(
                "The new configuration cannot be read: the running worker is kept as it is. "
                "Correct the configuration and reload again."
            )
            self._tell_failure(NOT_LOADED)
        self._answer(request, success=False)

    def _tell_failure(self, status: str) -> None:
        instance = self._instance
        forget_status(instance)
        if not instance.stopping:
            instance.manager.failed(status, instance.system.wall_clock(), instance.log.text())

    def _fail(self, attempt: Attempt) -> None:
        instance = self._instance
        self._forget(attempt)
        self.generations.failed(attempt.generation)
        self._programs.undo()
        instance.listeners.release(attempt.generation)
        if instance.serving:
            instance.failed += 1
            self._tell_failure(RELOAD_FAILED)
        self._answer(attempt.request, success=False)
        if instance.serving:
            instance.system.call_later(0, self._fill)
            self.go_on()

    def _answer(self, request: Request, *, success: bool) -> None:
        instance = self._instance
        request.answer.callback(ReloadResult(success, instance.log.text(), instance.serving))
