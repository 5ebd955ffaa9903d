"""
Tests for L{mwproxy.client.command}.
"""

from __future__ import annotations

import argparse

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.command import MODULES, PACKAGE, client_commands, load, positive_seconds
from mwproxy.core.registry import load_family


class CommandTests(SynchronousTestCase):
    """
    The commands there are.
    """

    def test_registered(self) -> None:
        """
        Each command is where it is looked for.
        """
        for name in MODULES:
            self.assertIs(load(name), client_commands.get(name))
        load_family(PACKAGE)
        self.assertEqual(client_commands.names(), sorted(MODULES))

    def test_seconds(self) -> None:
        """
        A time is a positive number; anything else is refused by name.
        """
        self.assertEqual(positive_seconds("2.5"), 2.5)
        for text in ("0", "-1", "x", "nan", "inf", ""):
            error = self.assertRaises(argparse.ArgumentTypeError, positive_seconds, text)
            self.assertEqual(str(error), f"'{text}' is not a positive number of seconds")
