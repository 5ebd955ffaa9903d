"""
Tests of C{mwproxy/rules/hashing.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.rules.hashing import crc32, crc32c, djb2, sdbm


class HashingTests(SynchronousTestCase):
    """
    Tests of hash functions.
    """

    def test_known(self) -> None:
        """
        They give what HAProxy gives.
        """
        self.assertEqual(
            [hash_(b"abc") for hash_ in (sdbm, djb2, crc32, crc32c)],
            [807794786, 193485963, 891568578, 910901175],
        )
