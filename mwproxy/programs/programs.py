"""
All programs of an instance: what a start, a reload and the end do to them, and when they are
started again.

A reload signals every running program (SIGUSR1, or SIGTERM for a hard one) as soon as the new
configuration was read, before the new workers are READY; then it starts new instances. See
L{Programs.change} for C{option start-on-reload}, and C{change.py} for programs with C{ready}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from signal import SIGKILL, SIGTERM, SIGUSR1

from twisted.internet.defer import Deferred, succeed

from mwproxy.config.model import Program
from mwproxy.config.program_settings import DEGRADE
from mwproxy.process.inheritance import BoundFacts, GuardFacts, ProgramFacts, RestFacts
from mwproxy.process.messages import Speaker
from mwproxy.process.sockets import CannotBind, ListenerSpec
from mwproxy.process.system import System
from mwproxy.programs.change import Change, by_name, goes_later
from mwproxy.programs.guard import Guard
from mwproxy.programs.mark import mark_of
from mwproxy.programs.program import ENDING, ProgramProcess
from mwproxy.programs.restarts import Again, GivenUp, failed, judge
from mwproxy.programs.rests import Rest
from mwproxy.programs.sockets import PassedSockets

#: Seconds that a candidate gets to go when its reload has failed.
DISCARD = 5.0


def _ignore(text: str) -> None:
    return


class Programs:
    """
    The running programs, old ones included.

    @ivar running: In the order of their start; an instance leaves when its whole group is gone.

    @ivar resting: Those that wait to be started again, or have failed for good.
    """

    def __init__(
        self,
        system: System,
        speaker: Speaker,
        exited: Callable[[ProgramProcess, int], None],
        gone: Callable[[], None],
        guard: Guard | None = None,
    ) -> None:
        """
        @param exited: Told of each that ended, with its status, but for candidates of a reload.

        @param gone: Told when one is gone with its group, and when others have begun or ceased to
            be degraded.

        @param guard: Ends them if we are killed; L{None} for the usual one.
        """
        self.running: list[ProgramProcess] = []
        self.resting: list[Rest] = []
        self._system = system
        self._speaker = speaker
        self._exited = exited
        self._tell_gone = gone
        self._guard = Guard(system) if guard is None else guard
        self._sockets = PassedSockets()
        self._change: Change | None = None
        self._stopping = False
        # Not started yet: they wait for the former instances of their names to be gone.
        self._after: dict[str, ProgramProcess] = {}

    @property
    def alive(self) -> bool:
        """
        Whether any runs, or will.
        """
        resting = any(each.due is not None for each in self.resting)
        return bool(self.running or resting or self._after)

    @property
    def patience(self) -> float:
        """
        How many seconds a load may have to wait for its candidates, 0 when it does not.
        """
        return 0.0 if self._change is None else self._change.patience

    def degraded(self) -> list[str]:
        """
        Name those that have failed for good while the proxy serves on.
        """
        return [each.name for each in self.resting if each.due is None]

    def listens_on(self, spec: ListenerSpec) -> bool:
        """
        Tell whether an address is that of a program (C{listen-on}).
        """
        return self._sockets.has(spec)

    def facts(self) -> tuple[list[ProgramFacts], GuardFacts]:
        """
        Note what another image of this process needs to go on.

        @return: The instances, and the watch over them.
        """
        return [each.facts() for each in self.running], self._guard.facts()

    def more_facts(self) -> tuple[list[RestFacts], list[BoundFacts]]:
        """
        Note the rest.

        @return: What does not run, and the sockets of programs.
        """
        resting = [each.facts() for each in self.resting]
        resting += [RestFacts(each.facts(), after=True) for each in self._after.values()]
        return resting, self._sockets.facts()

    def inherit(
        self,
        facts: Sequence[ProgramFacts],
        guard: GuardFacts,
        resting: Sequence[RestFacts] = (),
        passed: Sequence[BoundFacts] = (),
    ) -> None:
        """
        Go on with the programs of a former image. What has happened to them meanwhile is told
        later.
        """
        self._sockets.inherit(passed)
        for each in facts:
            program = self._inherited(each)
            program.inherit(each)
            self.running.append(program)
        self._guard.inherit(guard, [each.pid for each in facts])
        for rest in resting:
            last = self._inherited(rest.program)
            last.pid, last.mark = rest.program.pid, rest.program.mark
            last.environment = rest.program.environment
            if rest.after:
                self._after[last.name] = last
                self._system.call_later(0, self._start_waiting)
                continue
            found = Rest(self._system, last, rest.in_row, rest.due, self._start_again)
            found.since = rest.since
            self.resting.append(found)

    def change(
        self,
        descriptions: Sequence[Program],
        environment: Mapping[str, str],
        reload_count: int,
        *,
        hard: bool = False,
        first: bool = False,
        tell: Callable[[str], None] = _ignore,
        lost: Callable[[str], None] = _ignore,
    ) -> Deferred[str]:
        """
        Go over to a configuration: the first one, or another.

        HAProxy 2.0 to 3.2: with C{option start-on-reload}, the default, an instance is started and
        the running one becomes old. Without it none is started and the running one stays
        current, though it gets the signal as well. One whose section is gone is old. Ours: with
        C{option keep-unchanged} one that would be started as it was is left alone.

        @param hard: Signal them with SIGTERM, and leave none alone.

        @param tell: Told how far it is.

        @param lost: Told when a candidate fails after the workers were allowed to load.

        @return: Fires when workers may load, with an empty text, or with the reason why the change
            has failed; then L{undo} is due. Else L{commit} or L{undo} is once the workers are known
            to serve or not.
        """
        self._stopping = False
        sections = by_name(descriptions)
        kept = set() if hard or first else self._unchanged(sections, environment)
        fresh = [
            each for each in descriptions
            if first or (each.start_on_reload and each.name not in kept)
        ]  # fmt: skip
        try:
            self._sockets.take(fresh)
        except CannotBind as error:
            self._speaker.alert(str(error))
            return succeed(str(error))
        change = self._change = Change(self._system, SIGTERM if hard else SIGUSR1, tell, lost)
        change.stay = frozenset(
            each.name for each in descriptions if not first and not each.start_on_reload
        )
        self._after.clear()
        first_stop = {each.name for each in fresh if each.settings.start_after_stop}
        for program in list(self.running):
            if program.old or program.name not in kept:
                at_once = program.name in first_stop
                current = program.running and not program.old
                if at_once and current and sections[program.name].settings.ready is not None:
                    change.replaced.append(program)
                self._send_away(program, change, sections, at_once=at_once)
        for rest in list(self.resting):
            if rest.name in kept or (rest.name in change.stay):
                continue
            if goes_later(rest.program.description, sections):
                change.former_rests.append(rest)
            else:
                self._forget(rest)
        for each in fresh:
            if each.settings.ready is not None:
                change.expect(each, self._watch_time(change, each))
        for each in fresh:
            # The others have lost their former instances already.
            if not change.over or each.settings.ready is None:
                program = self._make(each, environment, reload_count)
                program.candidate = each.settings.ready is not None
                self._launch_when_possible(program, alone=each.settings.start_after_stop)
        change.check()
        return change.done

    def commit(self) -> None:
        """
        Note that the workers serve: who was waiting for that goes.
        """
        change, self._change = self._change, None
        if change is None:
            return
        change.end()
        resting = [each.program for each in self.resting]
        for program in [*self.running, *resting, *self._after.values()]:
            program.candidate = False
        for program in change.former:
            program.old = program.name not in change.stay
            program.signal(change.signum, leaving=program.old)
        for rest in change.former_rests:
            self._forget(rest)
        self._tidy()

    def undo(self) -> None:
        """
        Note that the workers do not serve: those who were started for them alone go.
        """
        change, self._change = self._change, None
        if change is None:
            return
        change.end()
        for name in [name for name, each in self._after.items() if each.candidate]:
            del self._after[name]
        for rest in list(self.resting):
            if rest.program.candidate:
                self._forget(rest)
        for program in list(self.running):
            if program.candidate:
                program.discard(DISCARD)
        for former in change.replaced if not self._stopping else ():
            again = self._make(former.description, former.environment, former.reload_count)
            self._launch_when_possible(again, alone=True)
        self._tidy()

    def give_up(self) -> None:
        """
        Wait for no candidate any more: everything is being stopped.
        """
        if self._change is not None and not self._change.done.called:
            self._change.fail("everything is being stopped")

    def signal_all(self, signum: int) -> None:
        """
        Signal every program.
        """
        if signum in ENDING or signum == SIGKILL:
            self._stopping = True
            self._after.clear()
            for rest in list(self.resting):
                if rest.due is not None:
                    self._forget(rest)
        for program in list(self.running):
            program.signal(signum)

    def stop(self) -> None:
        """
        Let the watch go, at the very end.
        """
        for rest in list(self.resting):
            self._forget(rest)
        self._sockets.close()
        self._guard.stop()

    def program_ready(self, program: ProgramProcess) -> None:
        """
        See L{ProgramOwner<mwproxy.programs.program.ProgramOwner>}; so for all that follow.
        """
        self._speaker.notice(f"Program '{program.name}' ({program.pid}) is ready")
        if program.candidate and self._change is not None:
            self._change.ready(program.name)

    def program_late(self, program: ProgramProcess) -> None:
        """
        One that the reload under way depends on has been judged by that; another is killed.
        """
        change = self._change
        if program.candidate and change is not None and change.depends_on(program.name):
            self._too_late(change, program.description)
        elif program.running:
            self._say_late(program)
            program.kill()

    def program_exited(self, program: ProgramProcess, status: int) -> None:
        """
        Decide whether it is started again.
        """
        settings = program.description.settings
        decision = None
        if not (program.old or self._stopping):
            lasted = self._system.monotonic() - program.started
            decision = judge(settings.restart, status, program.told, program.in_row, lasted)
        program.again = isinstance(decision, Again)
        program.given_up = isinstance(decision, GivenUp)
        change = self._change
        decisive = program.candidate and not program.again and change is not None
        if decisive and change is not None and change.tolerates(program.description):
            program.candidate = decisive = False
            change.do_without(program.name)
        self._exited(program, status)
        if isinstance(decision, Again):
            self._rest(program, decision.in_row, decision.pause)
        elif isinstance(decision, GivenUp):
            self._speaker.alert(
                f"Program '{program.name}' is not started again: {decision.in_row} restarts in a"
                " row did not last."
            )
        if program.again or program.old or self._stopping:
            return
        if decisive and change is not None:
            change.fail(f"program '{program.name}' exited with code {status}")
        elif settings.on_failure == DEGRADE and (program.given_up or failed(status, program.told)):
            self._speaker.warning(
                f"Program '{program.name}' has failed: serving on without it until a reload starts"
                " it (on-failure degrade)."
            )
            self.resting.append(Rest(self._system, program, 0, None, self._start_again))

    def program_gone(self, program: ProgramProcess) -> None:
        """
        Forget it.
        """
        self.running.remove(program)
        self._guard.remove(program.pid)
        self._start_waiting()
        if self._change is None:
            self._tidy()
        self._tell_gone()

    def program_killed(self, program: ProgramProcess, seconds: float) -> None:
        """
        Say it.
        """
        self._speaker.warning(
            f"Program '{program.name}' ({program.pid}) has not gone within {seconds:g} seconds,"
            " killing it."
        )

    def program_said(self, program: ProgramProcess, line: str) -> None:
        """
        Log it.
        """
        self._speaker.pass_on(program.pid, f"program '{program.name}' : {line}")

    def former_groups(self, program: ProgramProcess) -> Sequence[int]:
        """
        List the groups of other instances of its section.
        """
        return [
            each.pid for each in self.running if each.name == program.name and each is not program
        ]

    def _inherited(self, facts: ProgramFacts) -> ProgramProcess:
        description = Program(
            facts.name,
            tuple(facts.command),
            facts.user,
            facts.group,
            facts.start_on_reload,
            facts.settings,
        )
        return ProgramProcess(self._system, self, description, facts.reload_count)

    def _unchanged(
        self, sections: Mapping[str, Program], environment: Mapping[str, str]
    ) -> set[str]:
        running = [each for each in self.running if each.running and not each.old]
        current = {each.name: each.mark for each in running}
        current |= {each.name: each.program.mark for each in self.resting if each.due is not None}
        return {
            name
            for name, section in sections.items()
            if section.settings.keep_unchanged
            and current.get(name, "") == mark_of(section, environment)
        }

    def _send_away(
        self,
        program: ProgramProcess,
        change: Change,
        sections: Mapping[str, Program],
        *,
        at_once: bool,
    ) -> None:
        if not (program.old or at_once) and goes_later(program.description, sections):
            change.former.append(program)
            return
        program.old = program.old or program.name not in change.stay
        program.signal(change.signum, leaving=program.old)

    def _make(
        self, description: Program, environment: Mapping[str, str], reload_count: int
    ) -> ProgramProcess:
        program = ProgramProcess(self._system, self, description, reload_count)
        program.environment = dict(environment)
        program.mark = mark_of(description, environment)
        return program

    def _launch_when_possible(self, program: ProgramProcess, *, alone: bool) -> None:
        """
        Start an instance.

        @param alone: Not before all others of its section have gone.
        """
        if alone and any(each.name == program.name for each in self.running):
            self._after[program.name] = program
        else:
            self._launch(program)

    def _start_waiting(self) -> None:
        running = {each.name for each in self.running}
        for name in [name for name in self._after if name not in running]:
            program = self._after.pop(name)
            self._launch(self._copy(program))

    def _copy(self, program: ProgramProcess) -> ProgramProcess:
        """
        Make an instance like another one.
        """
        made = self._make(program.description, program.environment, program.reload_count)
        made.candidate = program.candidate
        return made

    def _launch(self, program: ProgramProcess) -> bool:
        description = program.description
        try:
            program.start(program.environment, self._sockets.descriptors(description))
        except (OSError, CannotBind) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._speaker.alert(f"Cannot execute {description.command[0]}: {reason}")
            self._not_started(program, reason or "")
            return False
        self.running.append(program)
        self._guard.add(program.pid)
        self._speaker.notice(f"New program '{program.name}' ({program.pid}) forked")
        return True

    def _not_started(self, program: ProgramProcess, reason: str) -> None:
        """
        Try again if it is to be started again, as the system may have more to give then.
        """
        change = self._change
        decision = judge(program.description.settings.restart, 1, 0, program.in_row, 0.0)
        if isinstance(decision, Again):
            self._rest(program, decision.in_row, decision.pause)
        elif program.candidate and change is not None:
            if change.tolerates(program.description):
                change.do_without(program.name)
            else:
                change.fail(f"program '{program.name}' cannot be started: {reason}")
        self._tell_gone()

    def _rest(self, program: ProgramProcess, in_row: int, pause: float) -> None:
        self._speaker.notice(f"Starting program '{program.name}' again in {pause:g} s")
        due = self._system.monotonic() + pause
        rest = Rest(self._system, program, in_row, due, self._start_again)
        self.resting.append(rest)
        if self._change is not None and program in self._change.former:
            self._change.former_rests.append(rest)

    def _start_again(self, rest: Rest) -> None:
        self.resting.remove(rest)
        program = self._copy(rest.program)
        program.in_row = rest.in_row
        change = self._change
        if self._launch(program) and change is not None and rest in change.former_rests:
            change.former.append(program)

    def _forget(self, rest: Rest) -> None:
        rest.forget()
        if rest in self.resting:
            self.resting.remove(rest)

    def _tidy(self) -> None:
        """
        Close the sockets that no program has any more.
        """
        users = [each.description for each in self.running if each.running and not each.old]
        users += [each.program.description for each in self.resting if each.due is not None]
        users += [each.description for each in self._after.values()]
        self._sockets.keep(users)

    def _watch_time(self, change: Change, description: Program) -> Callable[[], None]:
        return lambda: self._too_late(change, description)

    def _too_late(self, change: Change, description: Program) -> None:
        if not change.depends_on(description.name):
            return
        found = [each for each in self.running if each.name == description.name and each.candidate]
        for program in found:
            self._say_late(program)
        if not found:
            waits = description.name in self._after
            why = "its former instance has not gone" if waits else "it does not stay"
            self._speaker.alert(
                f"Program '{description.name}' is not ready after {_seconds(description)} seconds:"
                f" {why}."
            )
        if not change.tolerates(description):
            change.fail(f"program '{description.name}' is not ready")
            return
        for program in found:
            program.candidate = False
            program.kill()
        change.do_without(description.name)

    def _say_late(self, program: ProgramProcess) -> None:
        self._speaker.alert(
            f"Program '{program.name}' ({program.pid}) is not ready after"
            f" {_seconds(program.description)} seconds: {program.missing()}."
        )


def _seconds(description: Program) -> str:
    ready = description.settings.ready
    return f"{0 if ready is None else ready.timeout_ms / 1000:g}"
