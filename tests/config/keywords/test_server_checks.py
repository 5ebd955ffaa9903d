"""
Tests for mwproxy/config/keywords/server_checks.py.
"""

from __future__ import annotations

from mwproxy.core.addresses import Address
from tests.config.keywords.reading import WHERE, KeywordTestCase


class ServerCheckTests(KeywordTestCase):
    """
    Tests for the health checks of servers.
    """

    def test_all_options(self) -> None:
        """
        Each option fills its field.
        """
        self.read(
            self.back,
            "server a 127.0.0.1:80 check inter 3s fastinter 1s downinter 5s rise 4 fall 5 "
            "port 81 addr 127.0.0.3",
        )
        check = self.back.servers[0].settings.check
        self.assertEqual(
            (check.enabled, check.inter_ms, check.fastinter_ms, check.downinter_ms),
            (True, 3000, 1000, 5000),
        )
        self.assertEqual((check.rise, check.fall, check.port), (4, 5, 81))
        self.assertEqual(check.address, Address("ipv4", "127.0.0.3", 0))

    def test_bad_options(self) -> None:
        """
        Options are checked in HAProxy's words.
        """
        for words, expected in (
            ("inter", "'inter' expects a delay as argument."),
            ("inter 0", "invalid value 0 for argument 'inter' of server a."),
            ("inter 5x", "unexpected character 'x' in 'inter' argument of server a."),
            ("rise -1", "'rise' has to be > 0."),
            ("fall 0", "'fall' has to be > 0."),
            ("port 99999", "'port' : '99999' is out of range."),
            ("addr", "'addr' expects <ipv4|ipv6> as argument."),
            ("addr /tmp/s", "'addr' : '/tmp/s' is not an IP address."),
            ("addr -", "'addr' : invalid address: '-' in '-'."),
            (
                "inter 99d",
                "timer overflow in argument <99d> to <inter> of server a, maximum value is "
                "2147483647 ms (~24.8 days).",
            ),
        ):
            self.assertEqual(
                self.refused(self.back, f"server a 127.0.0.1:80 {words}"),
                f"config : [{WHERE}] : 'server b/a' : {expected}",
            )

    def test_check_needs_a_port(self) -> None:
        """
        A server without fixed port cannot be checked unless a port for that is given.
        """
        said = "config : config: backend 'b': server 'a' has neither service port nor check port."
        for text in ("127.0.0.1 check", "127.0.0.1:+80 check", "127.0.0.1:80 addr 127.0.0.2"):
            self.read(self.back, f"server a {text}")
        self.assertEqual(self.warnings(), [said, said])
        for text in (
            "127.0.0.1 check port 80",
            "127.0.0.1 check addr 127.0.0.2:80",
            "127.0.0.1:80 check",
            "/tmp/s check",
        ):
            self.read(self.back, f"server a {text}")
        self.assertEqual(self.warnings(), [])

    def test_spread_checks(self) -> None:
        """
        C{spread-checks} is a percentage up to 50.
        """
        self.read(self.whole, "spread-checks 5")
        self.assertEqual(self.whole.spread_checks, 5)
        self.assertEqual(
            self.refused(self.whole, "spread-checks"),
            "'spread-checks' expects an integer argument (0..50).",
        )
        for text in ("spread-checks 60", "spread-checks -1", "spread-checks x"):
            self.assertEqual(
                self.refused(self.whole, text),
                "'spread-checks' needs a positive value in range 0..50.",
            )
