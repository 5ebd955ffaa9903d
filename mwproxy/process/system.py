"""
The one seam to the system: processes, signals, clocks, environment.

Everything that starts, signals or reaps a process goes through a L{System}; tests give a
C{MemorySystem}. Nothing here decides anything.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import re
import resource
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mwproxy.process.adopt import (
    become_subreaper,
    expect_exit,
    look_for_exits,
    reap_orphans,
    watch_exit,
)
from mwproxy.process.limits import (
    limit_memory,
    memory_for_children,
    raise_master_descriptors,
)
from mwproxy.process.reserve import Reserve

if TYPE_CHECKING:
    from mwproxy.process.reexec import Origin

CAP_SYS_NICE = 23
#: C{/dev/null}, opened in advance; -1 when it is not.
_null = -1
#: How much nicer a worker is that only prepares for a later reload.
STANDBY_NICE = 10

#: After how many new objects the collector looks at these, after how many such looks at somewhat
#: older ones, after how many of those at all: all together some four thousand.
COLLECT_OFTEN = (500, 3, 1)


class System:
    """
    The real system.
    """

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: Spawns, adopts and keeps time.
        """
        self.reactor = reactor
        self._signals: frozenset[int] = frozenset()
        self._caught: deque[tuple[int, Callable[[int], None]]] = deque()

    @property
    def pid(self) -> int:
        """
        This process, whatever forked meanwhile.
        """
        return os.getpid()

    def environment(self) -> dict[str, str]:
        """
        Copy the environment.
        """
        return dict(os.environ)

    def wall_clock(self) -> float:
        """
        Tell the time since the epoch in seconds.
        """
        return time.time()

    def monotonic(self) -> float:
        """
        Tell C{CLOCK_MONOTONIC} in seconds.
        """
        return time.monotonic()

    def call_later(self, seconds: float, function: Callable[[], object]) -> Any:
        """
        Call a function later.

        @return: Twisted's C{IDelayedCall}.
        """
        return self.reactor.callLater(seconds, function)

    def watch(self, reader: Any) -> None:
        """
        Have a descriptor read when there is something.

        @param reader: Twisted's C{IReadDescriptor}.
        """
        self.reactor.addReader(reader)

    def unwatch(self, reader: Any) -> None:
        """
        Undo L{watch}; harmless where that was not done.
        """
        self.reactor.removeReader(reader)

    def kill(self, pid: int, signum: int) -> bool:
        """
        Signal a process.

        @return: False when there is no such process, or it is not ours to signal.
        """
        try:
            os.kill(pid, signum)  # noqa: TID251  # this is the seam
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def wake(self, pid: int) -> None:
        """
        Let a stopped process go on, so that it finds the signal that it was sent.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGCONT)  # noqa: TID251  # this is the seam

    def kill_group(self, group: int, signum: int) -> bool:
        """
        Signal a process group; 0 only asks whether it has members.

        @return: False when it has none.
        """
        try:
            os.killpg(group, signum)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def take_limits(self, memory_mb: int) -> None:
        """
        Make room for many listening sockets, and limit the memory of this process alone.

        @param memory_mb: Megabytes of address space, 0 for no limit.

        @raise TooLittle: It has more already, or too few descriptors to start anything.
        """
        raise_master_descriptors()
        limit_memory(memory_mb)

    def keep_loaded(self) -> None:
        """
        Have the collector of cycles leave alone what exists now: modules and what else stays. To
        look at all the rest is cheap then, and done often, so what each reload leaves behind is
        soon gone.
        """
        gc.freeze()
        gc.enable()
        # It waits until what it knows has grown by a quarter: of nothing, from now on.
        gc.collect()
        gc.set_threshold(*COLLECT_OFTEN)

    def spawn(
        self,
        protocol: Any,
        argv: Sequence[str],
        environment: Mapping[str, str],
        fds: Mapping[int, int],
        directory: str | None = None,
    ) -> int:
        """
        Start a process.

        @param protocol: Twisted's C{ProcessProtocol}, told when it exits.

        @param fds: Our descriptors by the numbers that the process shall see.

        @param directory: Where it runs, L{None} for where we are.

        @return: Its pid.

        @raise OSError: The system refuses.
        """
        command = (protocol, argv[0], list(argv), dict(environment))
        with memory_for_children():
            try:
                transport = self.reactor.spawnProcess(*command, directory, childFDs=dict(fds))
            except OSError as error:
                if error.errno != errno.EBADF:
                    raise
                # posix_spawn() does not close what is above the limit of descriptors, and a
                # descriptor that we were passed may be. With another directory Twisted forks;
                # this is the same by another name.
                here = "/proc/self/cwd"
                transport = self.reactor.spawnProcess(*command, here, childFDs=dict(fds))
        return int(transport.pid)

    def socketpair(self) -> tuple[socket.socket, socket.socket]:
        """
        Make two connected, non-blocking UNIX stream sockets.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        theirs.setblocking(False)
        return ours, theirs

    def adopt(self, sock: socket.socket, protocol: Any) -> None:
        """
        Give a connected UNIX socket to the reactor.

        @param sock: Closed here, as the reactor duplicates it.

        @param protocol: What speaks on it.
        """
        factory = _OneProtocol(protocol)
        self.reactor.adoptStreamConnection(sock.fileno(), sock.family, factory)
        sock.close()

    def reserve(self) -> Reserve:
        """
        Hold descriptors back.
        """
        return Reserve()

    def become_subreaper(self) -> bool:
        """
        Become the parent of orphaned descendants.

        @return: Whether the system can do that.
        """
        return become_subreaper()

    def watch_exit(self, pid: int, exited: Callable[[int], None]) -> None:
        """
        Have the end of a child told that we did not start ourselves.
        """
        watch_exit(pid, exited)

    def expect_exit(self, pid: int, exited: Callable[[int], None]) -> None:
        """
        Have the end of an inherited child told, not before the next L{look_for_exits}.
        """
        expect_exit(pid, exited)

    def look_for_exits(self) -> None:
        """
        Find out which known children ended already.
        """
        look_for_exits()

    def reap_orphans(self) -> list[tuple[int, int]]:
        """
        Reap children that nobody knows.

        @return: pid and status of each.
        """
        return reap_orphans()

    def make_nice(self, pid: int) -> bool:
        """
        Have a process yield to all others, if that can be undone.

        @return: Whether L{reset_nice} is due.
        """
        if not may_lower_nice():
            return False
        try:
            os.setpriority(os.PRIO_PROCESS, pid, STANDBY_NICE)
        except OSError:
            return False
        return True

    def reset_nice(self, pid: int) -> None:
        """
        Undo L{make_nice}.
        """
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0))

    def on_signals(self, handlers: Mapping[int, Callable[[int], None]]) -> None:
        """
        Handle signals in the reactor's turn, from when it runs: handlers that are set before are
        overridden by those of the reactor. All are unblocked then, whatever our parent had blocked:
        without SIGCHLD nobody would notice that a child ended.

        @param handlers: Functions of the signal's number.
        """

        def install() -> None:
            for signum, function in handlers.items():
                signal.signal(signum, self._enqueuer(function))
            self._signals |= handlers.keys()
            signal.pthread_sigmask(signal.SIG_SETMASK, [])

        self.reactor.callWhenRunning(install)

    def hold_signals(self) -> None:
        """
        Handle signals no more, as the process ends: the interpreter gives them their default back
        while it does, and a late one would kill.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)

    def ignore_signals(self, signals: Sequence[int]) -> None:
        """
        Ignore signals, from when the reactor runs. To be called before L{on_signals}, as they may
        have come while they were blocked.
        """

        def install() -> None:
            for signum in signals:
                signal.signal(signum, signal.SIG_IGN)

        self.reactor.callWhenRunning(install)

    def _enqueuer(self, function: Callable[[int], None]) -> Callable[[int, Any], None]:
        def handle(signum: int, frame: Any) -> None:
            self._caught.append((signum, function))
            self.reactor.callFromThread(self._deliver)

        return handle

    def _deliver(self) -> None:
        signum, function = self._caught.popleft()
        function(signum)

    def become_successor(
        self,
        origin: Origin,
        write: Callable[[list[int]], bytes],
        descriptors: Sequence[int],
    ) -> None:
        """
        Become what our command is now, in the same process. Signals that come meanwhile wait for
        the successor; returns only by an error, and everything is as before then.

        @param write: Writes what the successor needs; given the signals that were caught and not
            handled yet.

        @param descriptors: They stay open.

        @raise OSError: It cannot be executed.
        """
        # A master has that already; nobody else needs it.
        from mwproxy.process.reexec import replace

        # This calls the handlers of what has come until now.
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        try:
            replace(origin, write([signum for signum, _ in self._caught]), descriptors)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self._signals)


class _OneProtocol:
    """
    The factory that C{adoptStreamConnection} wants.
    """

    noisy = False

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def doStart(self) -> None:
        """
        Nothing to do.
        """

    def doStop(self) -> None:
        """
        Nothing to do.
        """

    def buildProtocol(self, address: Any) -> Any:
        """
        Give the protocol.
        """
        return self._protocol


def may_lower_nice() -> bool:
    """
    Tell whether this process may give a process its ordinary priority back.
    """
    # Root may well be without it: in containers, in hardened units.
    if may(CAP_SYS_NICE):
        return True
    wanted = 20 - os.getpriority(os.PRIO_PROCESS, 0)
    return resource.getrlimit(getattr(resource, "RLIMIT_NICE", 13))[0] >= wanted


def may(capability: int) -> bool:
    """
    Tell whether this process has a capability.

    @param capability: Its number in C{linux/capability.h}.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:
        return os.geteuid() == 0
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> capability & 1)


def exit_status(reason: Any) -> int:
    """
    Get a process's status as a shell sees it.

    @param reason: The C{Failure} that Twisted gives to C{processExited}.

    @return: The exit code, or 128 and the signal's number.
    """
    value = reason.value
    if value.signal is not None:
        return 128 + int(value.signal)
    return int(value.exitCode or 0)


def exit_text(status: int) -> str:
    """
    Name the way in which a process ended.

    @param status: From L{exit_status}.

    @return: C{Exit}, or the signal's name such as C{Killed}.
    """
    if status < 128:
        return "Exit"
    try:
        return signal.strsignal(status - 128) or f"Signal {status - 128}"
    except ValueError:
        return "Exit"


def fork() -> int:
    """
    Fork.

    @return: 0 in the child, else its pid.
    """
    return os.fork()  # noqa: TID251  # this is the seam


def fork_daemon(streams: Sequence[Any] = ()) -> tuple[int, int]:
    """
    Split into a launcher and a daemon that leads a new session.

    @param streams: Flushed before, so that nothing is written twice.

    @return: In the launcher the daemon's pid and the reading end of a pipe; in the daemon 0 and
        the writing end, whose first line tells the launcher that all is well.
    """
    for stream in (sys.stdout, sys.stderr, *streams):
        stream.flush()
    reading, writing = os.pipe()
    pid = fork()
    if pid:
        os.close(writing)
        return pid, reading
    os.close(reading)
    os.setsid()
    return 0, writing


def open_null() -> None:
    """
    Open C{/dev/null} for L{detach_stdio} while it can be reached: a C{chroot} may hide it.
    """
    global _null
    if _null < 0:
        _null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)


def detach_stdio() -> None:
    """
    Point standard input, output and error to C{/dev/null}.
    """
    global _null
    open_null()
    null, _null = _null, -1
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    if null > 2:
        os.close(null)
