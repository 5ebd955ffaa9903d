"""
Tests for L{mwproxy.spoa.actions}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.actions import Scope, SetVar, UnsetVar
from mwproxy.spoa.actions import set_var, unset_var


class ActionTests(SynchronousTestCase):
    """
    Tests of the actions that functions return.
    """

    def test_scopes(self) -> None:
        """
        The scopes have the configuration's names.
        """
        for name in ("proc", "sess", "txn", "req", "res"):
            self.assertEqual(set_var(name, "a.b_1", 1), SetVar(Scope[name], "a.b_1", 1))
            self.assertEqual(unset_var(name, "x"), UnsetVar(Scope[name], "x"))

    def test_no_scope(self) -> None:
        """
        A wrong scope is told with those that there are.
        """
        with self.assertRaises(ValueError) as caught:
            set_var("session", "a", 1)
        self.assertEqual(
            str(caught.exception),
            "'session' is no scope of variables; there are proc, sess, txn, req, res",
        )

    def test_no_name(self) -> None:
        """
        A name that no variable can have is refused.
        """
        for name in ("", "a b", "txn.ä", "a-b"):
            with self.assertRaises(ValueError) as caught:
                unset_var("txn", name)
            self.assertIn(f"'{name}' is no name of a variable", str(caught.exception))
