"""
Tests for L{mwproxy.core.registry}.
"""

from __future__ import annotations

import sys

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.registry import Registry, UnknownName, load_family, nearest


class RegistryTests(SynchronousTestCase):
    """
    Tests for L{Registry}.
    """

    def setUp(self) -> None:
        self.registry: Registry[int] = Registry("keyword")
        self.registry.register("timeout", 2)
        self.registry.register("bind", 1)

    def test_look_up(self) -> None:
        """
        What was registered is found, in the order of names.
        """
        self.assertEqual(self.registry.get("bind"), 1)
        self.assertIsNone(self.registry.find("bnid"))
        self.assertEqual(self.registry.names(), ["bind", "timeout"])
        self.assertEqual(list(self.registry), [("bind", 1), ("timeout", 2)])
        self.assertEqual(("bind" in self.registry, "x" in self.registry), (True, False))
        self.assertEqual(len(self.registry), 2)

    def test_twice(self) -> None:
        """
        A name that is taken is refused.
        """
        error = self.assertRaises(ValueError, self.registry.register, "bind", 3)
        self.assertEqual(str(error), "keyword 'bind' is registered twice")

    def test_unknown(self) -> None:
        """
        An unknown name comes with a guess, empty when nothing is like it.
        """
        error = self.assertRaises(UnknownName, self.registry.get, "bnid")
        self.assertEqual((str(error), error.nearest), ("unknown keyword 'bnid'", "bind"))
        self.assertEqual(self.assertRaises(UnknownName, self.registry.get, "qqq").nearest, "")

    def test_nearest(self) -> None:
        """
        The most similar of several names is guessed.
        """
        self.assertEqual(nearest("timout", ["timer", "timeout"]), "timeout")

    def test_family(self) -> None:
        """
        Loading a family imports the modules of its package.
        """
        load_family("mwproxy.core")
        self.assertIn("mwproxy.core.levels", sys.modules)
