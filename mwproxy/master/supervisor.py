"""
The master's decisions: who is told what when something ends, and when everything is over.

Everything that may happen to the instance arrives here: what workers say, what ends, signals.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from signal import SIGINT, SIGKILL, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR1, Signals
from typing import Any

from twisted.internet.defer import Deferred

from mwproxy.console.master_view import ProcessRow, ReloadResult
from mwproxy.core.levels import Level
from mwproxy.core.references import read_marks
from mwproxy.master.exits import program_ended, worker_ended
from mwproxy.master.generations import Generations
from mwproxy.master.instance import Instance
from mwproxy.master.parting import release_unused
from mwproxy.master.passage import collect, restore
from mwproxy.master.ready import Announcer
from mwproxy.master.reload import Reloads
from mwproxy.master.requests import Wish
from mwproxy.master.respawn import Respawns
from mwproxy.master.rows import list_rows
from mwproxy.master.standby import Standby
from mwproxy.master.status import StatusLine
from mwproxy.master.upgrade import Upgrade
from mwproxy.process.child import Phase
from mwproxy.process.early import EarlyWorker
from mwproxy.process.inheritance import MasterFacts
from mwproxy.process.messages import flush_stderr
from mwproxy.process.sockets import CannotBind, ListenerSpec
from mwproxy.process.worker import WorkerProcess
from mwproxy.programs.guard import Guard
from mwproxy.programs.program import ProgramProcess
from mwproxy.programs.programs import Programs

#: Seconds between two looks for orphans that fell to us.
ORPHANS_EVERY = 2.0
#: Seconds that workers in waiting get to go at the end.
LAST_WAIT = 2.0
#: Seconds between two requests to stop now before the second counts as one to kill: a terminal and
#: a service manager may well send the first one twice.
IMPATIENT_AFTER = 1.0


class Supervisor:
    """
    One instance at work.

    @ivar instance: Its settings, counters and workers.
    """

    def __init__(
        self,
        instance: Instance,
        over: Callable[[int], None],
        *,
        launcher: int = -1,
        early: EarlyWorker | None = None,
        standby: Standby | None = None,
        guard: Guard | None = None,
    ) -> None:
        """
        @param over: Told the master's exit status when nothing is left.

        @param launcher: Pipe of who waits for a daemon to be ready, -1 for nobody.

        @param early: A worker that was started before, L{None} for none.

        @param standby: Where workers come from, L{None} for the usual.

        @param guard: The watch over programs, L{None} for the usual.
        """
        self.instance = instance
        self._over = over
        self._finished = False
        self._stopping_since = 0.0
        self._remains: list[int] = []
        self._deadline: Any = None
        self._announcer = Announcer(instance, launcher)
        nursery: list[str] | None = None if instance.system.become_subreaper() else []
        self._standby = standby or Standby(
            instance.system, instance.speaker, instance.initial, nursery=nursery
        )
        self._standby.owner = self
        self._standby.early = early
        self.programs = Programs(
            instance.system, instance.speaker, self._program_ended, self._maybe_over, guard
        )
        self._respawns = Respawns(instance, self._standby)
        self._reloads = Reloads(
            instance, self._standby, self.programs, self._announcer, self._respawns.forget
        )
        self._reloads.generations.load = lambda wish: self.reload(wish=wish)
        self._status = StatusLine(
            instance, lambda: self._reloads.attempt is not None, self.programs.degraded
        )

    def start(self) -> Deferred[ReloadResult]:
        """
        Load the first configuration.

        @return: Fires when it is served, or cannot be.
        """
        self._reap_orphans()
        return self._reloads.start().addCallback(self._started)

    def facts(self) -> MasterFacts:
        """
        Write down what another image of the master needs to go on; its consoles are missing.
        """
        self._announcer.leaving()
        facts = collect(self.instance, self.programs)
        facts.pidfile = self._announcer.pidfile
        facts.slots = self._respawns.facts()
        facts.remains += self._standby.pids()
        facts.requests = [each.facts() for each in self._reloads.requests()]
        self._reloads.generations.write(facts)
        return facts

    def awaited(self) -> list[Deferred[ReloadResult]]:
        """
        List the answers that are due, in the order of the requests in L{facts}.
        """
        return [each.answer for each in self._reloads.requests()]

    def inherit(self, facts: MasterFacts) -> None:
        """
        Be what a former image of the master was. Nothing happens before L{go_on}.
        """
        restore(facts, self.instance, self.programs, self)
        self._respawns.inherit(facts.slots)
        self._remains = facts.remains
        self._announcer.inherit(facts.pidfile)
        self._reloads.generations.inherit(facts)
        self._reloads.inherit_line(facts.requests)
        for answer in self.awaited():
            answer.addCallback(self._reloaded)

    def go_on(self, signals: Sequence[int]) -> None:
        """
        Go on where the former image was.

        @param signals: What it had caught and not handled.
        """
        system = self.instance.system
        for pid in self._remains:
            system.kill(pid, SIGTERM)
        system.look_for_exits()
        self._reap_orphans()
        self._reloads.go_on()
        for signum in signals:
            self.handle_signal(signum)

    def upgrade_with(self, upgrade: Upgrade) -> None:
        """
        Have the master replaced when its code has changed.
        """
        self._reloads.upgrade = upgrade

    @property
    def generations(self) -> Generations:
        """
        What was loaded so far.
        """
        return self._reloads.generations

    def reload(
        self, *, hard: bool = False, by_signal: bool = False, wish: Wish | None = None
    ) -> Deferred[ReloadResult]:
        """
        Load the configuration anew, after those that were asked for before.
        """
        answer = self._reloads.reload(hard=hard, by_signal=by_signal, wish=wish)
        return answer.addCallback(self._reloaded)

    def stop(self, signum: int) -> None:
        """
        Begin the end: everybody gets the signal, new clients are refused. When SIGTERM or SIGINT
        comes once more a second later, or after that, what is left is killed.

        @param signum: SIGTERM, SIGINT or SIGUSR1.
        """
        instance = self.instance
        now = instance.system.monotonic()
        hard = instance.stopping not in (0, SIGUSR1)
        if hard and signum != SIGUSR1 and now - self._stopping_since >= IMPATIENT_AFTER:
            self._kill_what_is_left()
            return
        if not hard:
            self._stopping_since = now
            instance.stopping = signum
        instance.speaker.warning("Exiting Master process...")
        instance.manager.stopping()
        self._respawns.forget()
        self._standby.dismiss()
        self._signal_all(signum)
        instance.listeners.close()
        self._announcer.leaving()
        self._reloads.forget()
        self._maybe_over()

    def handle_signal(self, signum: int) -> None:
        """
        Do what a signal to the master asks for.
        """
        if signum in (SIGTERM, SIGINT, SIGUSR1):
            self.stop(signum)
        elif signum in (SIGTTIN, SIGTTOU):
            self.instance.paused = signum == SIGTTOU
            self._signal_all(signum)
        else:
            self.reload(by_signal=True, wish=Wish(by=Signals(signum).name))

    def rows(self) -> list[ProcessRow]:
        """
        List the processes for C{show proc}.
        """
        return list_rows(self.instance, self.programs.running, self.programs.resting)

    def open_worker(self, pid: int, level: Level, mode: str, who: str = "") -> socket.socket:
        """
        Open a console session in a worker.

        @raise LookupError: There is no such worker, or its channel is closed.
        """
        for worker in self.instance.workers:
            if worker.pid == pid:
                return worker.open_console(level, mode, who)
        raise LookupError(f"no worker {pid}")

    def worker_up(self, worker: WorkerProcess) -> None:
        """
        See L{WorkerOwner<mwproxy.process.worker.WorkerOwner>}; so for all that follow.
        """
        self._standby.up(worker)
        self._reloads.up(worker)

    def worker_ready(self, worker: WorkerProcess, facts: dict[str, Any]) -> None:
        """
        Its generation may be complete, or is again.
        """
        paused = self.instance.paused
        if facts.get("paused", paused) != paused:
            # The signal came between the order and the worker's handlers.
            worker.signal(SIGTTOU if paused else SIGTTIN)
        if self._respawns.ready(worker):
            self._status.changed()
        else:
            self._reloads.ready(worker, read_marks(facts.get("references")))

    def worker_paused(self, worker: WorkerProcess, paused: bool) -> None:
        """
        Have those that take its place be so too.
        """
        if worker.phase is not Phase.LEAVING and worker in self.instance.workers:
            self.instance.paused = paused

    def worker_message(self, worker: WorkerProcess, text: str) -> None:
        """
        Keep it; the worker printed it itself.
        """
        self.instance.log.keep(text)

    def worker_figures(self, worker: WorkerProcess) -> None:
        """
        Tell the service manager.
        """
        self._status.changed()

    def worker_needs(self, worker: WorkerProcess, spec: ListenerSpec) -> int:
        """
        Bind, or find what is bound.
        """
        if not (self._reloads.may_listen(worker) or self._respawns.may_listen(worker)):
            raise CannotBind("this worker was given up")
        if self.programs.listens_on(spec):
            name = f"{spec.host}:{spec.port}" if spec.port else spec.host
            raise CannotBind(f"the address is given to a program by 'listen-on' for [{name}]")
        instance = self.instance
        return instance.listeners.take(spec, worker.generation, paused=instance.paused)

    def worker_gone(self, worker: WorkerProcess, status: int) -> None:
        """
        Judge it.
        """
        instance = self.instance
        if self._standby.gone(worker, status) or worker not in instance.workers:
            self._maybe_over()
            return
        instance.workers.remove(worker)
        if not self._reloads.ended(worker, status) and not self._respawns.ended(worker, status):
            fatal = worker_ended(instance, worker, status)
            if not self.generations.rescue(worker) and fatal:
                self._kill_all()
            release_unused(instance)
        self.worker_figures(worker)
        self._maybe_over()

    def _program_ended(self, program: ProgramProcess, status: int) -> None:
        self._status.changed()
        if program_ended(self.instance, program, status):
            self._kill_all()

    def _started(self, result: ReloadResult) -> ReloadResult:
        self._status.changed()
        if not result.success:
            self._signal_all(SIGTERM)
        self._maybe_over()
        return result

    def _reloaded(self, result: ReloadResult) -> ReloadResult:
        self._status.changed()
        self._maybe_over()
        return result

    def _reap_orphans(self) -> None:
        # What programs left behind; nobody wants to read of it.
        flush_stderr()
        self.instance.system.reap_orphans()
        self.instance.system.call_later(ORPHANS_EVERY, self._reap_orphans)

    def _kill_all(self) -> None:
        if not self.instance.killing:
            self.instance.killing = True
            self._respawns.forget()
            self.instance.speaker.alert("exit-on-failure: killing every processes with SIGTERM")
        self._signal_all(SIGTERM)
        self._reloads.forget()

    def _kill_what_is_left(self) -> None:
        self.instance.speaker.warning("Asked to stop once more: killing what is left.")
        self.instance.stopping = SIGKILL
        self._signal_all(SIGKILL)

    def _signal_all(self, signum: int) -> None:
        for worker in self.instance.workers:
            # One that loads has nothing to finish, and may not come to hear of a soft stop.
            starting = worker.phase is Phase.STARTING
            if signum in (SIGTTIN, SIGTTOU) and worker.up_at is None and starting:
                # It could not catch it yet, and would be stopped: see worker_ready.
                continue
            worker.signal(SIGTERM if starting and signum == SIGUSR1 else signum)
        self.programs.signal_all(signum)

    def _maybe_over(self) -> None:
        instance = self.instance
        if self._finished:
            self._maybe_done()
        elif not (
            instance.workers
            or self.programs.alive
            or self._reloads.attempt
            # They may bring a worker, unless the first configuration was not to be had.
            or (instance.serving and self._reloads.requests())
            or self._respawns.waiting
        ):
            self._finished = True
            if instance.serving:
                code = instance.exit_code
                instance.speaker.warning(f"All workers exited. Exiting... ({code})")
            self._finish()

    def _finish(self) -> None:
        instance = self.instance
        self._standby.dismiss()
        if self._reloads.upgrade is not None:
            self._reloads.upgrade.abandon()
        self.programs.stop()
        if instance.serving:
            instance.listeners.close()
            self._announcer.stopped()
        else:
            instance.listeners.undo()
            if instance.older is not None:
                instance.older.resume()
        self._deadline = instance.system.call_later(LAST_WAIT, self._done)
        self._maybe_done()

    def _maybe_done(self) -> None:
        if not self._standby.waiting and self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
            self._done()

    def _done(self) -> None:
        self._deadline = None
        self._status.close()
        self._over(self.instance.exit_code)
