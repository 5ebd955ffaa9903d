"""
Tests for L{mwproxy.protocols.spop.errors}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.errors import REASONS, BadFrame, Status, reason_of


class StatusTests(SynchronousTestCase):
    """
    Tests of status codes.
    """

    def test_each_has_words(self) -> None:
        """
        Every code of the document has its words.
        """
        self.assertEqual(set(REASONS), set(Status))
        self.assertEqual(reason_of(0), "normal")
        self.assertEqual(reason_of(10), "fragmentation not supported")

    def test_codes_of_agents(self) -> None:
        """
        An agent may have codes that the document does not know.
        """
        self.assertEqual(reason_of(77), "status 77")

    def test_error(self) -> None:
        """
        An error is an invalid frame unless it says otherwise, and tells what is wrong.
        """
        self.assertEqual(str(BadFrame(detail="no")), "invalid frame received: no")
        self.assertEqual(str(BadFrame(Status.TOO_BIG)), "frame is too big")
        self.assertEqual(BadFrame().status, 4)
