"""
Tests for L{mwproxy.worker.rehearsal}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import lookup
from mwproxy.worker.rehearsal import rehearse
from mwproxy.worker.startup import import_everything


class RehearsalTests(SynchronousTestCase):
    """
    Tests for L{rehearse}.
    """

    def test_nothing_to_say(self) -> None:
        """
        The configuration is right to the last word, so that all of it is read.
        """
        import_everything()
        self.assertEqual(rehearse().messages, [])

    def test_tables_are_made(self) -> None:
        """
        What follows finds the tables of keywords made.
        """
        import_everything()
        rehearse()
        made = lookup.table_of.cache_info().misses
        for section in ("global", "defaults", "frontend", "backend"):
            lookup.table_of(section, discovery=False)
        self.assertEqual(lookup.table_of.cache_info().misses, made)
