"""
A system in memory: it records what is started and signaled, and lets a test play the children.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import amp
from twisted.python.failure import Failure

from mwproxy.process.contents import get_contents
from mwproxy.process.ipc import CHANNEL_VERSION
from mwproxy.process.reserve import Reserve
from mwproxy.process.system import System


class MemoryTransport(StringTransport):
    """
    The transport of a control channel.

    @ivar contents: The texts that were sent last.
    """

    contents: dict[str, bytes] | None = None

    def sendFileDescriptor(self, fd: int) -> None:
        self.contents = get_contents(fd)

    def abortConnection(self) -> None:
        self.loseConnection()

    def fileno(self) -> int:
        return 9


class MemoryProcess:
    """
    A child as a test plays it.

    @ivar signals: What it was sent.
    """

    def __init__(
        self, pid: int, protocol: Any, argv: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self.pid = pid
        self.protocol = protocol
        self.argv = list(argv)
        self.environment = dict(environment)
        self.signals: list[int] = []
        self.channel: Any = None
        self.alive = True
        #: Told of the end of an inherited child.
        self.exited: Callable[[int], None] | None = None

    @property
    def is_worker(self) -> bool:
        return self.channel is not None

    def orders(self) -> list[dict[str, Any]]:
        """
        List the configurations that it was given.
        """
        boxes = amp.parseString(self.channel.transport.value())
        return [
            {key.decode(): value for key, value in box.items()}
            for box in boxes
            if box[b"_command"] == b"Load"
        ]

    def hello(self, version: int = CHANNEL_VERSION) -> None:
        self.channel.events.said_hello(version, "0.1.0", self.pid)

    def begin(self) -> None:
        """
        Acknowledge the configuration.
        """
        boxes = amp.parseString(self.channel.transport.value())
        (asked,) = (box for box in boxes if box[b"_command"] == b"Load")
        self.channel.dataReceived(amp.Box({b"_answer": asked[b"_ask"]}).serialize())

    def ready(self) -> None:
        self.channel.events.said_status("READY", {})

    def say(self, line: str) -> None:
        self.channel.events.said_message(line)

    def exit(self, status: int) -> None:
        """
        End, with a status as a shell tells it.
        """
        self.alive = False
        if self.channel is not None:
            self.channel.events.channel_closed()
        if self.exited is not None:
            self.exited(status)
            return
        signum = status - 128 if status > 128 else None
        reason = (
            ProcessTerminated(None if signum else status, signum, status)
            if status
            else ProcessDone(0)
        )
        self.protocol.processExited(Failure(reason))


class MemorySystem(System):
    """
    The system that tests give.

    @ivar children: All that was started, in order.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__(self.clock)
        self.children: list[MemoryProcess] = []
        self.foreign: list[tuple[int, int]] = []
        self.groups: set[int] = set()
        self.fails: OSError | None = None
        self.log: list[str] = []
        self.readers: list[Any] = []

    @property
    def pid(self) -> int:
        return 100

    def monotonic(self) -> float:
        return self.clock.seconds()

    def call_later(self, seconds: float, function: Callable[[], object]) -> Any:
        return self.clock.callLater(seconds, function)

    def kill(self, pid: int, signum: int) -> bool:
        for child in self.children:
            if child.pid == pid and child.alive:
                child.signals.append(signum)
                return True
        self.foreign.append((pid, signum))
        return False

    def watch(self, reader: Any) -> None:
        self.readers.append(reader)

    def unwatch(self, reader: Any) -> None:
        if reader in self.readers:
            self.readers.remove(reader)

    def take_limits(self, memory_mb: int) -> None:
        self.log.append(f"limits {memory_mb}")

    def keep_loaded(self) -> None:
        self.log.append("keep loaded")

    def wake(self, pid: int) -> None:
        self.log.append(f"wake {pid}")

    def kill_group(self, group: int, signum: int) -> bool:
        if group in self.groups:
            self.log.append(f"group {group} {signum}")
            return True
        return False

    def spawn(
        self,
        protocol: Any,
        argv: Sequence[str],
        environment: Mapping[str, str],
        fds: Mapping[int, int],
        directory: str | None = None,
    ) -> int:
        if self.fails is not None:
            raise self.fails
        child = MemoryProcess(101 + len(self.children), protocol, argv, environment)
        self.children.append(child)
        return child.pid

    def adopt(self, sock: Any, protocol: Any) -> None:
        sock.close()
        child = self.children[-1]
        child.channel = protocol
        protocol.makeConnection(MemoryTransport())

    def expect_exit(self, pid: int, exited: Callable[[int], None]) -> None:
        child = MemoryProcess(pid, None, [], {})
        child.exited = exited
        self.children.append(child)

    def look_for_exits(self) -> None:
        self.log.append("look")

    def reserve(self) -> Reserve:
        return Reserve(0)

    def become_subreaper(self) -> bool:
        return False

    def reap_orphans(self) -> list[tuple[int, int]]:
        return []

    def make_nice(self, pid: int) -> bool:
        self.log.append(f"nice {pid}")
        return True

    def reset_nice(self, pid: int) -> None:
        self.log.append(f"reset {pid}")

    def workers(self) -> list[MemoryProcess]:
        return [child for child in self.children if child.is_worker]

    def programs(self) -> list[MemoryProcess]:
        return [child for child in self.children if any("launch" in word for word in child.argv)]
