"""
Tests for L{mwproxy.observe.about}.
"""

from __future__ import annotations

from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.config.predicates import FEATURES
from mwproxy.observe import about
from mwproxy.observe.about import build_lines, feature_list, version_lines


class AboutTests(SynchronousTestCase):
    """
    Tests for what C{-v} and C{-vv} say.
    """

    def test_version(self) -> None:
        """
        The version has four lines, as scripts expect of HAProxy.
        """
        lines = list(version_lines())
        self.assertEqual(len(lines), 4)
        self.assertTrue(lines[0].startswith(f"mwproxy version {__version__} "))
        self.assertEqual(
            [line.partition(":")[0] for line in lines[1:]], ["Status", "Known bugs", "Running on"]
        )

    def test_features(self) -> None:
        """
        What C{feature()} finds has a plus, all else a minus.
        """
        words = feature_list().split()
        self.assertEqual({word[1:] for word in words if word[0] == "+"}, set(FEATURES))
        self.assertIn("-LUA", words)
        self.assertEqual(len(words), len({word[1:] for word in words}))

    def test_build(self) -> None:
        """
        The parts stand in HAProxy's order, each behind an empty line.
        """
        titles = [block.split(":")[0].strip() for block in "\n".join(build_lines()).split("\n\n")]
        self.assertEqual(
            titles,
            [
                "Build options",
                "Feature list",
                "Default settings",
                "Built without multi-threading support",
                "Available polling systems",
                "Available multiplexer protocols",
                "Available services",
                "Available filters",
            ],
        )

    def test_not_installed(self) -> None:
        """
        A distribution that is missing is no reason to say nothing.
        """
        with patch.object(about, "DISTRIBUTIONS", ("no-such-distribution",)):
            self.assertIn("  no-such-distribution = not installed", list(build_lines()))
