"""
One running program: a process group whose leader we started.

When the leader ends, what it left in its group, and outside (C{strays.py}), is ended too: SIGTERM
at once, SIGKILL a second later. Only then is the program gone.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, SIGUSR1
from typing import Any, Protocol

from mwproxy.config.model import Program
from mwproxy.config.program_settings import LINE, NOTIFY
from mwproxy.process.ending import Ending
from mwproxy.process.inheritance import NotifyFacts, OutputFacts, ProgramFacts
from mwproxy.process.limits import DESCRIPTORS_AT_START
from mwproxy.process.system import System
from mwproxy.programs.output import Output, close_quietly, make_pipe
from mwproxy.programs.readiness import Check, ConnectCheck, LineCheck, NotifyCheck
from mwproxy.programs.strays import find_strays
from mwproxy.programs.syslog import Syslog

SCRIPT = str(Path(__file__).with_name("launch.py"))
#: Seconds that the rest of a group gets, and between two looks at it.
GRACE = 1.0
STEP = 0.05
#: The signals that ask to go.
ENDING = (SIGTERM, SIGINT, SIGUSR1)


class ProgramOwner(Protocol):
    """
    Who is told about a program.
    """

    def program_ready(self, program: ProgramProcess) -> None:
        """
        It has shown that it is ready.
        """

    def program_late(self, program: ProgramProcess) -> None:
        """
        It has not, in the time that it has.
        """

    def program_exited(self, program: ProgramProcess, status: int) -> None:
        """
        Its leader has ended.
        """

    def program_killed(self, program: ProgramProcess, seconds: float) -> None:
        """
        It is killed, as it has not gone in the time that it had.
        """

    def program_gone(self, program: ProgramProcess) -> None:
        """
        Nothing is left of it.
        """

    def program_said(self, program: ProgramProcess, line: str) -> None:
        """
        It has printed a line that is to be logged.
        """

    def former_groups(self, program: ProgramProcess) -> Sequence[int]:
        """
        List the groups of other instances of its section.
        """


class ProgramProcess:
    """
    One instance of a C{program} section.

    @ivar description: The section as it was when the instance was started.

    @ivar environment: What it was started with, C{env} lines not among it.

    @ivar mark: Stands for all that makes it another program when it changes.

    @ivar old: Whether a later instance, or none, took its place.

    @ivar candidate: Whether it depends on the reload under way if it will be needed.

    @ivar ready: Whether it has shown that it is ready, if that is asked of it.

    @ivar in_row: Which restart in a row it is, 0 for none.

    @ivar again: Once it has ended: whether it will be started again.

    @ivar given_up: Once it has ended: whether it is not, for it was so often.

    @ivar reload_count: The master's count of reloads at its start.

    @ivar told: The last signal that we sent on purpose, 0 for none: dying of it is no failure.
    """

    def __init__(
        self, system: System, owner: ProgramOwner, description: Program, reload_count: int
    ) -> None:
        """
        @param owner: Is told what happens to it.
        """
        self.description = description
        self.environment: dict[str, str] = {}
        self.mark = ""
        self.old = False
        self.candidate = False
        self.ready = description.settings.ready is None
        self.in_row = 0
        self.again = False
        self.given_up = False
        self.reload_count = reload_count
        self.started = system.monotonic()
        self.pid = 0
        self.running = False
        self.told = 0
        self._system = system
        self._owner = owner
        self._looks = 0
        self._timer: Any = None
        self._output: Output | None = None
        self._syslog: Syslog | None = None
        self._check: Check | None = None
        self._late: Any = None
        self._kill: Any = None
        self._kill_at = 0.0

    def facts(self) -> ProgramFacts:
        """
        Note what another image of this process needs to go on with it.
        """
        section = self.description
        notify = self._check
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
            settings=section.settings,
            environment=self.environment,
            mark=self.mark,
            ready=self.ready,
            in_row=self.in_row,
            kill_at=self._kill_at,
            output=OutputFacts() if self._output is None else self._output.facts(),
            notify=NotifyFacts(notify.fileno() if isinstance(notify, NotifyCheck) else -1),
        )

    def inherit(self, facts: ProgramFacts) -> None:
        """
        Be an instance that a former image started. What has happened to it meanwhile is told
        later.
        """
        for name in ("pid", "old", "running", "started", "told", "environment", "mark", "in_row"):
            setattr(self, name, getattr(facts, name))
        self.ready = self.ready or facts.ready
        settings = self.description.settings
        if facts.output.fd >= 0 and settings.output is not None:
            self._output = Output(self._system, facts.output.fd, settings.output, self._say)
            self._output.go_on(facts.output.rest)
        else:
            close_quietly(facts.output.fd)
        if facts.kill_at:
            self._kill_later(facts.kill_at - self._system.monotonic())
        if not self.ready and self.running:
            self._await_ready(NotifyCheck(self._system, facts.notify.fd))
        else:
            close_quietly(facts.notify.fd)
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

    def start(self, environment: Mapping[str, str], sockets: Sequence[int] = ()) -> None:
        """
        Start it.

        @param environment: What all programs get.

        @param sockets: Our descriptors of its C{listen-on} lines.

        @raise OSError: The system refuses.
        """
        settings = self.description.settings
        self.environment = dict(environment)
        reading = writing = -1
        notify = None
        try:
            if settings.ready is not None and settings.ready.kind == NOTIFY:
                notify = NotifyCheck(self._system)
            if settings.output is not None:
                reading, writing = make_pipe()
            fds = {0: 0, 1: 1 if writing < 0 else writing, 2: 2 if writing < 0 else writing}
            fds |= {3 + at: fd for at, fd in enumerate(sockets)}
            variables = self._variables("" if notify is None else notify.address)
            self.pid = self._system.spawn(Ending(self.ended), self._command(), variables, fds)
        except OSError:
            close_quietly(reading)
            if notify is not None:
                notify.give_up()
            raise
        finally:
            close_quietly(writing)
        self.running = True
        if settings.output is not None:
            self._output = Output(self._system, reading, settings.output, self._say)
        if not self.ready:
            self._await_ready(notify)

    def missing(self) -> str:
        """
        Tell why it is not ready, for an operator.
        """
        return "it has not started" if self._check is None else self._check.missing()

    def signal(self, signum: int, *, leaving: bool = True) -> None:
        """
        Signal the leader, as HAProxy does; one that is stopped (SIGSTOP) goes on, to hear that it
        shall end. C{stop-signal} takes the place of those that ask to go.

        @param leaving: It has to go, within its C{stop-timeout} if it has one.
        """
        if not self.running:
            return
        settings = self.description.settings
        ending = signum in ENDING
        if ending and settings.stop_signal:
            signum = settings.stop_signal
        self.told = signum
        self._system.kill(self.pid, signum)
        if ending and leaving:
            self._wait_no_more()
        if ending and signum != SIGUSR1:
            self._system.wake(self.pid)
        if ending and leaving and settings.stop_timeout_ms is not None and self._kill is None:
            self._kill_later(settings.stop_timeout_ms / 1000)

    def discard(self, seconds: float) -> None:
        """
        Have it go: nobody needs it after all.

        @param seconds: How long it may take, if it has no C{stop-timeout}.
        """
        self.old = True
        self.candidate = False
        self._wait_no_more()
        self.signal(SIGTERM)
        if self.running and self._kill is None:
            self._kill_later(seconds)

    def kill(self) -> None:
        """
        End its whole group at once.
        """
        self._system.kill_group(self.pid, SIGKILL)

    def ended(self, status: int) -> None:
        """
        Note that the leader ended, and end the rest.
        """
        self.running = False
        self._wait_no_more()
        self._owner.program_exited(self, status)
        self._signal_rest(SIGTERM)
        self._look()

    def _say(self, line: str) -> None:
        words = self.description.settings.log_to
        if not words:
            self._owner.program_said(self, line)
            return
        if self._syslog is None:
            self._syslog = Syslog(self._system, words, self.name, self.pid)
        self._syslog.line(line)

    def _command(self) -> list[str]:
        section = self.description
        settings = section.settings
        argv = [sys.executable, "-I", "-S", SCRIPT]
        if settings.passed:
            argv += ["--listen", str(len(settings.passed))]
        for limit in settings.limits:
            argv += ["--limit", limit]
        if settings.directory:
            argv += ["--directory", settings.directory]
        argv += [str(self._system.pid), section.group, section.user]
        return [*argv, str(DESCRIPTORS_AT_START), *section.command]

    def _variables(self, notify: str) -> dict[str, str]:
        settings = self.description.settings
        found = {**self.environment, "MWPROXY_PROGRAM": self.name}
        for variable in settings.variables:
            name, _, value = variable.partition("=")
            found[name] = value
        if settings.passed:
            found["LISTEN_FDNAMES"] = ":".join(each.name or "unknown" for each in settings.passed)
        if notify:
            found["NOTIFY_SOCKET"] = notify
        return found

    def _await_ready(self, notify: NotifyCheck | None) -> None:
        ready = self.description.settings.ready
        assert ready is not None
        check: Check
        if ready.kind == NOTIFY:
            assert notify is not None
            check = notify.expect(self.pid, self._is_ready)
        elif ready.kind == LINE:
            check = LineCheck(ready.what, self._look_at_output)
        else:

            def former() -> Sequence[int]:
                return self._owner.former_groups(self)

            check = ConnectCheck(self._system, ready, self.pid, former, self._is_ready)
        self._check = check
        left = ready.timeout_ms / 1000 - (self._system.monotonic() - self.started)
        self._late = self._system.call_later(max(0.0, left), self._is_late)
        check.begin()

    def _look_at_output(self) -> None:
        ready = self.description.settings.ready
        if self._output is not None and ready is not None:
            self._output.wait_for(ready.what, self._is_ready)

    def _is_ready(self) -> None:
        if self.running and not self.ready:
            self.ready = True
            self._wait_no_more()
            self._owner.program_ready(self)

    def _is_late(self) -> None:
        self._late = None
        self._owner.program_late(self)

    def _wait_no_more(self) -> None:
        if self._check is not None:
            self._check.give_up()
            self._check = None
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _kill_later(self, seconds: float) -> None:
        seconds = max(0.0, seconds)
        self._kill_at = self._system.monotonic() + seconds
        self._kill = self._system.call_later(seconds, lambda: self._time_is_over(seconds))

    def _time_is_over(self, seconds: float) -> None:
        self._kill = None
        if self.running:
            self._owner.program_killed(self, seconds)
            self.told = SIGKILL
            self.kill()

    def _signal_rest(self, signum: int) -> bool:
        """
        Signal what is left of the program.

        @return: Whether there was anything.
        """
        found = self._system.kill_group(self.pid, signum)
        for pid in find_strays(self._system.pid, self.pid):
            found = self._system.kill(pid, signum) or found
        return found

    def _look(self) -> None:
        self._system.reap_orphans()
        if not self._signal_rest(0):
            self._finish()
            return
        self._looks += 1
        if self._looks * STEP >= GRACE:
            self._signal_rest(SIGKILL)
        self._timer = self._system.call_later(STEP, self._look)

    def _finish(self) -> None:
        if self._kill is not None:
            self._kill.cancel()
            self._kill = None
        if self._output is not None:
            self._output.finish()
            self._output = None
        if self._syslog is not None:
            self._syslog.close()
        self._owner.program_gone(self)
