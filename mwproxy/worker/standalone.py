"""
A worker without a master: in the foreground or as a daemon, with its own listening sockets; and the
check of a configuration.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from mwproxy.config.console_settings import console_settings
from mwproxy.process.discovery import Discovery, discover
from mwproxy.process.environment import initial_environment, predefine
from mwproxy.process.launcher import launch
from mwproxy.process.messages import Speaker, log_problems
from mwproxy.process.ready_fd import ReadyFd
from mwproxy.process.settings import Settings
from mwproxy.process.stdout import answer
from mwproxy.worker.order import Order
from mwproxy.worker.run import (
    Surroundings,
    install_reactor,
    install_signals,
    run_until,
    unblock_signals,
)

if TYPE_CHECKING:
    from mwproxy.config.model import Bind, Configuration
    from mwproxy.worker.own_host import OwnHost


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
    processes = found.global_.nbproc
    if processes > 1 and not found.settings.daemon:
        if not settings.foreground:
            speaker.warning(
                "<nbproc> is only meaningful in daemon mode or master-worker mode. Setting limit to"
                " 1 process."
            )
        processes = 1
    starters = [os.getpid()]
    launcher = -1
    if found.settings.daemon:
        status, launcher = launch(speaker)
        if status is not None:
            return status
    from mwproxy.worker.own_host import OwnHost

    host = OwnHost(found.settings, launcher, starters)
    if not host.fetch():
        return 1
    order = Order(
        found.files,
        options=found.settings.worker_options(),
        environment=predefine(initial, master=False),
        processes=processes,
    )
    configuration = None
    if processes > 1:
        from mwproxy.worker.several import start_several

        birth = start_several(host, found.settings, order)
        if isinstance(birth, int):
            return birth
        host, order, configuration = birth.host, birth.order, birth.configuration
    return _serve(host, order, configuration)


def _serve(host: OwnHost, order: Order, configuration: Configuration | None) -> int:
    reactor = install_reactor()
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from mwproxy.worker.service import WorkerService

    service = WorkerService(reactor, host)
    log_problems(host.speaker)
    install_signals(reactor, service, host)
    statuses: list[int] = []

    def end(status: int) -> None:
        if status or not statuses:
            statuses.insert(0, status)
        reactor.callWhenRunning(reactor.stop)

    async def begin() -> None:
        status = await service.load(order, configuration)
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
    from mwproxy.worker.binding import all_binds
    from mwproxy.worker.startup import StartFailed, read_configuration

    master = settings.master or found.global_.master_worker
    host = Surroundings()
    host.owns_environment = False
    host.call_program(settings.argv0)
    host.speaker.quiet = speaker.quiet
    order = Order(
        found.files,
        options=found.settings.worker_options(),
        environment=predefine(initial, master=master),
        processes=found.global_.nbproc if master or found.settings.daemon else 1,
    )
    try:
        configuration, diagnostics = read_configuration(order, host)  # type: ignore[arg-type]  # nothing is bound, nothing is reported
    except StartFailed as failure:
        return failure.status
    problems = [each for each in map(_tls_problem, configuration.global_.stats_sockets) if each]
    for problem in problems:
        speaker.alert(f"config : 'stats socket' : {problem}")
    if problems:
        return 1
    if not any(True for _ in all_binds(configuration)):
        _tell(
            speaker, "Configuration file has no error but will not start (no listener) => exit(2)."
        )
        return 2
    if diagnostics.warnings:
        _tell(speaker, "Warnings were found.")
    _tell(speaker, "Configuration file is valid")
    return 0


def _tls_problem(bind: Bind) -> str:
    """
    Tell what is wrong with the TLS files of a console, empty if nothing is.
    """
    if console_settings(bind).tls is None:
        return ""
    from mwproxy.console.ports import tls_problem

    return tls_problem(bind)


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
        answer(text)
