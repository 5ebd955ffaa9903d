"""
What the parts of a master share: its settings, its counters, its workers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mwproxy.config.model import Global
from mwproxy.master.console_files import ConsoleFiles
from mwproxy.observe.notify import ServiceManager
from mwproxy.observe.startup_logs import StartupLog
from mwproxy.process.child import Phase
from mwproxy.process.delegate import Predecessors
from mwproxy.process.listeners import ListenerSet
from mwproxy.process.messages import Speaker
from mwproxy.process.settings import Settings
from mwproxy.process.system import System
from mwproxy.process.worker import WorkerProcess


@dataclass
class Served:
    """
    What the serving generation was told to become, for a worker that replaces one of it.

    @ivar order: What its first worker got, see L{Load<mwproxy.process.ipc.Load>}.

    @ivar contents: The texts of its files; those that are missing are read.

    @ivar reload_count: The count of reloads when it was loaded.
    """

    order: dict[str, Any] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    reload_count: int = 0


@dataclass
class Instance:
    """
    One master and all it runs.

    @ivar initial: The environment that children start from.

    @ivar environment: The environment after the latest C{global} sections that could be read.

    @ivar global_: The C{global} sections that are served.

    @ivar served: What its workers were told.

    @ivar workers: All that were given a configuration and live; no standby among them.

    @ivar reloads: How many were asked for.

    @ivar failed: How many failed since the last that did not.

    @ivar successes: How many configurations were served.

    @ivar generation: The number that was given last; L{serving} is the one that serves, 0 for none.

    @ivar stopping: The signal that was sent to everybody, 0 for none.

    @ivar killing: True once the death of one has ended all (exit-on-failure).

    @ivar exit_code: What the master will exit with.

    @ivar paused: Workers shall accept no clients for now (SIGTTOU); so are those that come.

    @ivar console_files: The TLS files of its consoles.

    @ivar older: The processes of C{-sf} and C{-st}, L{None} for none.
    """

    system: System
    settings: Settings
    speaker: Speaker
    log: StartupLog
    manager: ServiceManager
    listeners: ListenerSet
    initial: dict[str, str]
    started: float
    environment: dict[str, str] = field(default_factory=dict)
    global_: Global = field(default_factory=Global)
    served: Served = field(default_factory=Served)
    workers: list[WorkerProcess] = field(default_factory=list)
    reloads: int = 0
    failed: int = 0
    successes: int = 0
    generation: int = 0
    serving: int = 0
    stopping: int = 0
    killing: bool = False
    exit_code: int = 0
    paused: bool = False
    older: Predecessors | None = None
    console_files: ConsoleFiles = field(default_factory=ConsoleFiles)

    def in_phase(self, phase: Phase) -> list[WorkerProcess]:
        """
        List workers by where they are in their lives.
        """
        return [worker for worker in self.workers if worker.phase is phase]

    def connections(self) -> int:
        """
        Add up what workers reported.
        """
        return sum(int(worker.figures.get("connections", 0)) for worker in self.workers)

    def label(self, worker: WorkerProcess) -> str:
        """
        Name a worker in messages: its pid, with its number where there are several.
        """
        number = f"#{worker.relative} " if self.global_.nbproc > 1 else ""
        return f"{number}({worker.pid})"
