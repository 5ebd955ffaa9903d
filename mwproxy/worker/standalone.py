"""
A worker without a master: in the foreground or as a daemon, with its own listening sockets; and the
check of a configuration.
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mwproxy.process.discovery import Discovery, discover
from mwproxy.process.environment import initial_environment, predefine
from mwproxy.process.getsocks import Key, NoTransfer, fetch_listeners
from mwproxy.process.launcher import launch
from mwproxy.process.listeners import ListenerSet
from mwproxy.process.messages import Speaker, log_problems
from mwproxy.process.pidfile import write_pidfile
from mwproxy.process.ready_fd import ReadyFd
from mwproxy.process.settings import Settings
from mwproxy.process.sockets import CannotBind, ListenerSpec
from mwproxy.process.system import System, detach_stdio
from mwproxy.worker.order import Order
from mwproxy.worker.run import (
    Surroundings,
    install_reactor,
    install_signals,
    run_until,
    unblock_signals,
)

if TYPE_CHECKING:
    from mwproxy.worker.service import WorkerService

#: How often, and how long apart, a port is tried that an older process is asked to release.
MOST_TRIES = 200
TRY_AGAIN = 0.01


class OwnHost(Surroundings):
    """
    Nobody, as a L{Host<mwproxy.worker.host.Host>}: the process binds its own sockets.
    """

    under_master = False

    def __init__(self, system: System, settings: Settings, launcher: int = -1) -> None:
        """
        @param settings: Joined with what the configuration says.

        @param launcher: Pipe of who waits for a daemon to be ready, -1 for nobody.
        """
        super().__init__()
        self._system = system
        self._settings = settings
        self._launcher = launcher
        self._ready_fd = ReadyFd(settings.notify_fd)
        self._listeners = ListenerSet()
        self._fetched: dict[Key, Any] = {}
        self._paused: set[int] = set()
        self._tries = 0
        self.call_program(settings.argv0)

    def fetch(self, path: str) -> bool:
        """
        Take over the sockets of an older process.

        @return: Whether that went well; if not it was said.
        """
        try:
            self._fetched = dict(fetch_listeners(path))
        except NoTransfer as error:
            self.speaker.warning(str(error))
            self.speaker.alert("Failed to get the sockets from the old process!")
            return False
        return True

    async def get_listener(self, spec: ListenerSpec) -> int:
        """
        Bind, or use what an older process gave. A port that an older process of C{-sf} holds is
        asked for (SIGTTOU) until it is free.

        @return: A descriptor that the caller now owns.

        @raise CannotBind: With the text that operators see.
        """
        given = self._fetched.pop(spec.key, None)
        if given is not None:
            given.setblocking(False)
            return int(given.detach())
        while True:
            try:
                return os.dup(self._listeners.take(spec, 0))
            except CannotBind as error:
                if "Address already in use" not in str(error) or not await self._ask_again():
                    raise

    def say_ready(self, facts: dict[str, Any]) -> None:
        """
        Do what is due once everything serves, in HAProxy's order.
        """
        self._listeners.commit(0)
        for sock in self._fetched.values():
            sock.close()
        self._fetched.clear()
        settings = self._settings
        for pid in settings.old_pids:
            self._system.kill(pid, signal.SIGTERM if settings.old_hard else signal.SIGUSR1)
        self.settle()
        if self._launcher >= 0:
            self.speaker.quiet = True
            detach_stdio()
            with contextlib.suppress(OSError):
                os.write(self._launcher, b"READY\n")
            os.close(self._launcher)
            self._launcher = -1
        elif settings.quiet:
            self.speaker.quiet = True
        self._ready_fd.tell()

    def drop_privileges(self, settings: Any) -> None:
        """
        Write the pid file while that is still allowed, then give up rights.

        @raise StartFailed: That failed; it was said.
        """
        if self._settings.daemon and self._settings.pidfile:
            from mwproxy.worker.startup import StartFailed

            try:
                write_pidfile(self._settings.pidfile, self._system.pid)
            except OSError:
                self.speaker.alert(
                    f"[{self.program}.main()] Cannot create pidfile {self._settings.pidfile}"
                )
                raise StartFailed(1) from None
        super().drop_privileges(settings)

    def report(self, figures: dict[str, Any]) -> None:
        """
        Nobody wants to know.
        """

    def failed(self) -> None:
        """
        Undo what was begun: old names come back, paused processes go on.
        """
        self._listeners.undo()
        for pid in self._paused:
            self._system.kill(pid, signal.SIGTTIN)

    def closed(self) -> None:
        """
        Remove what was left in the file system.
        """
        self._listeners.close()

    async def _ask_again(self) -> bool:
        from twisted.internet.task import deferLater

        if self._tries >= MOST_TRIES or not self._settings.old_pids:
            return False
        self._tries += 1
        asked = {pid for pid in self._settings.old_pids if self._system.kill(pid, signal.SIGTTOU)}
        if not asked and self._tries > 1:
            return False
        self._paused |= asked
        await deferLater(self._system.reactor, TRY_AGAIN)
        return True


def run_standalone(settings: Settings) -> int:
    """
    Run one worker without a master, to its end.

    @param settings: The command line.

    @return: The exit status.
    """
    unblock_signals()
    speaker = Speaker(settings.argv0)
    if not _enter(settings, speaker):
        return 1
    if settings.sockets:
        speaker.alert(
            "a master CLI socket was defined, but master-worker mode (-W) is not enabled."
        )
        return 1
    problem = ReadyFd(settings.notify_fd).keep()
    if problem:
        speaker.alert(problem)
        return 1
    initial = initial_environment(os.environ)
    found = discover(settings, initial, speaker.diagnostic, master=False)
    if found is None:
        return 1
    launcher = -1
    if found.settings.daemon:
        status, launcher = launch(speaker)
        if status is not None:
            return status
    reactor = install_reactor()
    from mwproxy.worker.service import WorkerService

    host = OwnHost(System(reactor), found.settings, launcher)
    host.speaker.quiet = found.settings.quiet
    path = settings.transfer_socket
    if path and path != "/dev/null" and not host.fetch(path):
        return 1
    service = WorkerService(reactor, host)
    log_problems(host.speaker)
    install_signals(reactor, service, host)
    order = Order(
        found.files,
        options=found.settings.worker_options(),
        environment=predefine(initial, master=False),
    )
    return _serve(reactor, service, host, order)


def _serve(reactor: Any, service: WorkerService, host: OwnHost, order: Order) -> int:
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    statuses: list[int] = []

    def end(status: int) -> None:
        if status or not statuses:
            statuses.insert(0, status)
        reactor.callWhenRunning(reactor.stop)

    async def begin() -> None:
        status = await service.load(order)
        if status:
            host.failed()
            end(status)
        elif service.state is not None:
            service.state.startup_messages[:] = host.startup_log

    def broken(failure: Failure) -> None:
        # The rim of everything that loads.
        host.failed()
        host.speaker.alert(
            f"Internal error while loading the configuration: {failure.getErrorMessage()} "
            f"({type(failure.value).__name__})"
        )
        failure.printTraceback()
        end(1)

    service.finished.addCallback(end)
    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(begin()).addErrback(broken))
    status = run_until(reactor, statuses)
    host.closed()
    return status


def check(settings: Settings) -> int:
    """
    Check the configuration (C{-c}): nothing is bound, nothing is started.

    @param settings: The command line.

    @return: 0 if it is good, 1 if not, 2 if it would not listen anywhere.
    """
    speaker = Speaker(settings.argv0)
    speaker.quiet = settings.quiet and not settings.verbose
    if not _enter(settings, speaker):
        return 1
    settings = replace(settings, directory="")
    initial = initial_environment(os.environ)
    found = _discover_for_check(settings, initial, speaker)
    if found is None:
        return 1
    from mwproxy.worker.startup import StartFailed, enabled_binds, read_configuration

    master = settings.master or found.global_.master_worker
    host = Surroundings()
    host.call_program(settings.argv0)
    host.speaker.quiet = speaker.quiet
    order = Order(
        found.files,
        options=found.settings.worker_options(),
        environment=predefine(initial, master=master),
    )
    try:
        configuration, diagnostics = read_configuration(order, host)  # type: ignore[arg-type]  # nothing is bound, nothing is reported
    except StartFailed as failure:
        return failure.status
    if not enabled_binds(configuration, 1):
        _tell(
            speaker, "Configuration file has no error but will not start (no listener) => exit(2)."
        )
        return 2
    if diagnostics.warnings:
        _tell(speaker, "Warnings were found.")
    _tell(speaker, "Configuration file is valid")
    return 0


def _discover_for_check(
    settings: Settings, initial: dict[str, str], speaker: Speaker
) -> Discovery | None:
    from mwproxy.process.discovery import wants_master

    master = settings.master or wants_master(settings, initial)
    return discover(settings, initial, speaker.diagnostic, master=master)


def _enter(settings: Settings, speaker: Speaker) -> bool:
    if settings.directory:
        try:
            os.chdir(settings.directory)
        except OSError as error:
            speaker.alert(f"Could not change to directory {settings.directory} : {error.strerror}")
            return False
    return True


def _tell(speaker: Speaker, text: str) -> None:
    if not speaker.quiet:
        print(text, flush=True)
