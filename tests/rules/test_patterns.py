"""
Tests of C{mwproxy/rules/patterns.py}.
"""

from __future__ import annotations

import tempfile
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.patterns import (
    Networks,
    load_map_file,
    load_pattern_file,
    parse_networks,
    parse_ranges,
)


def among(networks: list[IPv4Network | IPv6Network]) -> Networks:
    """
    Make a set of networks.
    """
    return Networks(
        [(each.version, int(each.network_address), int(each.netmask)) for each in networks]
    )


class PatternTests(SynchronousTestCase):
    """
    Tests of patterns and their files.
    """

    def write(self, text: str) -> str:
        """
        Write a file.

        @return: Its name.
        """
        directory = tempfile.mkdtemp()
        name = Path(directory) / "patterns"
        name.write_text(text)
        self.addCleanup(Path(directory).rmdir)
        self.addCleanup(name.unlink)
        return str(name)

    def test_pattern_file(self) -> None:
        """
        Comments and empty lines are skipped, leading blanks stripped; a blank saves a sharp.
        """
        name = self.write("one\n# two\n\n  three\n #four\r\nfive six\nlast")
        self.assertEqual(load_pattern_file(name), ["one", "three", "#four", "five six", "last"])

    def test_map_file(self) -> None:
        """
        A map has a key and the rest of the line.
        """
        name = self.write("key value with blanks  \nlone\n# x y\n")
        self.assertEqual(load_map_file(name), [("key", "value with blanks"), ("lone", "")])

    def test_ranges(self) -> None:
        """
        Operators count for all words behind them.
        """
        self.assertEqual(
            parse_ranges(["1", "2:3", ":4", "5:", "gt", "6", "7", "le", "-8"]),
            [(1, 1), (2, 3), (None, 4), (5, None), (7, None), (8, None), (None, -8)],
        )

    def test_abbreviations(self) -> None:
        """
        Zeros may be left out before the last byte.
        """
        for text, network in (
            ("192.168.1", "192.168.0.1/32"),
            ("10.12/8", "10.0.0.0/8"),
            ("127.1", "127.0.0.1/32"),
            ("10/8", "10.0.0.0/8"),
            ("1.2.3.4/255.255.0.0", "1.2.0.0/16"),
            ("2001:db8::/32", "2001:db8::/32"),
        ):
            self.assertEqual(parse_networks(text, False), [ip_network(network)])

    def test_bad_networks(self) -> None:
        """
        What is neither address nor network is refused, names too unless they may be looked up.
        """
        for text in ("1.2.3.4.5", "10/33", "localhost", "::1/200", "", "::1/ffff::", "300.1.1.1"):
            self.assertRaises(ConfigError, parse_networks, text, False)

    @settings(derandomize=True, max_examples=50, deadline=None)
    @given(st.ip_addresses(v=4), st.lists(st.tuples(st.ip_addresses(v=4), st.integers(0, 32))))
    def test_lookup(self, address: object, pairs: list[tuple[object, int]]) -> None:
        """
        A set of networks holds an address when one of them does.
        """
        networks = [ip_network(f"{base}/{length}", strict=False) for base, length in pairs]
        expected = any(ip_address(str(address)) in network for network in networks)
        self.assertEqual(among(networks).contains(ip_address(str(address))), expected)

    def test_mixed_versions(self) -> None:
        """
        IPv6 forms of IPv4 addresses match IPv4 patterns, and IPv4 ones match mapped networks.
        """
        four = among([ip_network("10.0.0.0/8")])
        self.assertTrue(four.contains(ip_address("::ffff:10.1.1.1")))
        self.assertTrue(four.contains(ip_address("2002:0a01:0101::")))
        self.assertTrue(four.contains(ip_address("::10.1.1.1")))
        self.assertFalse(four.contains(ip_address("2001:db8::1")))
        six = among([ip_network("::ffff:10.0.0.0/104"), ip_network("2001:db8::/32")])
        self.assertTrue(six.contains(ip_address("10.1.1.1")))
        self.assertTrue(six.contains(ip_address("2001:db8::1")))
        self.assertFalse(six.contains(ip_address("11.1.1.1")))
