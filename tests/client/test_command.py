"""
Tests for L{mwproxy.client.command}.
"""

from __future__ import annotations

import argparse

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.command import PACKAGE, client_commands, positive_seconds
from mwproxy.core.registry import load_family


class CommandTests(SynchronousTestCase):
    """
    The commands there are.
    """

    def test_registered(self) -> None:
        """
        Each file of the package brings its commands.
        """
        load_family(PACKAGE)
        self.assertEqual(client_commands.names(), ["reload"])

    def test_seconds(self) -> None:
        """
        A time is a positive number; anything else is refused by name.
        """
        self.assertEqual(positive_seconds("2.5"), 2.5)
        for text in ("0", "-1", "x", "nan", "inf", ""):
            error = self.assertRaises(argparse.ArgumentTypeError, positive_seconds, text)
            self.assertEqual(str(error), f"'{text}' is not a positive number of seconds")
