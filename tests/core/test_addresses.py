"""
Tests for L{mwproxy.core.addresses}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.addresses import Address, parse_address, parse_addresses
from mwproxy.core.values import BadValue


class AddressTests(SynchronousTestCase):
    """
    Tests for L{parse_address} and L{parse_addresses}.
    """

    def test_forms(self) -> None:
        """
        Each form of the manual is understood.
        """
        expected = {
            "127.0.0.1:80": Address("ipv4", "127.0.0.1", 80),
            ":80": Address("ipv4", "0.0.0.0", 80),
            "*:80": Address("ipv4", "0.0.0.0", 80),
            "ipv6@:80": Address("ipv6", "::", 80),
            "[::1]:80": Address("ipv6", "::1", 80),
            "::1:80": Address("ipv6", "::1", 80),
            "ipv6@[2001:db8::1]:443": Address("ipv6", "2001:db8::1", 443),
            "name.example:80": Address("name", "name.example", 80),
            "udp@127.0.0.1:514": Address("ipv4", "127.0.0.1", 514, datagram=True),
            "/run/x.sock": Address("unix", "/run/x.sock"),
            "unix@x.sock": Address("unix", "x.sock"),
            "abns@x": Address("abns", "x"),
            "abnsz@x": Address("abnsz", "x"),
            "fd@7": Address("fd", "", 7),
            "sockpair@7": Address("sockpair", "", 7),
            "10.0.0.1:+10": Address("ipv4", "10.0.0.1", 10, True),
        }
        self.assertEqual({text: parse_address(text) for text in expected}, expected)

    def test_range(self) -> None:
        """
        A range gives one address per port, where ranges are allowed.
        """
        found = parse_addresses("127.0.0.1:80-82")
        self.assertEqual([address.port for address in found], [80, 81, 82])
        error = self.assertRaises(BadValue, parse_address, "127.0.0.1:80-82")
        self.assertEqual(str(error), "port range not permitted here in '127.0.0.1:80-82'")

    def test_default_port(self) -> None:
        """
        A port that is missing has a default or is an error.
        """
        self.assertEqual(parse_address("10.0.0.1", default_port=0).port, 0)
        error = self.assertRaises(BadValue, parse_address, "10.0.0.1")
        self.assertEqual(str(error), "missing port specification in '10.0.0.1'")

    def test_refused(self) -> None:
        """
        What is no address is refused with a reason.
        """
        for text, reason in {
            "": "missing address",
            "127.0.0.1:70000": "invalid port '70000'",
            "127.0.0.1:82-80": "invalid port range '82-80'",
            "127.0.0.1:8x": "invalid character 'x' in port number '8x' in '127.0.0.1:8x'",
            "fd@x": "file descriptor 'x' is not a valid integer in 'fd@x'",
            "ipv6@127.0.0.1:80": "invalid address: '127.0.0.1' in 'ipv6@127.0.0.1:80'",
            "a b:80": "invalid address: 'a b' in 'a b:80'",
            "run/s": "invalid address: 'run/s' in 'run/s'; a relative path is written 'unix@run/s'",
            "unix@": "missing path in 'unix@'",
        }.items():
            self.assertEqual(str(self.assertRaises(BadValue, parse_addresses, text)), reason)
        self.assertRaises(BadValue, parse_addresses, "/" + "x" * 107)
        self.assertRaises(BadValue, parse_addresses, "abns@" + "x" * 108)

    def test_passed(self) -> None:
        """
        Where a service manager may pass sockets, C{fd@} takes a name, with a number when several
        have it; digits alone are a descriptor.
        """
        for text, expected in {
            "fd@web": Address("fd", "web"),
            "fd@mwproxy-2.socket:12": Address("fd", "mwproxy-2.socket", 12),
            "fd@3a": Address("fd", "3a"),
            "fd@3": Address("fd", "", 3),
        }.items():
            self.assertEqual(parse_addresses(text, passed=True), [expected])
            self.assertEqual(str(expected), text)
        for text in ("fd@", "fd@3:1", "fd@web:0", "fd@web:", "fd@w b", "sockpair@web"):
            self.assertRaises(BadValue, parse_addresses, text, passed=True)

    def test_written_again(self) -> None:
        """
        An address is written as it can be read.
        """
        for text in ("127.0.0.1:80", "[::1]:80", "name:1", "/x", "abns@x", "fd@7", "sockpair@7"):
            self.assertEqual(str(parse_address(text)), text)

    @settings(derandomize=True, max_examples=100)
    @given(st.text(alphabet="0123456789.:[]-+*@/ipv46unxfd ", max_size=20))
    def test_any_text(self, text: str) -> None:
        """
        Any text is an address or is refused, and nothing else happens.
        """
        try:
            self.assertTrue(parse_addresses(text))
        except BadValue as error:
            self.assertTrue(str(error))
