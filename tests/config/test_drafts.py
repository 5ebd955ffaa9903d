"""
Tests for L{mwproxy.config.drafts}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.drafts import ProgramDraft
from mwproxy.config.model import Program
from mwproxy.core.diagnostics import NOWHERE


class ProgramDraftTests(SynchronousTestCase):
    """
    Tests for a program being read.
    """

    def test_finish(self) -> None:
        """
        The description has what the draft has.
        """
        draft = ProgramDraft("p", NOWHERE, ("x", "y"), "u", "g", False)
        self.assertEqual(draft.finish(), Program("p", ("x", "y"), "u", "g", False))
