"""
Tests for L{mwproxy.config.unsupported}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.sections import KINDS, PROXIES
from mwproxy.config.unsupported import GLOBAL, PROXY, SECTIONS, is_unsupported
from mwproxy.core.families import PACKAGES, all_keywords
from mwproxy.core.registry import load_family


class NamesTests(SynchronousTestCase):
    """
    Tests for the lists of names.
    """

    def test_no_overlap(self) -> None:
        """
        What is registered is not called unsupported.
        """
        load_family(PACKAGES["keywords"])
        for each in all_keywords():
            if "global" in each.sections:
                self.assertNotIn(each.name, GLOBAL)
            if each.sections & set(PROXIES):
                self.assertNotIn(each.name, PROXY)
        self.assertFalse(set(KINDS) & SECTIONS)

    def test_longest(self) -> None:
        """
        The longest name that fits is told.
        """
        self.assertEqual(is_unsupported(["capture", "cookie", "x"], "frontend"), "capture cookie")
        self.assertEqual(is_unsupported(["stick", "on", "src"], "backend"), "stick")

    def test_sections(self) -> None:
        """
        Each section has its own list, C{program} none.
        """
        self.assertEqual(is_unsupported(["lua-load", "x"], "global"), "lua-load")
        self.assertEqual(is_unsupported(["lua-load", "x"], "backend"), "")
        self.assertEqual(is_unsupported(["lua-load"], "program"), "")
