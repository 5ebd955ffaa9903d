"""
All programs of an instance, and what a reload does to them.

A reload signals every running program (SIGUSR1, or SIGTERM for a hard one) as soon as the new
configuration was read, before the new workers are READY; then it starts new instances. See
L{Programs.reload} for C{option start-on-reload}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from signal import SIGTERM, SIGUSR1

from mwproxy.config.model import Program
from mwproxy.process.inheritance import GuardFacts, ProgramFacts
from mwproxy.process.messages import Speaker
from mwproxy.process.system import System
from mwproxy.programs.guard import Guard
from mwproxy.programs.program import ProgramProcess


class Programs:
    """
    The running programs, old ones included.

    @ivar running: In the order of their start; an instance leaves when its whole group is gone.
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
        @param exited: Told of each that ended, with its status.

        @param gone: Told when one is gone with its group.

        @param guard: Ends them if we are killed; L{None} for the usual one.
        """
        self.running: list[ProgramProcess] = []
        self._system = system
        self._speaker = speaker
        self._exited = exited
        self._tell_gone = gone
        self._guard = Guard(system) if guard is None else guard

    def facts(self) -> tuple[list[ProgramFacts], GuardFacts]:
        """
        Note what another image of this process needs to go on.

        @return: The instances, and the watch over them.
        """
        return [each.facts() for each in self.running], self._guard.facts()

    def inherit(self, facts: Sequence[ProgramFacts], guard: GuardFacts) -> None:
        """
        Go on with the programs of a former image. What has happened to them meanwhile is told
        later.
        """
        for each in facts:
            description = Program(
                each.name, tuple(each.command), each.user, each.group, each.start_on_reload
            )
            program = ProgramProcess(
                self._system, description, each.reload_count, self._exited, self._gone
            )
            program.inherit(each)
            self.running.append(program)
        self._guard.inherit(guard, [each.pid for each in facts])

    def start(
        self, descriptions: Sequence[Program], environment: Mapping[str, str], reload_count: int
    ) -> None:
        """
        Start instances, in the order of the file.
        """
        for description in descriptions:
            program = ProgramProcess(
                self._system, description, reload_count, self._exited, self._gone
            )
            try:
                program.start(environment)
            except OSError as error:
                command = description.command[0]
                self._speaker.alert(f"Cannot execute {command}: {error.strerror}")
                continue
            self.running.append(program)
            self._guard.add(program.pid)
            self._speaker.notice(f"New program '{program.name}' ({program.pid}) forked")

    def reload(
        self,
        descriptions: Sequence[Program],
        environment: Mapping[str, str],
        reload_count: int,
        *,
        hard: bool,
    ) -> None:
        """
        Go over to another configuration.

        HAProxy 2.0 to 3.2: with C{option start-on-reload}, the default, an instance is started and
        the running one becomes old. Without it none is started and the running one stays
        current, though it gets the signal as well. One whose section is gone is old.
        """
        keep = {each.name for each in descriptions if not each.start_on_reload}
        for program in self.running:
            program.old = program.old or program.name not in keep
            program.signal(SIGTERM if hard else SIGUSR1)
        fresh = [each for each in descriptions if each.start_on_reload]
        self.start(fresh, environment, reload_count)

    def signal_all(self, signum: int) -> None:
        """
        Signal every program.
        """
        for program in list(self.running):
            program.signal(signum)

    def stop(self) -> None:
        """
        Let the watch go, at the very end.
        """
        self._guard.stop()

    def _gone(self, program: ProgramProcess) -> None:
        self.running.remove(program)
        self._guard.remove(program.pid)
        self._tell_gone()
