"""
Tests of C{mwproxy/rules/matchers/addresses.py}.
"""

from __future__ import annotations

from ipaddress import ip_address

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.matchers.addresses import match_ip


class AddressMatcherTests(SynchronousTestCase):
    """
    Tests of C{ip}.
    """

    def test_networks(self) -> None:
        """
        An address matches when a network holds it.
        """
        match = match_ip(["10/8", "192.168.1.1", "2001:db8::/32"])
        for text, expected in (
            ("10.1.1.1", True),
            ("192.168.1.1", True),
            ("192.168.1.2", False),
            ("2001:db8::5", True),
            ("2001:db9::5", False),
        ):
            self.assertEqual(match(ip_address(text)), expected, text)

    def test_names(self) -> None:
        """
        Names are looked up unless C{-n} forbids it.
        """
        self.assertTrue(match_ip(["localhost"])(ip_address("127.0.0.1")))
        self.assertRaises(ConfigError, match_ip, ["localhost"], False, False)
