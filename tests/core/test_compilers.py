"""
Tests for L{mwproxy.core.compilers}.
"""

from __future__ import annotations

from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core import compilers


class CompilersTests(SynchronousTestCase):
    """
    Tests for L{compilers.install} and L{compilers.rules}.
    """

    def setUp(self) -> None:
        self.patch(compilers, "_installed", [])

    def test_none(self) -> None:
        """
        To ask before one is installed is a mistake in the program.
        """
        self.assertRaises(RuntimeError, compilers.rules)

    def test_last_one(self) -> None:
        """
        The compiler installed last is used.
        """
        first, second = cast(Any, object()), cast(Any, object())
        compilers.install(first)
        compilers.install(second)
        self.assertIs(compilers.rules(), second)
