"""
Tests of C{mwproxy/rules/converters/addresses.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from tests.rules.streams import make_stream, show


class AddressTests(SynchronousTestCase):
    """
    Tests of converters of addresses; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Converters give what HAProxy gives.
        """
        stream = make_stream()
        stream.variables = {"txn.s": b"abc", "txn.n": 5, "txn.k": b"a2V5", "txn.bad": b"?"}
        for text, expected in (
            ("src,ipmask(8)", "127.0.0.0"),
            ("ipv6(2001:db8:1::1),ipmask(8,ffff:ffff::)", "2001:db8::"),
        ):
            self.assertEqual(show(f"%[{text}]", stream), expected, text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (
            ("src,ipmask(zz)", "failed to parse 'zz' as type 'IPv4 mask' at position 1"),
        ):
            error = str(self.assertRaises(ConfigError, show, f"%[{text}]", make_stream()))
            self.assertTrue(error.endswith(f" : {message}"), error)
