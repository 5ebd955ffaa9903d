"""
What every worker process does around its service: signals, messages, the end.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mwproxy.config.model import Global
from mwproxy.process.messages import Speaker, write_stderr
from mwproxy.process.privileges import CannotDrop, drop_privileges
from mwproxy.process.system import open_null
from mwproxy.worker.last_words import memory_use, server_states

if TYPE_CHECKING:
    from mwproxy.worker.service import WorkerService


#: How much must have been allocated before cycles are looked for, by generation.
COLLECT_AFTER = (50_000, 20, 50)
#: Signals that a worker does something about.
_HANDLED = (signal.SIGUSR1, signal.SIGTTOU, signal.SIGTTIN, signal.SIGHUP, signal.SIGQUIT)


class Surroundings:
    """
    The part of a L{Host<mwproxy.worker.host.Host>} that does not depend on who runs the worker.

    @ivar speaker: Prints messages.

    @ivar startup_log: What was said before READY.
    """

    owns_environment = True

    def __init__(self, keep: Callable[[str], None] | None = None) -> None:
        """
        @param keep: Gets each message said before READY.
        """
        self.startup_log: list[str] = []
        self.speaker = Speaker("mwproxy", keep=self._keep)
        self.program = "mwproxy"
        self.ready = False
        self._also_keep = keep

    def call_program(self, argv0: str) -> None:
        """
        Set the program's name for messages.
        """
        self.program = argv0
        self.speaker.program = argv0

    def say(self, text: str) -> None:
        """
        Print a message; it belongs to the start-up log until READY.
        """
        self.speaker.line(text)

    def drop_privileges(self, settings: Global) -> None:
        """
        Give up rights.

        @raise StartFailed: That failed; it was said.
        """
        from mwproxy.worker.startup import StartFailed

        if settings.chroot:
            open_null()
            # The console may be told to set certificates.
            import mwproxy.console.certificate_text  # noqa: F401
        try:
            drop_privileges(settings, self.program, self.speaker.warning)
        except CannotDrop as error:
            self.speaker.alert(str(error))
            raise StartFailed(1) from None

    def leave(self, service: WorkerService) -> None:
        """
        Have the worker begin its soft stop: it was signaled to.
        """
        service.leave()

    def settle(self) -> None:
        """
        Leave the start-up state, which L{run_until} began. What was loaded need not be looked at
        for cycles any more: that takes tens of milliseconds with ten thousand servers. The data
        plane frees its objects by reference counts; what cycles there are can wait.
        """
        if not gc.isenabled():
            gc.freeze()
            gc.set_threshold(*COLLECT_AFTER)
            gc.enable()
        self.ready = True
        self.speaker.leave_startup()

    def _keep(self, line: str) -> None:
        if not self.ready:
            self.startup_log.append(line)
            if self._also_keep is not None:
                self._also_keep(line)


def unblock_signals() -> None:
    """
    Receive all signals: blocked ones stay blocked in children.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def install_signals(reactor: Any, service: WorkerService, surroundings: Surroundings) -> None:
    """
    Give signals the meaning they have in HAProxy's workers. SIGTERM and SIGINT kill.

    @param reactor: Handlers run in its turn.
    """

    def pass_on(signum: int, function: Callable[[], object]) -> None:
        signal.signal(signum, lambda number, frame: reactor.callFromThread(function))

    def leave() -> None:
        surroundings.leave(service)

    def states() -> None:
        from mwproxy.console.stats_port import console_figures

        if service.state is not None:
            for text in server_states(service.state, console_figures(service.state)):
                surroundings.speaker.warning(text)

    def memory() -> None:
        for line in memory_use():
            write_stderr(line)

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    meanings = (leave, service.pause, service.resume, states, memory)
    for signum, function in zip(_HANDLED, meanings, strict=True):
        pass_on(signum, function)


def install_reactor() -> Any:
    """
    Install the data plane's reactor, before anything imports another.

    @return: The reactor.
    """
    from mwproxy.net.reactor import install

    install()
    from twisted.internet import reactor

    return reactor


def run_until(reactor: Any, statuses: list[int]) -> int:
    """
    Run the reactor until it is stopped.

    @param statuses: The first is the exit status, 0 if there is none.

    @return: The exit status.
    """
    # Nearly all that loading makes stays: looking for cycles in it is in vain, see settle().
    gc.disable()
    reactor.run(installSignalHandlers=False)
    # The interpreter gives handled signals their default back while it ends: a late one would kill.
    # Ignoring them is not enough: one that has come and was not handled yet is complained about.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    sys.stdout.flush()
    sys.stderr.flush()
    return statuses[0] if statuses else 0


def end_now(status: int) -> None:
    """
    End this process at once: nothing is left to do that could not be lost.
    """
    os._exit(status)
