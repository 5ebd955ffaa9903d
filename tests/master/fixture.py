"""
A supervisor over a system in memory, and what a test wants to do to it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.master_view import ReloadResult
from mwproxy.master.instance import Instance
from mwproxy.master.standby import Standby
from mwproxy.master.supervisor import Supervisor
from mwproxy.observe.notify import ServiceManager
from mwproxy.observe.startup_logs import StartupLog
from mwproxy.process.listeners import ListenerSet
from mwproxy.process.messages import Speaker
from mwproxy.process.settings import Settings
from tests.process.memory import MemoryProcess, MemorySystem

INTRODUCTION = ("mwproxy version is ", "path to executable is ")


class SupervisorTestCase(SynchronousTestCase):
    """
    A test of a supervisor.

    @ivar said: What the master said, without label, pid and introductions.

    @ivar told: What the service manager was told.

    @ivar over: Exit statuses, at most one.
    """

    def setUp(self) -> None:
        self.system = MemorySystem()
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.file = Path(self.directory, "a.cfg")
        self.said: list[str] = []
        self.told: list[str] = []
        self.over: list[int] = []
        self.code: tuple[object, ...] = (1,)
        self.looks = 0
        self.build(Settings())

    def build(self, settings: Settings) -> None:
        """
        Make the supervisor with other settings.
        """
        from dataclasses import replace

        log = StartupLog()
        speaker = Speaker("mwproxy", write=self._said, keep=log.keep, pid=100)
        self.instance = Instance(
            self.system,
            replace(settings, files=(str(self.file),), master=True),
            speaker,
            log,
            ServiceManager(self.told.append),
            ListenerSet(),
            {"PATH": "/bin"},
            0.0,
        )
        self.addCleanup(self.instance.listeners.close)
        standby = Standby(
            self.system, speaker, {"PATH": "/bin"}, nursery=[], take_fingerprint=self._code
        )
        self.supervisor = Supervisor(self.instance, self.over.append, standby=standby)

    def write(self, *lines: str) -> None:
        """
        Write the configuration: lines of C{global} unless they begin a section.
        """
        body = "".join(f"{line}\n" for line in lines)
        self.file.write_text(f"global\n{body}")

    def start(self, *lines: str) -> list[MemoryProcess]:
        """
        Start with a configuration, up to READY, with a standby that is up.

        @return: The serving workers.
        """
        self.write(*lines)
        self.supervisor.start()
        workers = self.starting()
        for worker in workers:
            worker.hello()
            worker.ready()
        self.fill()
        return workers

    def fill(self) -> list[MemoryProcess]:
        """
        Let workers in waiting start, and come up.

        @return: Those that are new.
        """
        before = len(self.system.workers())
        self.system.clock.advance(0)
        new = self.system.workers()[before:]
        for worker in new:
            worker.hello()
        return new

    def starting(self) -> list[MemoryProcess]:
        """
        List the workers of the attempt under way.
        """
        pids = [row.pid for row in self.supervisor.rows() if row.starting]
        return [child for child in self.system.workers() if child.pid in pids]

    def reload(self, *, hard: bool = False) -> tuple[Deferred[ReloadResult], list[MemoryProcess]]:
        """
        Ask for a reload.

        @return: Its answer, and the workers that load.
        """
        return self.supervisor.reload(hard=hard), self.starting()

    def serve_next(self, *, hard: bool = False) -> MemoryProcess:
        """
        Reload successfully, with one worker.

        @return: It.
        """
        answer, (worker,) = self.reload(hard=hard)
        worker.ready()
        self.assertTrue(self.successResultOf(answer).success)
        self.fill()
        return worker

    def kinds(self) -> list[str]:
        """
        Sum up C{show proc}: who, and how many reloads old.
        """
        return [
            f"{row.name or row.kind} {row.reloads}" + (" old" if row.old else "")
            for row in self.supervisor.rows()
        ]

    def _said(self, line: str) -> None:
        text = line.partition(" : ")[2]
        if not text.startswith(INTRODUCTION):
            self.said.append(f"{line[1]} {text}")

    def _code(self) -> tuple[object, ...]:
        self.looks += 1
        return self.code
