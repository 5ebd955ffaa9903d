"""
Tests for mwproxy/config/keywords/server.py.
"""

from __future__ import annotations

from mwproxy.core.addresses import Address
from tests.config.keywords.reading import WHERE, KeywordTestCase

PREFIX = f"config : [{WHERE}] : "


class ServerTests(KeywordTestCase):
    """
    Tests for C{server}.
    """

    def bad(self, words: str) -> str:
        """
        Read options that are wrong.

        @return: What is said of them, without the common beginning.
        """
        before = len(self.back.servers)
        text = self.refused(self.back, f"server a 127.0.0.1:80 {words}")
        self.assertEqual(len(self.back.servers), before)
        self.assertTrue(text.startswith(f"{PREFIX}'server b/a' : "), text)
        return text.removeprefix(f"{PREFIX}'server b/a' : ")

    def test_addresses(self) -> None:
        """
        A server may have a port, none, an offset, a name, or be a UNIX socket.
        """
        for text, expected in (
            ("127.0.0.1:80", Address("ipv4", "127.0.0.1", 80)),
            ("127.0.0.1", Address("ipv4", "127.0.0.1", 0)),
            ("127.0.0.1:+10", Address("ipv4", "127.0.0.1", 10, True)),
            (":80", Address("ipv4", "0.0.0.0", 80)),
            ("www.example.org:80", Address("name", "www.example.org", 80)),
            ("[::1]:80", Address("ipv6", "::1", 80)),
            ("unix@/tmp/s", Address("unix", "/tmp/s")),
            ("abns@s", Address("abns", "s")),
        ):
            self.read(self.back, f"server a {text}")
            self.assertEqual(self.back.servers.pop().address, expected)

    def test_all_options(self) -> None:
        """
        Each option fills its field.
        """
        self.read(
            self.back,
            "server a 127.0.0.1:80 weight 3 backup disabled maxconn 4 minconn 2 maxqueue 5 "
            "slowstart 10s cookie c id 9 send-proxy-v2 pool-max-conn 6 pool-purge-delay 7s "
            "max-reuse 8 source 127.0.0.2:1000 init-addr last,libc,none,127.0.0.9 "
            "proto h1",
        )
        one = self.back.servers[0].settings
        self.assertEqual((one.weight, one.backup, one.disabled), (3, True, True))
        self.assertEqual((one.maxconn, one.minconn, one.maxqueue), (4, 2, 5))
        self.assertEqual((one.slowstart_ms, one.cookie, one.id, one.send_proxy), (10000, "c", 9, 2))
        self.assertEqual((one.pool_max, one.pool_purge_delay_ms, one.max_reuse), (6, 7000, 8))
        self.assertEqual(one.source, Address("ipv4", "127.0.0.2", 1000))
        self.assertEqual(one.init_addr, ("last", "libc", "none", "127.0.0.9"))
        self.assertEqual(self.warnings(), [])

    def test_negations(self) -> None:
        """
        A server takes back what C{default-server} gave to all.
        """
        self.read(self.back, "default-server check backup disabled send-proxy")
        self.read(
            self.back, "server a 127.0.0.1:80 no-check no-backup enabled no-send-proxy no-ssl"
        )
        one = self.back.servers[0].settings
        self.assertEqual(
            (one.check.enabled, one.backup, one.disabled, one.send_proxy),
            (False, False, False, 0),
        )
        self.read(self.back, "server c 127.0.0.1:80 no-send-proxy-v2")
        self.assertEqual(self.back.servers[1].settings.send_proxy, 1)

    def test_default_server_holds_for_later_lines(self) -> None:
        """
        Lines before C{default-server} keep what they had.
        """
        self.read(
            self.back,
            "server a 127.0.0.1:80",
            "default-server weight 5",
            "server b 127.0.0.1:80",
            "default-server maxconn 6",
            "server c 127.0.0.1:80 weight 7",
        )
        self.assertEqual(
            [(each.settings.weight, each.settings.maxconn) for each in self.back.servers],
            [(1, 0), (5, 0), (7, 6)],
        )

    def test_bad_lines(self) -> None:
        """
        Names and addresses are checked in HAProxy's words.
        """
        for text, expected in (
            ("server", "'server' expects <name> and <addr>[:<port>] as arguments."),
            ("server a", "'server' expects <name> and <addr>[:<port>] as arguments."),
            ("server a 127.0.0.1:99999", "'server b/a' : invalid port '99999'"),
            (
                "server a 127.0.0.1:80-90",
                "'server b/a' : port range not permitted here in '127.0.0.1:80-90'",
            ),
            (
                "server a udp@127.0.0.1:80",
                "'server b/a' : dgram-type address not acceptable in 'udp@127.0.0.1:80'",
            ),
            (
                "server a fd@3",
                "'server b/a' : a file descriptor is not acceptable here in 'fd@3'",
            ),
            (
                "server a sockpair@3",
                "'server b/a' : 'sockpair@' on 'server' is not supported by mwproxy",
            ),
            (
                "server a/b 127.0.0.1:80",
                "'server b/a/b' : character '/' is not permitted in server name 'a/b'.",
            ),
        ):
            self.assertEqual(self.refused(self.back, text), PREFIX + expected)
        self.assertEqual(self.back.servers, [])

    def test_bad_options(self) -> None:
        """
        Options are checked in HAProxy's words.
        """
        for words, expected in (
            ("chek", "unknown keyword 'chek'; did you mean 'check' maybe ?"),
            ("xyzzy", "unknown keyword 'xyzzy'."),
            ("ssl", "'ssl' on 'server' is not supported by mwproxy"),
            ("weight 257", "weight of server a is not within 0 and 256 (257)."),
            ("weight x", "'weight' : 'x' is not an integer."),
            ("weight", "'weight' expects an integer as argument."),
            ("id 0", "'id' : custom id has to be > 0."),
            ("maxconn -1", "'maxconn' must be >= 0"),
            ("pool-max-conn -2", "'pool-max-conn' must be >= -1."),
            ("max-reuse -2", "'max-reuse' must be >= -1."),
            ("source", "'source' expects <addr>[:<port>] as argument."),
            ("source 127.0.0.1 usesrc client", "'usesrc' on 'server' is not supported by mwproxy"),
            (
                "init-addr last,foo",
                "'init-addr' : unknown init-addr method 'foo', supported methods are 'libc', "
                "'last', 'none'.",
            ),
            (
                "init-addr 1.2.3.4:x",
                "'init-addr' : unknown init-addr method '1.2.3.4:x', "
                "supported methods are 'libc', 'last', 'none'.",
            ),
            ("proto h2", "'proto h2' on 'server' is not supported by mwproxy"),
            ("proto foo", "'proto' :  unknown MUX protocol 'foo'"),
        ):
            self.assertEqual(self.bad(words), expected)

    def test_wrong_section(self) -> None:
        """
        Only backends have servers; C{defaults} may have C{default-server}.
        """
        self.assertEqual(
            self.refused(self.base, "server a 127.0.0.1:80"),
            f"{PREFIX}'server' not allowed in 'defaults' section.",
        )
        for name, rest in (("server", "a 127.0.0.1:80"), ("default-server", "check")):
            self.assertEqual(
                self.refused(self.front, f"{name} {rest}"),
                f"{PREFIX}'{name}' not allowed because frontend 'f' has no backend capability.",
            )
        self.read(self.base, "default-server check")
        self.assertTrue(self.base.default_server.check.enabled)

    def test_bad_default_server(self) -> None:
        """
        Defaults name no single server.
        """
        self.assertEqual(
            self.refused(self.back, "default-server id 3"),
            f"{PREFIX}'id' option is not accepted in default-server sections",
        )
        self.assertEqual(
            self.refused(self.back, "default-server weight 300"),
            f"{PREFIX}weight of server default-server is not within 0 and 256 (300).",
        )
