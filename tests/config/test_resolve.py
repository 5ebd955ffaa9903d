"""
Tests for mwproxy/config/resolve.py.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.resolve import resolved
from mwproxy.core.addresses import Address
from mwproxy.core.values import BadValue


class ResolveTests(SynchronousTestCase):
    """
    Tests for host names in addresses.
    """

    def test_names_become_addresses(self) -> None:
        """
        A name is replaced, its port stays.
        """
        found = resolved(Address("name", "localhost", 80), "localhost:80")
        self.assertIn((found.family, found.host), [("ipv4", "127.0.0.1"), ("ipv6", "::1")])
        self.assertEqual(found.port, 80)

    def test_others_stay(self) -> None:
        """
        What is no name is not looked up.
        """
        for address in (Address("ipv4", "127.0.0.1", 80), Address("unix", "/tmp/s")):
            self.assertIs(resolved(address, ""), address)

    def test_unknown_names(self) -> None:
        """
        A name that is not known, or cannot be one, is refused.
        """
        for name in ("no-such-host.invalid", "a..b", "x" * 64):
            error = self.assertRaises(BadValue, resolved, Address("name", name, 80), f"{name}:80")
            self.assertEqual(str(error), f"invalid address: '{name}' in '{name}:80'")
