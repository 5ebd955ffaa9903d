"""
Consoles on transports in memory.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from mwproxy.console.line_session import LineSession
from mwproxy.console.listener import MASTER_COMMANDS, WORKER_COMMANDS
from mwproxy.console.master_view import ProcessRow, ReloadResult
from mwproxy.core.levels import Level
from mwproxy.core.registry import load_family

load_family(WORKER_COMMANDS)
load_family(MASTER_COMMANDS)


class Wire(StringTransport):
    """
    A transport that can be aborted and notes what was done to its reading side.
    """

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False
        self.half_closed = False

    def abortConnection(self) -> None:
        """
        Note it.
        """
        self.aborted = True
        self.disconnecting = True

    def unregisterProducer(self) -> None:
        """
        Forget the producer, if there is one.
        """
        if self.producer is not None:
            super().unregisterProducer()

    def loseWriteConnection(self) -> None:
        """
        Note it.
        """
        self.half_closed = True

    def text(self) -> str:
        """
        Take what was written.
        """
        data: str = self.value().decode()
        self.clear()
        return data


def connected(session: LineSession) -> Wire:
    """
    Connect a session.
    """
    wire = Wire()
    session.makeConnection(wire)
    return wire


def a_row(pid: int, kind: str, **facts: Any) -> ProcessRow:
    """
    Describe a process.
    """
    values: dict[str, Any] = {
        "name": "", "relative": 1 if kind == "worker" else 0, "reloads": 0, "failed": 0,
        "uptime": 5.0, "version": "0.1.0",
    }  # fmt: skip
    values.update(facts)
    return ProcessRow(pid=pid, kind=kind, **values)


class FakeView:
    """
    A master with a worker 200 and an old one 100.
    """

    def __init__(self) -> None:
        self.reload_failed = False
        self.nbproc = 1
        self.served = True
        self.processes = [
            a_row(1, "master", reloads=2, uptime=135.0),
            a_row(200, "worker"),
            a_row(100, "worker", old=True, reloads=1),
        ]
        self.reloads: list[tuple[bool, Deferred[ReloadResult]]] = []
        self.opened: list[tuple[int, Level, str]] = []
        self.sockets: list[socket.socket] = []
        self.audited: list[str] = []

    def rows(self) -> list[ProcessRow]:
        """
        List the processes.
        """
        return self.processes

    def uptime(self) -> float:
        """
        Tell the age.
        """
        return 135.0

    def reload(self, *, hard: bool = False) -> Deferred[ReloadResult]:
        """
        Note the wish; the test ends it.
        """
        result: Deferred[ReloadResult] = Deferred()
        self.reloads.append((hard, result))
        return result

    def startup_log(self) -> str:
        """
        Tell the log.
        """
        return "[NOTICE]   (1) : Loading success.\n"

    def environment(self) -> dict[str, str]:
        """
        Tell the environment.
        """
        return {"A": "1", "B": "2"}

    def audit(self, text: str) -> None:
        """
        Note the line.
        """
        self.audited.append(text)

    def open_worker(self, pid: int, level: Level, mode: str, who: str = "") -> socket.socket:
        """
        Note the wish.
        """
        if not any(row.pid == pid for row in self.processes):
            raise LookupError(pid)
        self.opened.append((pid, level, mode))
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self.sockets.append(theirs)
        return ours


class FakeReactor(Clock):
    """
    Adopts connections by giving them a transport in memory.

    @ivar wires: Transport and protocol of each.
    """

    def __init__(self) -> None:
        super().__init__()
        self.wires: list[tuple[Wire, Any]] = []
        self.readers: set[Any] = set()

    def adoptStreamConnection(self, fd: int, family: int, factory: Any) -> None:
        """
        Connect.
        """
        protocol = factory.buildProtocol(None)
        wire = Wire()
        self.wires.append((wire, protocol))
        protocol.makeConnection(wire)

    def addReader(self, reader: Any) -> None:
        """
        Watch.
        """
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:
        """
        Do not watch.
        """
        self.readers.discard(reader)


assert IReactorTime.implementedBy(FakeReactor)
