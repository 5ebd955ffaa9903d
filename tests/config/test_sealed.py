"""
Tests of C{mwproxy/config/sealed.py}.
"""

from __future__ import annotations

from dataclasses import dataclass

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.sealed import Sealed


@dataclass(eq=False)
class Thing(Sealed):
    """
    Something to seal.
    """

    size: int = 0


class SealedTests(SynchronousTestCase):
    """
    Tests for L{Sealed}.
    """

    def test_sealed(self) -> None:
        """
        A sealed object refuses changes; sealing it again does nothing; a copy is open.
        """
        thing = Thing()
        thing.size = 1
        thing.seal()
        thing.seal()
        self.assertTrue(thing.sealed)
        with self.assertRaises(AttributeError) as caught:
            thing.size = 2
        self.assertEqual(str(caught.exception), "Thing.size: the description is sealed")
        other = thing.copy()
        other.size = 3
        self.assertEqual((thing.size, other.size), (1, 3))
