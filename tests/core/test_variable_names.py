"""
Tests for L{mwproxy.core.variable_names}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.variable_names import begin_names, end_names, note_name


class VariableNamesTests(SynchronousTestCase):
    """
    Tests of names that a configuration mentions.
    """

    def test_between_begin_and_end(self) -> None:
        """
        Names count from the begin of a configuration to its end.
        """
        note_name("txn.before")
        begin_names()
        note_name("txn.a")
        note_name("sess.b")
        note_name("txn.a")
        self.assertEqual(end_names(), {"txn.a", "sess.b"})
        note_name("txn.after")
        self.assertEqual(end_names(), frozenset())

    def test_begin_forgets(self) -> None:
        """
        A configuration whose loading was broken off leaves nothing.
        """
        begin_names()
        note_name("txn.a")
        begin_names()
        self.assertEqual(end_names(), frozenset())
