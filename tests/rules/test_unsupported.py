"""
Tests of C{mwproxy/rules/unsupported.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core import families
from mwproxy.rules import compiler
from mwproxy.rules.unsupported import ACTIONS, CONVERTERS, FETCHES, LOG_ALIASES


class UnsupportedTests(SynchronousTestCase):
    """
    Tests of the names that are refused.
    """

    def test_no_overlap(self) -> None:
        """
        No name is both refused and registered.
        """
        assert compiler is not None
        for names, registry in (
            (FETCHES, families.sample_fetches),
            (CONVERTERS, families.converters),
            (LOG_ALIASES, families.log_aliases),
        ):
            self.assertEqual([name for name in sorted(names) if name in registry], [])
        for ruleset, refused in ACTIONS.items():
            for name in refused:
                self.assertNotIn(ruleset, families.actions.find(name) or {}, name)
