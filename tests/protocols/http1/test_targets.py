"""
Tests for L{mwproxy.protocols.http1.targets}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.http1 import targets
from mwproxy.protocols.http1.messages import BadMessage
from mwproxy.protocols.http1.targets import check_authority, check_host, check_target


class HostTests(SynchronousTestCase):
    """
    Tests for hosts.
    """

    def test_good(self) -> None:
        """
        Names, addresses and ports as RFC 9110 has them pass, also the second time.
        """
        for host in (
            b"", b"a", b"a.b-c_d~e", b"192.0.2.1", b"[2001:db8::1]", b"[::ffff:1.2.3.4]:1",
            b"a:", b"a:0", b"a:65535", b"a%2Fb", b"a!$&'()*+,;=b",
        ):  # fmt: skip
            check_host(host)
            check_host(host)

    def test_bad(self) -> None:
        """
        All else is refused, also the second time.
        """
        for host in (
            b" ", b"a b", b"a/b", b"a\\b", b"u@a", b":1", b"a:b", b"a:65536", b"a:000001",
            b"a:1:2", b"[::1", b"::1", b"[a", b"[g]", b"a%2", b"a%zz", b"a\xe9", b"a\n", b"a\0",
            b"<a>", b'"a"', b"a#", b"a?", b"{a}", b"a|b", b"a^", b"a`",
        ):  # fmt: skip
            self.assertRaises(BadMessage, check_host, host)
            self.assertRaises(BadMessage, check_host, host)

    def test_memory_is_bounded(self) -> None:
        """
        However many hosts come, only some are remembered.
        """
        self.patch(targets, "_hosts", set())
        self.patch(targets, "_REMEMBERED", 4)
        for number in range(20):
            check_host(b"host%d" % number)
            self.assertLessEqual(len(targets._hosts), 4)


class TargetTests(SynchronousTestCase):
    """
    Tests for the forms of a target.
    """

    def test_forms(self) -> None:
        """
        Each form yields its authority in lower case, without the default port.
        """
        for method, target, authority in (
            (b"GET", b"/", None),
            (b"OPTIONS", b"*", None),
            (b"GET", b"http://A.b/c", b"a.b"),
            (b"GET", b"HTTP://a:80", b"a"),
            (b"GET", b"http://a:443/", b"a:443"),
            (b"GET", b"https://a:443?x", b"a"),
            (b"GET", b"http://a:/", b"a"),
            (b"CONNECT", b"A:443", b"a:443"),
        ):
            self.assertEqual(check_target(method, target), authority)

    def test_bad_forms(self) -> None:
        """
        Forms that do not suit the method, and those that are none, are refused.
        """
        for method, target in (
            (b"GET", b"*"),
            (b"OPTIONS", b"*/"),
            (b"GET", b"a"),
            (b"GET", b"a:80"),
            (b"GET", b"?a"),
            (b"GET", b"ftp://a/"),
            (b"GET", b"http:/a"),
            (b"GET", b"http://"),
            (b"GET", b"http://:80/"),
            (b"GET", b"http://u:p@a/"),
            (b"CONNECT", b"a"),
            (b"CONNECT", b"a:"),
            (b"CONNECT", b"[::1]"),
            (b"CONNECT", b"http://a/"),
            (b"CONNECT", b"*"),
        ):
            self.assertRaises(BadMessage, check_target, method, target)

    def test_agreement(self) -> None:
        """
        Host and authority agree when they name the same host and port.
        """
        for target, authority, host in (
            (b"http://a/", b"a", b"A"),
            (b"http://a/", b"a", b"a:80"),
            (b"https://a/", b"a", b"a:443"),
            (b"http://a:8/", b"a:8", b"a:8"),
            (b"a:443", b"a:443", b"a:443"),
            (b"a:443", b"a:443", b"a"),
            (b"a:80", b"a:80", b"A"),
        ):
            check_authority(target, authority, host)

    def test_disagreement(self) -> None:
        """
        Another host or port is refused.
        """
        for target, authority, host in (
            (b"http://a/", b"a", b"b"),
            (b"http://a/", b"a", b""),
            (b"http://a/", b"a", b"a:443"),
            (b"https://a/", b"a", b"a:80"),
            (b"http://a:8/", b"a:8", b"a"),
            (b"a:443", b"a:443", b"a:80"),
            (b"a:8443", b"a:8443", b"a"),
        ):
            self.assertRaises(BadMessage, check_authority, target, authority, host)
