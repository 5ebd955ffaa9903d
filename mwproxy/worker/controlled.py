"""
A worker under a master: it waits on its control channel, becomes what it is told to, and ends when
the master does.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import asdict
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure

from mwproxy import __version__
from mwproxy.core.levels import parse_level
from mwproxy.core.references import noted_references
from mwproxy.process.contents import get_contents
from mwproxy.process.environment import initial_environment
from mwproxy.process.ipc import (
    CHANNEL_FD,
    CHANNEL_VERSION,
    Channel,
    Figures,
    HandOver,
    Hello,
    Leave,
    Load,
    Message,
    NeedListener,
    OpenConsole,
    Refused,
    SendStatus,
    TakeOver,
)
from mwproxy.process.messages import flush_stderr, let_go_of_terminal, log_problems, never_wait
from mwproxy.process.sockets import LOG, CannotBind, ListenerSpec
from mwproxy.worker.order import Order
from mwproxy.worker.run import Surroundings, end_now, install_signals, run_until
from mwproxy.worker.service import WorkerService

_log = Logger()
#: Longest text of one message on the channel: values end at 64 KiB.
LONGEST_TEXT = 16_000
#: Seconds that the master gets to take note of a failure.
LAST_WORDS = 2.0
#: Figures are told at most every so many reports, which come once a second.
REPORT_EVERY = 3


class ChannelHost(Surroundings):
    """
    The master, as a L{Host<mwproxy.worker.host.Host>}.
    """

    under_master = True

    def __init__(self, channel: WorkerChannel) -> None:
        super().__init__(self._tell_master)
        self._channel = channel
        self._figures: dict[str, Any] = {}
        self._reports = 0
        self.daemon = False

    async def get_listener(self, spec: ListenerSpec) -> int:
        """
        Ask the master for a listening socket.

        @return: A descriptor that the caller now owns.

        @raise CannotBind: With the text that operators see.
        """
        try:
            answer = await self._channel.callRemote(NeedListener, spec=asdict(spec))
        except Refused as error:
            raise CannotBind(str(error)) from None
        fd = int(answer["fd"])
        if fd < 0:
            raise CannotBind(f"cannot receive a socket ({os.strerror(errno.EMFILE)})")
        os.set_inheritable(fd, False)
        if spec.family != LOG:
            # What is logged to belongs to others too, who may not expect that.
            os.set_blocking(fd, False)
        return fd

    def say_ready(self, facts: dict[str, Any]) -> None:
        """
        Tell the master; a daemon lets go of the terminal as soon as the master knows.
        """
        self.settle()
        never_wait()
        references = noted_references()
        if references:
            facts = {**facts, "references": references}
        told = self._channel.tell(SendStatus, status="READY", facts=facts)
        if self.daemon:
            told.addCallback(lambda answer: self._let_go())

    def say_paused(self, paused: bool) -> None:
        """
        Tell the master: whoever takes this worker's place has to be paused too.
        """
        self._channel.tell(SendStatus, status="PAUSED" if paused else "RESUMED", facts={})

    def report(self, figures: dict[str, Any]) -> None:
        """
        Tell figures when they changed, not more often than every few reports.
        """
        flush_stderr()
        self._reports += 1
        if figures != self._figures and self._reports % REPORT_EVERY == 0:
            self._figures = figures
            self._channel.tell(Figures, figures=figures)

    def _let_go(self) -> None:
        self.speaker.quiet = True
        let_go_of_terminal()

    def _tell_master(self, line: str) -> None:
        for start in range(0, len(line), LONGEST_TEXT):
            self._channel.tell(Message, text=line[start : start + LONGEST_TEXT])


class WorkerChannel(Channel):
    """
    The worker's end of the control channel.

    @ivar statuses: The exit status once it is known.
    """

    def __init__(self, reactor: Any) -> None:
        super().__init__()
        self._reactor = reactor
        self._ending = False
        self.host = ChannelHost(self)
        self.service = WorkerService(reactor, self.host)
        self.statuses: list[int] = []
        self.service.finished.addCallback(self._end)

    def tell(self, command: type[amp.Command], **arguments: Any) -> Deferred[Any]:
        """
        Tell the master something whose answer says nothing.
        """
        told: Deferred[Any] = self.callRemote(command, **arguments)
        told.addErrback(lambda failure: None)
        return told

    def connectionMade(self) -> None:
        """
        Say hello.
        """
        super().connectionMade()
        self.tell(Hello, version=CHANNEL_VERSION, software=__version__, pid=os.getpid())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The master is gone: so are we.
        """
        if not self._ending:
            end_now(1)
        super().connectionLost(reason)

    @Load.responder
    def _load(
        self, generation: int, process: int, order: dict[str, Any], contents: int | None
    ) -> dict[str, Any]:
        known = {name: value for name, value in order.items() if name in Order.__slots__}
        changes = known.pop("environment", {})
        environment = {**initial_environment(os.environ), **changes}
        texts = {}
        if contents is not None and contents >= 0:
            try:
                texts = get_contents(contents)
            finally:
                os.close(contents)
        become = Order(**known, environment=environment, contents=texts)
        # A turn for the answer to leave: a master that did not get it knows that we never began.
        later = self._reactor.callLater
        later(0, later, 0, self._begin, become)
        return {}

    def _begin(self, order: Order) -> None:
        Deferred.fromCoroutine(self._become(order)).addErrback(self._broken)

    async def _become(self, order: Order) -> None:
        host = self.host
        host.call_program(order.options.get("argv0", "mwproxy"))
        host.daemon = bool(order.options.get("daemon") or order.options.get("quiet"))
        host.speaker.quiet = bool(order.options.get("quiet"))
        if order.generation > 1:
            # Traffic and the next reload wait for the end of this one.
            never_wait()
        status = await self.service.load(order)
        if status:
            self._fail(status)
        elif self.service.state is not None:
            self.service.state.startup_messages[:] = host.startup_log

    def _broken(self, failure: Failure) -> None:
        if self._ending:
            # It was told to end meanwhile; what it waited for fails for that.
            return
        # The rim of everything that loads: a fault in our own code is a failed load.
        _log.failure("a configuration could not be loaded", failure)
        self.host.speaker.alert(
            f"Internal error while loading the configuration: {failure.getErrorMessage()} "
            f"({type(failure.value).__name__})"
        )
        self._fail(1)

    def _fail(self, status: int) -> None:
        told = self.tell(SendStatus, status="FAILED", facts={"status": status})
        told.addTimeout(LAST_WORDS, self._reactor)
        told.addBoth(lambda result: self._end(status))

    @Leave.responder
    def _leave(self) -> dict[str, Any]:
        self.service.leave()
        return {}

    @HandOver.responder
    def _hand_over(self, fd: int) -> dict[str, Any]:
        # Without a descriptor left idle connections are closed.
        if fd >= 0:
            os.set_inheritable(fd, False)
            self.service.hand_over(socket.socket(fileno=fd))
        self.service.leave()
        return {}

    @TakeOver.responder
    def _take_over(self, fd: int) -> dict[str, Any]:
        if fd < 0:
            return {}
        os.set_inheritable(fd, False)
        self.service.take_over(socket.socket(fileno=fd))
        return {}

    @OpenConsole.responder
    def _open_console(
        self, fd: int, level: str, mode: str, who: str | None = None
    ) -> dict[str, Any]:
        if fd < 0:
            _log.warn("out of descriptors: a console command cannot be served")
            return {}
        os.set_inheritable(fd, False)
        sock = socket.socket(fileno=fd)
        sock.setblocking(False)
        self.service.serve_console(sock, parse_level(level), mode, who or "")
        return {}

    def _end(self, status: int) -> None:
        self.statuses.append(status)
        if not self._ending:
            self._ending = True
            self._reactor.callWhenRunning(self._reactor.stop)


class _Factory:
    """
    The factory that C{adoptStreamConnection} wants.
    """

    noisy = False

    def __init__(self, channel: WorkerChannel) -> None:
        self._channel = channel

    def doStart(self) -> None:
        """
        Nothing to do.
        """

    def doStop(self) -> None:
        """
        Nothing to do.
        """

    def buildProtocol(self, address: Any) -> WorkerChannel:
        """
        Give the channel.
        """
        return self._channel


def run_controlled(reactor: Any) -> int:
    """
    Be a worker, to the end.

    @return: The exit status.
    """
    channel = WorkerChannel(reactor)
    log_problems(channel.host.speaker)
    install_signals(reactor, channel.service, channel.host)
    os.set_inheritable(CHANNEL_FD, False)
    reactor.adoptStreamConnection(CHANNEL_FD, socket.AF_UNIX, _Factory(channel))
    os.close(CHANNEL_FD)
    status = run_until(reactor, channel.statuses)
    flush_stderr(at_end=True)
    return status
