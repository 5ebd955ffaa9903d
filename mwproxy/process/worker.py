"""
One worker process: its pid, its control channel, its life.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from signal import SIGINT, SIGKILL, SIGTERM, SIGUSR1
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from mwproxy.core.levels import Level
from mwproxy.process.channel import MasterChannel
from mwproxy.process.child import LifeCore, Phase, life_machine, resume_life
from mwproxy.process.early import EarlyWorker
from mwproxy.process.ending import Ending
from mwproxy.process.inheritance import WorkerFacts
from mwproxy.process.ipc import CHANNEL_VERSION
from mwproxy.process.nursery import Nursery
from mwproxy.process.sockets import ListenerSpec, inherited_socket
from mwproxy.process.system import System

#: How long the last words of a dead worker may take, in seconds: a process that it started may
#: hold the channel open.
LAST_WORDS = 0.5
#: How long a worker may take to note its successor, in seconds, before it is told to leave anyhow.
HANDOVER_PATIENCE = 2.0
#: How long a worker whose channel broke may take to end by itself, in seconds: it cannot be told
#: anything any more.
HUNG_UP_PATIENCE = 5.0
#: What an inherited worker has as it was.
_CARRIED = (
    "pid",
    "generation",
    "relative",
    "reload_count",
    "successes",
    "started",
    "loaded_at",
    "version",
    "figures",
    "over_limit",
)


class WorkerOwner(Protocol):
    """
    Who is told about workers.
    """

    def worker_up(self, worker: WorkerProcess) -> None:
        """
        It waits for a configuration, or has begun to load the one it was given.
        """

    def worker_ready(self, worker: WorkerProcess, facts: dict[str, Any]) -> None:
        """
        It serves.
        """

    def worker_paused(self, worker: WorkerProcess, paused: bool) -> None:
        """
        It was told to pause, or to resume, by whomever.
        """

    def worker_message(self, worker: WorkerProcess, text: str) -> None:
        """
        It printed a line.
        """

    def worker_figures(self, worker: WorkerProcess) -> None:
        """
        Its C{figures} changed.
        """

    def worker_needs(self, worker: WorkerProcess, spec: ListenerSpec) -> int:
        """
        It needs a listening socket.

        @raise CannotBind: It cannot be had.
        """

    def worker_gone(self, worker: WorkerProcess, status: int) -> None:
        """
        It exited, and has said its last.
        """


class WorkerProcess:
    """
    A worker and what its master knows about it.

    @ivar generation: What it serves or loads, 0 for none yet.

    @ivar relative: Number among the workers of its generation, from 1.

    @ivar started: Monotonic time of its start.

    @ivar loaded_at: Monotonic time when it was given its configuration.

    @ivar reload_count: The master's count of reloads when it was given its configuration.

    @ivar figures: The latest that it reported.

    @ivar over_limit: The limit of reloads for which it was terminated, L{None} if it was not.

    @ivar successes: How many configurations had been served, this one included.

    @ivar ended_as: Where it was in its life when it died.

    @ivar up_at: Monotonic time when it said hello, L{None} before.

    @ivar began_at: Monotonic time when it took note of its configuration, L{None} before: what
        happens to it since may be due to that.

    @ivar speaks: False if it uses another version of the channel than we do.
    """

    def __init__(self, system: System, owner: WorkerOwner) -> None:
        self.pid = 0
        self.generation = 0
        self.relative = 1
        self.reload_count = 0
        self.successes = 0
        self.started = self.loaded_at = system.monotonic()
        self.version = ""
        self.fingerprint: object = None
        self.figures: dict[str, Any] = {}
        self.over_limit: int | None = None
        self.speaks = True
        self.up_at: float | None = None
        self.began_at: float | None = None
        self.ended_as = Phase.BOOTING
        self.channel = MasterChannel(self, system.call_later, system.monotonic)
        self._system = system
        self._owner = owner
        self._order: dict[str, Any] = {}
        self._contents: Mapping[str, bytes] = {}
        self._status: int | None = None
        self._closed = False
        self._nice = False
        self._grace: Any = None
        self._successor: WorkerProcess | None = None
        self._parting: Deferred[None] = succeed(None)
        self._life = life_machine(LifeCore(self._act, self._send_order))
        self._channel_version = CHANNEL_VERSION

    def facts(self) -> WorkerFacts:
        """
        Note all that a successor of ours must know of it.
        """
        channel = self.channel.suspend()
        channel.version = self._channel_version
        return WorkerFacts(
            self.pid,
            channel,
            leaving=self.phase is Phase.LEAVING,
            status=self._status,
            generation=self.generation,
            relative=self.relative,
            reload_count=self.reload_count,
            successes=self.successes,
            started=self.started,
            loaded_at=self.loaded_at,
            version=self.version,
            figures=self.figures,
            over_limit=self.over_limit,
        )

    def inherit(self, facts: WorkerFacts) -> None:
        """
        Be the worker that a predecessor of ours had. What has happened to it meanwhile is told
        later.
        """
        for name in _CARRIED:
            setattr(self, name, getattr(facts, name))
        self.began_at = self.loaded_at
        self._channel_version = facts.channel.version
        self.speaks = facts.channel.version == CHANNEL_VERSION
        self._life = resume_life(LifeCore(self._act, self._send_order), leaving=facts.leaving)
        status = facts.status
        if status is None:
            self._system.expect_exit(self.pid, self.exited)
        else:
            self._system.call_later(0, lambda: self.exited(status))
        sock = inherited_socket(facts.channel.fd)
        if sock is None:
            self.channel_closed()
            return
        self._system.adopt(sock, self.channel)
        self.channel.resume(facts.channel)

    @property
    def phase(self) -> Phase:
        """
        Where it is in its life.
        """
        return self._life.phase()

    def start(self, argv: list[str], environment: dict[str, str], *, background: bool) -> None:
        """
        Start the process.

        @param background: It yields to others until it is needed.

        @raise OSError: The system refuses.
        """
        ours, theirs = self._system.socketpair()
        try:
            self.pid = self._system.spawn(
                Ending(self.exited), argv, environment, {0: 0, 1: 1, 2: 2, 3: theirs.fileno()}
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._nice = background and self._system.make_nice(self.pid)
        self._system.adopt(ours, self.channel)

    def take(self, early: EarlyWorker, sock: socket.socket) -> None:
        """
        Be a worker that was started before.

        @param sock: Our end of its control channel; closed here, as the reactor duplicates it.
        """
        self.pid = early.pid
        self._system.adopt(sock, self.channel)
        self._system.watch_exit(self.pid, self.exited)

    def hatch(self, nursery: Nursery) -> None:
        """
        Have the nursery make the process; its pid is known when it says hello.

        @raise OSError: The nursery is gone.
        """
        ours, theirs = self._system.socketpair()
        try:
            nursery.hatch(theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._system.adopt(ours, self.channel)

    def load(
        self,
        generation: int,
        relative: int,
        order: dict[str, Any],
        reload_count: int,
        contents: Mapping[str, bytes] | None = None,
    ) -> None:
        """
        Give it a configuration.

        @param contents: The texts of its files, L{None} to have it read them.
        """
        self.generation = generation
        self.relative = relative
        self.reload_count = reload_count
        self.loaded_at = self._system.monotonic()
        self._order = order
        self._contents = {} if contents is None else contents
        self.hurry()
        self._life.load()

    def hurry(self) -> None:
        """
        Yield to others no longer.
        """
        if self._nice:
            self._nice = False
            self._system.reset_nice(self.pid)

    def leave(self, successor: WorkerProcess | None = None) -> Deferred[None]:
        """
        Ask it to finish what it does.

        @param successor: Takes its idle connections; L{None} when they have nowhere to go.

        @return: Fires when it is known to accept no more clients, or when that takes too long.
        """
        self._successor = successor
        self._parting = succeed(None)
        self._life.leave()
        return self._parting

    def _act(self, signum: int) -> None:
        """
        Signal it. A soft stop is said on the channel, together with the way to its successor; the
        signal is for a worker that does not answer there.
        """
        successor, self._successor = self._successor, None
        if signum != SIGUSR1 or successor is None or not (self.speaks and successor.speaks):
            self.signal(signum)
            return
        try:
            known = self.channel.hand_over(successor.channel)
        except (LookupError, OSError):
            self.signal(signum)
            return
        late = self._system.call_later(HANDOVER_PATIENCE, known.cancel)
        parting: Deferred[None] = Deferred()
        self._parting = parting

        def settle(result: object) -> None:
            if late.active():
                late.cancel()
            if isinstance(result, Failure):
                self.signal(signum)
            parting.callback(None)

        known.addBoth(settle)

    def terminate(self) -> None:
        """
        Have it go now.
        """
        self._life.terminate()

    def signal(self, signum: int) -> None:
        """
        Signal it, unless it is gone. One whose pid is not known yet is hung up on, which ends it;
        one that is stopped (SIGSTOP) goes on, to hear that it shall end.
        """
        if self._status is not None:
            return
        if self.pid:
            self._system.kill(self.pid, signum)
            if signum in (SIGTERM, SIGINT):
                self._system.wake(self.pid)
        elif signum in (SIGTERM, SIGKILL, SIGINT, SIGUSR1):
            self.channel.hang_up()

    def open_console(self, level: Level, mode: str, who: str = "") -> socket.socket:
        """
        Open a console session in it.

        @raise LookupError: It hung up, or speaks another version of the channel.
        """
        if not self.speaks:
            raise LookupError("it is of another version")
        return self.channel.open_console(level, mode, who)

    def channel_fds(self) -> tuple[int, int]:
        """
        Tell the descriptors of the channel, -1 for closed; the worker's end is never open here.
        """
        transport = self.channel.transport
        if transport is None or self._closed:
            return (-1, -1)
        return (int(transport.fileno()), -1)

    def _send_order(self) -> None:
        understood = self.channel.load(self.generation, self.relative, self._order, self._contents)
        self._contents = {}
        understood.addCallback(self._note_beginning)

    def _note_beginning(self, answer: object) -> None:
        if answer is not None:
            self.began_at = self._system.monotonic()

    def said_hello(self, version: int, software: str, pid: int) -> None:
        """
        See L{WorkerEvents<mwproxy.process.channel.WorkerEvents>}; so for all that follow.
        """
        self.version = software
        self.up_at = self._system.monotonic()
        if not self.pid:
            self.pid = pid
            self._system.watch_exit(pid, self.exited)
        self._channel_version = version
        self.speaks = version == CHANNEL_VERSION
        self.hurry()
        if self.speaks:
            self._life.said_hello()
        else:
            self.terminate()
        self._owner.worker_up(self)

    def said_status(self, status: str, facts: dict[str, Any]) -> None:
        """
        Note C{READY}, C{PAUSED}, C{RESUMED}; a failure shows in the exit that follows.
        """
        if status == "READY" and self.phase is Phase.STARTING:
            self._life.said_ready()
            self._owner.worker_ready(self, facts)
        elif status in ("PAUSED", "RESUMED"):
            self._owner.worker_paused(self, status == "PAUSED")

    def said_message(self, text: str) -> None:
        """
        Pass it on.
        """
        self._owner.worker_message(self, text)

    def said_figures(self, figures: dict[str, Any]) -> None:
        """
        Keep them.
        """
        self.figures = figures
        self._owner.worker_figures(self)

    def needs_listener(self, spec: ListenerSpec) -> int:
        """
        Pass it on.
        """
        return self._owner.worker_needs(self, spec)

    def channel_closed(self) -> None:
        """
        Note that it has said its last.
        """
        self._closed = True
        if not self.pid:
            # It died before it could say who it was; its remains are an orphan's.
            self._status = 1
        if self._status is None:
            self._grace = self._system.call_later(HUNG_UP_PATIENCE, lambda: self.signal(SIGKILL))
        self._maybe_gone()

    def exited(self, status: int) -> None:
        """
        Note that the process ended.
        """
        self._status = status
        if self._grace is not None and self._grace.active():
            self._grace.cancel()
        if not self._closed:
            self._grace = self._system.call_later(LAST_WORDS, self.channel.hang_up)
        self._maybe_gone()

    def _maybe_gone(self) -> None:
        if self._closed and self._status is not None and self.phase is not Phase.DEAD:
            if self._grace is not None and self._grace.active():
                self._grace.cancel()
            self.ended_as = self.phase
            self._life.died()
            self._owner.worker_gone(self, self._status)
