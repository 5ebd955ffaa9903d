"""
C{mwproxy spoa module:agent}: runs an agent until it is told to stop.

Signals: USR1 and TERM have it leave gracefully, a second TERM or INT ends it at once; HUP calls
what wants to be reloaded; USR2 has it tell its counters; TTOU and TTIN, which proxies send, mean
nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
from typing import Any

from twisted.python.failure import Failure

from mwproxy.spoa.agent import Agent
from mwproxy.spoa.listen import (
    DEFAULT_ADDRESS,
    BadAddress,
    Listening,
    inherited_listening,
    open_listening,
)
from mwproxy.spoa.load import NoAgent, load_agent
from mwproxy.spoa.log import Log
from mwproxy.spoa.service import AgentService, call_each

#: Seconds that leaving may take.
DRAIN_SECONDS = 30.0


def parse_arguments(argv: list[str], target: bool = True) -> argparse.Namespace:
    """
    Read the command line.

    @param argv: The words behind C{spoa}.

    @param target: Whether the agent has to be named.

    @return: Its options.

    @raise SystemExit: It is wrong, or asks for help.
    """
    parser = argparse.ArgumentParser(prog="mwproxy spoa", description="Run an SPOE agent.")
    if target:
        parser.add_argument("agent", help="module:name or file.py:name; the name may be left out")
    parser.add_argument(
        "--listen",
        action="append",
        metavar="ADDRESS",
        help="host:port, unix@path or fd@N, repeatable; without it the sockets of LISTEN_FDS, or "
        + DEFAULT_ADDRESS,
    )
    parser.add_argument(
        "--max-in-flight", type=_count, metavar="N", help="NOTIFY frames in work at a time, 0: any"
    )
    parser.add_argument(
        "--max-frame-size", type=_size, metavar="BYTES", help="the longest frame, at least 256"
    )
    parser.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="of functions without their own, 0: any"
    )
    parser.add_argument(
        "--drain-timeout",
        type=_seconds,
        default=DRAIN_SECONDS,
        metavar="SECONDS",
        help="how long leaving may take before connections are cut, 0: any",
    )
    parser.add_argument("--stay", action="store_true", help="ignore USR1")
    parser.add_argument("--quiet", action="store_true", help="no notices")
    return parser.parse_args(argv)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is no number")
    return int(text)


def _size(text: str) -> int:
    if not 256 <= _count(text) < 2**31:
        raise argparse.ArgumentTypeError(f"'{text}' is not at least 256")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 2**31:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds")
    return value


#: Signals that mean something: leave, stop (twice: at once), the same, reload, tell the counters.
_OBEYED = (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)


class Runner:
    """
    An agent in a process of its own.

    @ivar status: What the process ends with.
    """

    def __init__(
        self, agent: Agent, reactor: Any, log: Log, drain_seconds: float, stay: bool
    ) -> None:
        self.service = AgentService(agent, reactor, log)
        self._agent = agent
        self._reactor = reactor
        self._log = log
        self._drain_ms = int(drain_seconds * 1000)
        self._stay = stay
        self._leaving = False
        self.status = 0

    def start(self, listening: list[Listening]) -> None:
        """
        Prepare the agent, then serve. Called when the reactor runs.

        @param listening: The sockets; whoever connects meanwhile waits in the backlog.
        """
        self._obey_signals()

        def ready(_: object) -> None:
            if self._leaving:
                return
            self.service.listen(listening)
            names = ", ".join(each.name for each in listening)
            self._log.notice(f"{self._agent.name} is ready on {names}")
            notify("READY=1")

        call_each(self._agent.starting).addCallback(ready).addErrback(self._not_ready)

    def leave(self) -> None:
        """
        Finish what is in work and end.
        """
        if self._leaving:
            return
        self._leaving = True
        notify("STOPPING=1")
        self._log.notice(f"{self._agent.name} leaves, {self.service.counters.open} connections")
        done = self.service.leave(self._drain_ms)
        done.addCallback(lambda _: call_each(self._agent.stopping, self._complain))
        done.addErrback(self._complain)
        done.addBoth(lambda _: self._end())

    def stop(self) -> None:
        """
        Leave, or end at once when that was asked for before.
        """
        if self._leaving:
            self.service.abort()
            self._end()
        else:
            self.leave()

    def reload(self) -> None:
        """
        Call what wants to be reloaded.
        """
        call_each(self._agent.reloading, self._complain)

    def tell(self) -> None:
        """
        Log the counters.
        """
        self._log.notice(f"{self._agent.name}: {self.service.counters.line()}")

    def _not_ready(self, failure: Failure) -> None:
        self.status = 1
        self._log.alert(f"{self._agent.name} cannot start: {failure.getErrorMessage()}")
        self._log.write(failure.getTraceback())
        self._reactor.stop()

    def _end(self) -> None:
        if self._reactor.running:
            self.tell()
            self._reactor.stop()

    def _complain(self, failure: Failure) -> None:
        self._log.complain("hook", f"{self._agent.name}: {failure.getErrorMessage()}", failure)

    def _obey_signals(self) -> None:
        does = (self.leave, self.stop, self.stop, self.reload, self.tell)
        calls = dict(zip(_OBEYED, does, strict=True))

        def obey(signum: int, frame: object) -> None:
            self._reactor.callFromThread(calls[signal.Signals(signum)])

        for signum in calls:
            signal.signal(signum, obey)
        ignored = [signal.SIGTTOU, signal.SIGTTIN, signal.SIGPIPE]
        for signum in [*ignored, signal.SIGUSR1] if self._stay else ignored:
            signal.signal(signum, signal.SIG_IGN)


def notify(text: str) -> None:
    """
    Tell a service manager (sd_notify(3)), if there is one.

    @param text: Such as C{READY=1}.
    """
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(text.encode(), "\0" + path[1:] if path[0] == "@" else path)


def run_agent(agent: Agent, argv: list[str]) -> int:
    """
    Run an agent until it is told to stop.

    @param argv: Options of the command line.

    @return: The exit status.
    """
    return _run(agent, parse_arguments(argv, target=False))


def _run(agent: Agent, options: argparse.Namespace) -> int:
    from twisted.internet import reactor as installed

    reactor: Any = installed
    log = Log(_write, reactor.seconds, options.quiet)
    if options.max_in_flight is not None:
        agent.max_in_flight = options.max_in_flight
    if options.max_frame_size is not None:
        agent.max_frame_size = options.max_frame_size
    if options.timeout is not None:
        agent.timeout_ms = int(options.timeout * 1000)
    try:
        if options.listen:
            listening = [open_listening(text) for text in options.listen]
        else:
            listening = inherited_listening(os.environ, os.getpid())
            listening = listening or [open_listening(DEFAULT_ADDRESS)]
    except BadAddress as error:
        log.alert(str(error))
        return 1
    runner = Runner(agent, reactor, log, options.drain_timeout, options.stay)
    # Behind the reactor's own, which it installs when it starts.
    reactor.callWhenRunning(runner.start, listening)
    reactor.run()
    # The interpreter gives signals their usual meaning before it has ended: one more of those that
    # a reload sends would make a failure of it.
    for signum in _OBEYED:
        signal.signal(signum, signal.SIG_IGN)
    return runner.status


def _write(text: str) -> None:
    # Who reads our standard error may be gone.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def main(argv: list[str]) -> int:
    """
    Run the agent that a command line names.

    @param argv: The words behind C{spoa}.

    @return: The exit status: 0 when it was told to stop, 1 when it cannot run, 2 when the command
        line is wrong.
    """
    try:
        options = parse_arguments(argv)
    except SystemExit as asked:
        return asked.code if isinstance(asked.code, int) else 1
    try:
        agent = load_agent(options.agent)
    except NoAgent as error:
        sys.stderr.write(f"[ALERT]    ({os.getpid()}) : {error}\n")
        return 1
    return _run(agent, options)
