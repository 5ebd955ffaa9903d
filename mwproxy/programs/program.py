"""
One running program: a process group whose leader we started.

When the leader ends, what it left in its group is ended too: SIGTERM at once, SIGKILL a second
later. Only then is the program gone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from typing import Any

from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from mwproxy.config.model import Program
from mwproxy.process.inheritance import ProgramFacts
from mwproxy.process.limits import DESCRIPTORS_AT_START
from mwproxy.process.system import System, exit_status

SCRIPT = str(Path(__file__).with_name("launch.py"))
#: Seconds that the rest of a group gets, and between two looks at it.
GRACE = 1.0
STEP = 0.05


class ProgramProcess:
    """
    One instance of a C{program} section.

    @ivar description: The section as it was when the instance was started.

    @ivar old: Whether a later instance, or none, took its place.

    @ivar reload_count: The master's count of reloads at its start.

    @ivar told: The last signal that we sent on purpose, 0 for none: dying of it is no failure.
    """

    def __init__(
        self,
        system: System,
        description: Program,
        reload_count: int,
        exited: Callable[[ProgramProcess, int], None],
        gone: Callable[[ProgramProcess], None],
    ) -> None:
        """
        @param exited: Told when the leader ended, with its status.

        @param gone: Told when its whole group is gone.
        """
        self.description = description
        self.old = False
        self.reload_count = reload_count
        self.started = system.monotonic()
        self.pid = 0
        self.running = False
        self.told = 0
        self._system = system
        self._exited = exited
        self._gone = gone
        self._looks = 0
        self._timer: Any = None

    def facts(self) -> ProgramFacts:
        """
        Note what another image of this process needs to go on with it.
        """
        section = self.description
        return ProgramFacts(
            self.pid,
            section.name,
            list(section.command),
            section.user,
            section.group,
            section.start_on_reload,
            old=self.old,
            running=self.running,
            reload_count=self.reload_count,
            started=self.started,
            told=self.told,
        )

    def inherit(self, facts: ProgramFacts) -> None:
        """
        Be an instance that a former image started. What has happened to it meanwhile is told
        later.
        """
        for name in ("pid", "old", "running", "started", "told"):
            setattr(self, name, getattr(facts, name))
        if self.running:
            self._system.expect_exit(self.pid, self.ended)
        else:
            self._system.call_later(0, self._look)

    @property
    def name(self) -> str:
        """
        The section's name.
        """
        return self.description.name

    def start(self, environment: Mapping[str, str]) -> None:
        """
        Start it.

        @raise OSError: The system refuses.
        """
        argv = [sys.executable, "-I", "-S", SCRIPT, str(self._system.pid)]
        argv += [self.description.group, self.description.user]
        argv += [str(DESCRIPTORS_AT_START), *self.description.command]
        self.pid = self._system.spawn(_Exit(self), argv, environment, {0: 0, 1: 1, 2: 2})
        self.running = True

    def signal(self, signum: int) -> None:
        """
        Signal the leader, as HAProxy does; one that is stopped (SIGSTOP) goes on, to hear that it
        shall end.
        """
        if self.running:
            self.told = signum
            self._system.kill(self.pid, signum)
            if signum in (SIGTERM, SIGINT):
                self._system.wake(self.pid)

    def ended(self, status: int) -> None:
        """
        Note that the leader ended, and end the rest.
        """
        self.running = False
        self._exited(self, status)
        self._system.kill_group(self.pid, SIGTERM)
        self._look()

    def _look(self) -> None:
        self._system.reap_orphans()
        if not self._system.kill_group(self.pid, 0):
            self._gone(self)
            return
        self._looks += 1
        if self._looks * STEP >= GRACE:
            self._system.kill_group(self.pid, SIGKILL)
        self._timer = self._system.call_later(STEP, self._look)


class _Exit(ProcessProtocol):
    """
    Tells a program that its leader ended.
    """

    def __init__(self, program: ProgramProcess) -> None:
        self._program = program

    def processExited(self, reason: Failure) -> None:
        """
        Pass the status on.
        """
        self._program.ended(exit_status(reason))
