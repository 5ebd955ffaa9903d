"""
Tests for L{mwproxy.process.ending}.
"""

from __future__ import annotations

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.ending import Ending


class EndingTests(SynchronousTestCase):
    """
    The end of a process is passed on.
    """

    def test_status(self) -> None:
        """
        The status is the one that a shell tells.
        """
        told: list[int] = []
        for reason in (ProcessDone(None), ProcessTerminated(3, None), ProcessTerminated(None, 9)):
            Ending(told.append).processExited(Failure(reason))
        self.assertEqual(told, [0, 3, 137])
