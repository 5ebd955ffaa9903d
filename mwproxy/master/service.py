"""
The master as a service, and as a program.

L{MasterService} is the tree that C{twistd mwproxy} runs; L{serve} runs the same tree for the
C{mwproxy} command. Signals are ours from the moment the reactor runs.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping
from signal import (
    SIGHUP,
    SIGINT,
    SIGPIPE,
    SIGQUIT,
    SIGTERM,
    SIGTTIN,
    SIGTTOU,
    SIGUSR1,
    SIGUSR2,
)
from typing import TYPE_CHECKING, Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mwproxy import __version__
from mwproxy.console.generations_view import Progress
from mwproxy.console.master_view import ProcessRow, ReloadResult
from mwproxy.console.state import ConsoleState
from mwproxy.core.diagnostics import Severity, format_message
from mwproxy.core.levels import Level
from mwproxy.master.figures import descriptors, figures
from mwproxy.master.generations import Generations
from mwproxy.master.instance import Instance
from mwproxy.master.passage import FormerSockets
from mwproxy.master.requests import Wish
from mwproxy.master.status import Watchdog, watchdog_interval
from mwproxy.master.supervisor import Supervisor
from mwproxy.master.upgrade import Upgrade
from mwproxy.observe.notify import Notifier, ServiceManager
from mwproxy.observe.startup_logs import StartupLog
from mwproxy.process.bind import Bound, bind
from mwproxy.process.early import EarlyWorker
from mwproxy.process.elders import Elders
from mwproxy.process.environment import initial_environment
from mwproxy.process.getsocks import NoTransfer, fetch_listeners
from mwproxy.process.inheritance import MasterFacts
from mwproxy.process.limits import TooLittle
from mwproxy.process.listeners import ListenerSet
from mwproxy.process.log_lines import LogLines
from mwproxy.process.messages import (
    Speaker,
    flush_stderr,
    log_problems,
    never_wait,
    write_stderr,
)
from mwproxy.process.reexec import Origin
from mwproxy.process.settings import Settings
from mwproxy.process.sockets import ListenerSpec
from mwproxy.process.system import System

if TYPE_CHECKING:
    from mwproxy.console.listener import ConsoleService

_log = Logger()
SIGNALS = (SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGTTIN, SIGTTOU)
IGNORED = (SIGQUIT, SIGPIPE)


class MasterService(MultiService):
    """
    The master: its supervisor and its consoles. Implements
    L{MasterView<mwproxy.console.master_view.MasterView>}.

    @ivar supervisor: Decides everything.
    """

    def __init__(
        self,
        system: System,
        settings: Settings,
        over: Callable[[int], None],
        *,
        environment: Mapping[str, str] | None = None,
        launcher: int = -1,
        early: EarlyWorker | None = None,
        origin: Origin | None = None,
        facts: MasterFacts | None = None,
    ) -> None:
        """
        @param over: Told the exit status when nothing is left; stops the reactor.

        @param origin: How the process was started, L{None} where it cannot be replaced in place.

        @param facts: What a former image of this process left, L{None} for an ordinary start.

        @param environment: As the process was started, L{None} for the present one.

        @param launcher: Pipe of who waits for a daemon to be ready, -1 for nobody.

        @param early: A worker that was started before, L{None} for none.
        """
        super().__init__()
        self.setName("master")
        if facts is not None:
            settings = settings.for_successor(facts.startup_version)
        self._facts = facts
        if environment is None:
            environment = system.environment()
        log = StartupLog()
        speaker = Speaker(settings.argv0, keep=log.keep)
        speaker.quiet = settings.quiet and not settings.verbose
        self._system = system
        self._settings = settings
        self._notifier = Notifier(system.call_later) if settings.systemd else None
        self._instance = Instance(
            system,
            settings,
            speaker,
            log,
            ServiceManager(self._notifier.send if self._notifier is not None else None),
            ListenerSet(),
            initial_environment(environment),
            system.monotonic(),
        )
        self._log_lines = LogLines(system)
        self._over = over
        self._consoles: list[ConsoleService] = []
        self._watchdog = Watchdog(
            system,
            watchdog_interval(environment, system.pid) if settings.systemd else 0.0,
            self._instance.manager.alive,
        )
        self.supervisor = Supervisor(self._instance, self._ended, launcher=launcher, early=early)
        if origin is not None:
            upgrade = Upgrade(self._instance, origin, self.facts, part=self._part)
            self.supervisor.upgrade_with(upgrade)
        self._status: int | None = None

    @property
    def reload_failed(self) -> bool:
        """
        Whether a reload failed and none succeeded since.
        """
        return self._instance.failed > 0

    @property
    def nbproc(self) -> int:
        """
        How many workers a generation has.
        """
        return self._instance.global_.nbproc

    @property
    def served(self) -> bool:
        """
        Whether any configuration was served.
        """
        return self._instance.successes > 0

    def startService(self) -> None:
        """
        Open the consoles, then load the configuration.
        """
        try:
            self._system.take_limits(self._settings.memory_mb or 0)
        except TooLittle as error:
            self._instance.speaker.alert(f"[{self._settings.argv0}.main()] {error}")
            if self._facts is None:
                self._ended(1)
                return
        never_wait()
        self._system.keep_loaded()
        self._system.ignore_signals(IGNORED)
        self._system.on_signals(dict.fromkeys(SIGNALS, self.supervisor.handle_signal))
        facts, self._facts = self._facts, None
        if facts is not None:
            try:
                self._go_on(facts)
            except Exception:
                # The rim: a master that knows but half of what it has would be worse than none.
                _log.failure("cannot go on where the former version was")
                self._ended(1)
            return
        try:
            self._open_consoles(bind)
        except Exception as error:
            # The rim: whatever a console cannot have is said, and ends the start.
            self._instance.speaker.alert(str(error))
            self._instance.speaker.alert("Can't create the master's CLI.")
            self._ended(1)
            return
        super().startService()
        self._watchdog.start()
        self._take_over()
        self.supervisor.start()

    def stopService(self) -> Deferred[None]:
        """
        Close the consoles. When somebody else stops the reactor the workers see their channels
        close.
        """
        result = super().stopService()
        self._instance.listeners.close()
        self._watchdog.stop()
        self._log_lines.close()
        if self._notifier is not None:
            self._notifier.close()
        return result  # type: ignore[no-any-return]  # MultiService is untyped

    def rows(self) -> list[ProcessRow]:
        """
        List the processes.
        """
        return self.supervisor.rows()

    def uptime(self) -> float:
        """
        Tell the master's age in seconds.
        """
        return self._system.monotonic() - self._instance.started

    @property
    def generations(self) -> Generations:
        """
        What was loaded, and what can be loaded again.
        """
        return self.supervisor.generations

    @property
    def manhole_wanted(self) -> bool:
        """
        Whether what serves allows a Python prompt.
        """
        return self._instance.global_.manhole_wanted

    def figures(self) -> list[tuple[str, object]]:
        """
        List figures of the master itself.
        """
        tasks = len(self._system.reactor.getDelayedCalls())
        rows = self.generations.rows()
        return figures(self._instance, rows, len(self.sessions()), tasks)

    def sessions(self) -> list[ConsoleState]:
        """
        List the connections to the consoles.
        """
        return [state for service in self._consoles for state in service.states()]

    def descriptors(self) -> list[tuple[int, str]]:
        """
        List the master's descriptors, and what they are.
        """
        return descriptors()

    def namespace(self) -> dict[str, Any]:
        """
        Tell the names that a Python prompt knows.
        """
        return {
            "master": self,
            "supervisor": self.supervisor,
            "instance": self._instance,
            "reactor": self._system.reactor,
        }

    def reload(
        self,
        *,
        hard: bool = False,
        by: str = "",
        confirm_ms: int = 0,
        progress: Progress | None = None,
    ) -> Deferred[ReloadResult]:
        """
        Reload, after those that were asked for before.
        """
        wish = Wish(by=by, confirm_ms=confirm_ms, progress=progress)
        return self.supervisor.reload(hard=hard, wish=wish)

    def startup_log(self) -> str:
        """
        Get the messages of the latest start or reload and all since.
        """
        return self._instance.log.text()

    def environment(self) -> dict[str, str]:
        """
        Get the master's environment as configuration sees it.
        """
        return dict(self._instance.environment)

    def open_worker(self, pid: int, level: Level, mode: str, who: str = "") -> socket.socket:
        """
        Open a console session in a worker.

        @raise LookupError: There is no such worker, or its channel is closed.
        """
        return self.supervisor.open_worker(pid, level, mode, who)

    def audit(self, text: str) -> None:
        """
        Write a line of the audit: for operators, but no part of the start-up log; to the log too.
        """
        if not self._instance.speaker.quiet:
            write_stderr(format_message(Severity.NOTICE, self._system.pid, text))
        self._log_lines.notice(self._instance.global_, text)

    def facts(self) -> MasterFacts:
        """
        Write down all that another image of this process needs to go on.
        """
        facts = self.supervisor.facts()
        awaited = self.supervisor.awaited()
        facts.consoles = [each.facts(awaited) for each in self._consoles]
        return facts

    def _go_on(self, facts: MasterFacts) -> None:
        """
        Take the place of a former image of this process.
        """
        speaker = self._instance.speaker
        self.supervisor.inherit(facts)
        speaker.notice(f"Version {__version__} takes over from version {facts.version}.")
        former = FormerSockets([each.bound for each in facts.consoles])
        try:
            self._open_consoles(former.bind, again=True)
        except Exception as error:
            # The rim: workers serve on, and signals reach a master without console.
            speaker.alert(str(error))
            speaker.alert("Can't create the master's CLI.")
        former.close()
        super().startService()
        self._watchdog.start()
        awaited = self.supervisor.awaited()
        for service in self._consoles:
            for console in facts.consoles:
                if ListenerSpec.from_json(console.bound.spec).key == service.spec.key:
                    service.inherit(console.sessions, awaited)
        self.supervisor.go_on(facts.signals)

    def _open_consoles(
        self, make_socket: Callable[[ListenerSpec], Bound], *, again: bool = False
    ) -> None:
        if not self._settings.sockets:
            return
        from mwproxy.console.listener import make_console_services

        self._consoles = make_console_services(
            list(self._settings.sockets),
            self,
            self._system.reactor,
            make_socket,
            warn=self._instance.speaker.warning,
            lenient=again,
        )
        self._instance.console_files.watch(self._consoles)
        for service in self._consoles:
            service.setServiceParent(self)

    def _part(self) -> None:
        awaited = self.supervisor.awaited()
        for service in self._consoles:
            service.part(awaited)

    def _take_over(self) -> None:
        instance = self._instance
        if self._settings.old_pids:
            # The launcher of a daemon is our parent.
            own = [os.getppid()]
            instance.older = Elders(self._settings.old_pids, instance.speaker.warning, own=own)
            instance.listeners.ask(instance.older)
        path = self._settings.transfer_socket
        if path and path != "/dev/null":
            try:
                self._instance.listeners.give(fetch_listeners(path))
            except NoTransfer as error:
                # Not fatal under a master: ports can be shared meanwhile.
                self._instance.speaker.alert(str(error))

    def _ended(self, status: int) -> None:
        if self._status is None:
            self._status = status
            self._over(status)


def serve(
    settings: Settings,
    speaker: Speaker,
    *,
    environment: Mapping[str, str],
    origin: Origin,
    launcher: int = -1,
    early: EarlyWorker | None = None,
    facts: MasterFacts | None = None,
) -> int:
    """
    Run a master to its end, in the process that it is for.

    @param speaker: Tells what nobody else tells.

    @return: The exit status.
    """
    from twisted.internet import reactor

    result: list[int] = []

    system = System(reactor)

    def over(status: int) -> None:
        result.append(status)
        system.hold_signals()
        reactor.callWhenRunning(stop_reactor, reactor)

    log_problems(speaker)
    service = MasterService(
        system,
        settings,
        over,
        environment=environment,
        launcher=launcher,
        origin=origin,
        early=early,
        facts=facts,
    )
    reactor.callWhenRunning(service.startService)
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.run()
    sys.stdout.flush()
    flush_stderr(at_end=True)
    return result[0] if result else 1


def stop_reactor(reactor: Any) -> None:
    """
    Stop a reactor that may be stopping already.
    """
    if reactor.running:
        reactor.stop()
