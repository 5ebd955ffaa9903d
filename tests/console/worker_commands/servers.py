"""
A worker's console with servers to change.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.core.levels import Level
from tests.console.sessions import connected
from tests.observe.worker import a_worker


class ServerConsoleTestCase(SynchronousTestCase):
    """
    A test that sends commands at level admin.

    @ivar said: What the worker has printed, with its label.
    """

    def setUp(self) -> None:
        self.worker = a_worker()
        self.said: list[str] = []
        self.worker.say = lambda severity, text: self.said.append(f"{severity.value} {text}")
        self.session = WorkerConsole(self.worker, Level.ADMIN, "i")
        self.wire = connected(self.session)
        self.wire.clear()
        self.servers = self.worker.backends["be1"].servers

    def say(self, text: str) -> str:
        """
        Run a command.

        @return: The answer without its empty line.
        """
        self.session.dataReceived(f"{text}\n".encode())
        return self.wire.text().removesuffix("\n")
