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

from mwproxy.console.generations_view import GenerationRow, NotKept, Progress
from mwproxy.console.line_session import LineSession
from mwproxy.console.listener import MASTER_COMMANDS
from mwproxy.console.master_view import ProcessRow, ReloadResult
from mwproxy.console.state import ConsoleState
from mwproxy.console.stats_port import WORKER_COMMANDS
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


class FakeGenerations:
    """
    Generation 3 failed, 2 serves, 1 served.
    """

    def __init__(self) -> None:
        self.texts = {1: {"a.cfg": b"global\n"}, 2: {"a.cfg": b"global\n  daemon\n"}}
        self.listed = [
            GenerationRow(
                3, "rollback 1", "SIGHUP", 1e9 + 60, "failed", [("a.cfg", None)], why=["[ALERT] x"]
            ),
            GenerationRow(2, "reload", "", 1e9, "serving", [("a.cfg", 16)], True, [200, 201]),
            GenerationRow(1, "start", "", 0.0, "served", [("a.cfg", 7)], True, [100]),
        ]
        self.on_trial = True
        self.asked: list[tuple[int, str, Progress | None]] = []
        self.results: list[Deferred[ReloadResult]] = []

    def rows(self) -> list[GenerationRow]:
        """
        List them.
        """
        return self.listed

    def text(self, number: int) -> dict[str, bytes]:
        """
        Get what is kept.
        """
        if number not in self.texts:
            raise NotKept(f"Generation {number} is not kept.")
        return self.texts[number]

    def present_text(self) -> dict[str, bytes]:
        """
        Get what the files say.
        """
        return {"a.cfg": b"global\n  quiet\n"}

    def before(self, number: int) -> int:
        """
        Find the one before.
        """
        if number - 1 not in self.texts:
            raise NotKept("None.")
        return number - 1

    def rollback(
        self, number: int, *, by: str = "", progress: Progress | None = None
    ) -> Deferred[ReloadResult]:
        """
        Note the wish; the test ends it.
        """
        self.text(number)
        self.asked.append((number, by, progress))
        self.results.append(Deferred())
        return self.results[-1]

    def confirm(self) -> str:
        """
        End the trial.
        """
        was, self.on_trial = self.on_trial, False
        return "" if was else "Nothing is on trial."


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
        self.wishes: list[tuple[str, int, Progress | None]] = []
        self.generations = FakeGenerations()
        self.manhole_wanted = True
        self.unreachable: set[int] = set()

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

    def reload(
        self,
        *,
        hard: bool = False,
        by: str = "",
        confirm_ms: int = 0,
        progress: Progress | None = None,
    ) -> Deferred[ReloadResult]:
        """
        Note the wish; the test ends it.
        """
        result: Deferred[ReloadResult] = Deferred()
        self.reloads.append((hard, result))
        self.wishes.append((by, confirm_ms, progress))
        return result

    def figures(self) -> list[tuple[str, object]]:
        """
        List figures.
        """
        return [("Name", "mwproxy"), ("Uptime", ""), ("Generation", 2)]

    def sessions(self) -> list[ConsoleState]:
        """
        List connections.
        """
        return [ConsoleState(Level.USER, "i", who="uid=5", address="unix@/m", awaited=1)]

    def descriptors(self) -> list[tuple[int, str]]:
        """
        List descriptors.
        """
        return [(0, "/dev/null"), (12, "socket:[1]")]

    def namespace(self) -> dict[str, Any]:
        """
        Tell the names.
        """
        return {"master": self}

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
        if pid in self.unreachable or not any(row.pid == pid for row in self.processes):
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
        self.writers: set[Any] = set()

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

    def addWriter(self, writer: Any) -> None:
        """
        Watch.
        """
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        """
        Do not watch.
        """
        self.writers.discard(writer)


assert IReactorTime.implementedBy(FakeReactor)
