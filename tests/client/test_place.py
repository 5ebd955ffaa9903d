"""
Tests for L{mwproxy.client.place}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.place import DEFAULT, default_place, parse_place
from mwproxy.core.values import BadValue


class PlaceTests(SynchronousTestCase):
    """
    Where a console is.
    """

    def test_forms(self) -> None:
        """
        A path, an address with port and a URL name a console; only C{tls://} means TLS.
        """
        for text, family, host, port, tls in (
            ("/run/m.sock", "unix", "/run/m.sock", 0, False),
            ("/run/m.sock,level,user", "unix", "/run/m.sock", 0, False),
            ("unix@/run/m.sock", "unix", "/run/m.sock", 0, False),
            ("unix:///run/m.sock", "unix", "/run/m.sock", 0, False),
            ("abns@m", "abns", "m", 0, False),
            ("ipv4@127.0.0.1:9", "ipv4", "127.0.0.1", 9, False),
            ("proxy.example:9", "name", "proxy.example", 9, False),
            ("tcp://127.0.0.1:9", "ipv4", "127.0.0.1", 9, False),
            ("tls://proxy.example:9", "name", "proxy.example", 9, True),
            ("tls://proxy.example:9/", "name", "proxy.example", 9, True),
            ("tls://[::1]:9", "ipv6", "::1", 9, True),
        ):
            place = parse_place(text)
            self.assertEqual((place.address.family, place.address.host), (family, host), text)
            self.assertEqual((place.address.port, place.tls), (port, tls), text)

    def test_none(self) -> None:
        """
        What is no place is refused with a cure.
        """
        for text, why in (
            ("http://h:1", "unknown 'http://' in 'http://h:1': expects tcp://, tls:// or unix://"),
            ("tls:///run/m.sock", "'tls:///run/m.sock' has no port: it is written tls://host:port"),
            ("tls://h", "missing port specification in 'h'"),
            ("fd@3", "cannot connect to 'fd@3': give a path or an address"),
        ):
            self.assertEqual(str(self.assertRaises(BadValue, parse_place, text)), why)

    def test_default(self) -> None:
        """
        The variables come before the place of the units; of several consoles a local one is
        taken.
        """
        self.assertEqual(default_place({}), DEFAULT)
        several = {"HAPROXY_MASTER_CLI": "ipv4@10.0.0.1:9;unix@/run/a;unix@/run/b"}
        self.assertEqual(default_place(several), "unix@/run/a")
        self.assertEqual(
            default_place({"HAPROXY_MASTER_CLI": "ipv4@10.0.0.1:9"}), "ipv4@10.0.0.1:9"
        )
        self.assertEqual(default_place({**several, "MWPROXY_SOCKET": "/mine"}), "/mine")
