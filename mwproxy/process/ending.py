"""
The end of a process that the reactor started.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from mwproxy.process.system import exit_status


class Ending(ProcessProtocol):
    """
    Passes a process's exit status on.
    """

    def __init__(self, ended: Callable[[int], object]) -> None:
        """
        @param ended: Told the status as a shell sees it.
        """
        self._ended = ended

    def processExited(self, reason: Failure) -> None:
        """
        Pass it on; what the process has left open may still be open.
        """
        self._ended(exit_status(reason))
