"""
Tests for mwproxy/config/keywords/options.py.
"""

from __future__ import annotations

from mwproxy.config import model
from tests.config.keywords.reading import KeywordTestCase

FRONT = "clitcpka dontlog-normal dontlognull http-ignore-probes log-separate-errors socket-stats"
BACK = (
    "abortonclose allbackups http-pretend-keepalive log-health-checks prefer-last-server srvtcpka"
)
BOTH = "http-no-delay nolinger splice-auto splice-request splice-response"


class OptionTests(KeywordTestCase):
    """
    Tests for C{option}.
    """

    def test_flags_are_turned_on_and_off(self) -> None:
        """
        Each flag is kept under its name, and C{no} takes it back.
        """
        for name in f"{FRONT} {BACK} {BOTH}".split():
            proxy = model.Proxy("listen", "l")
            self.read(proxy, f"option {name}")
            self.assertEqual(proxy.options, {name})
            self.read(proxy, f"no option {name}")
            self.assertEqual(proxy.options, set())
        self.assertEqual(self.warnings(), [])

    def test_flags_of_defaults_stay(self) -> None:
        """
        A proxy that drops a flag does not change the section it inherited it from.
        """
        self.read(self.base, "option dontlognull")
        self.front.options = self.base.options
        self.read(self.front, "no option dontlognull")
        self.assertEqual((self.base.options, self.front.options), ({"dontlognull"}, set()))

    def test_wrong_side_is_ignored(self) -> None:
        """
        Options of the other side are ignored with a warning.
        """
        for name in FRONT.split():
            self.read(self.back, f"option {name}")
            self.assertEqual(
                self.warnings(),
                [f"'{name}' ignored because backend 'b' has no frontend capability."],
            )
        for name in [*BACK.split(), "redispatch"]:
            self.read(self.front, f"option {name}")
            self.assertEqual(
                self.warnings(),
                [f"'{name}' ignored because frontend 'f' has no backend capability."],
            )
        self.assertEqual((self.back.options, self.front.options), (set(), set()))

    def test_options_without_effect(self) -> None:
        """
        An option that changes nothing is kept, and said to change nothing.
        """
        proxy = model.Proxy("listen", "l")
        self.read(proxy, "option tcp-smart-accept", "option persist")
        self.assertEqual(
            self.warnings(),
            [
                "'option tcp-smart-accept' has no effect in mwproxy: the system decides when to "
                "acknowledge.",
                "'option persist' has no effect in mwproxy: there are no persistence cookies.",
            ],
        )
        self.read(proxy, "no option tcp-smart-accept", "no option persist")
        self.assertEqual(self.warnings(), [])

    def test_tcpka(self) -> None:
        """
        C{option tcpka} is C{clitcpka} and C{srvtcpka}, each where it applies.
        """
        proxy = model.Proxy("listen", "l")
        for each in (proxy, self.front, self.back):
            self.read(each, "option tcpka")
        self.assertEqual(proxy.options, {"clitcpka", "srvtcpka"})
        self.assertEqual((self.front.options, self.back.options), ({"clitcpka"}, {"srvtcpka"}))

    def test_redispatch(self) -> None:
        """
        Without interval it is the last retry; C{no} and 0 turn it off.
        """
        for text, expected in (
            ("option redispatch", -1),
            ("option redispatch 3", 3),
            ("option redispatch -2", -2),
            ("option redispatch 0", 0),
            ("option redispatch", -1),
            ("no option redispatch", 0),
        ):
            self.read(self.back, text)
            self.assertEqual(self.back.redispatch, expected)
        self.assertEqual(
            self.refused(self.back, "option redispatch x"),
            "'option redispatch' : 'x' is not an integer.",
        )

    def test_unknown_option(self) -> None:
        """
        An option that does not exist is refused, with a guess where there is one.
        """
        self.assertEqual(self.refused(self.base, "option"), "'option' expects an option name.")
        self.assertEqual(self.refused(self.base, "option xyzzy"), "unknown option 'xyzzy'.")
        self.assertEqual(
            self.refused(self.base, "option htplog"),
            "unknown option 'htplog'; did you mean 'httplog' maybe ?",
        )
        # Options of other kinds of sections are no guess.
        self.assertEqual(self.refused(self.base, "option pipelinin"), "unknown option 'pipelinin'.")
        self.assertEqual(
            self.refused(self.base, "no option xyzzy"),
            "negation/default is not supported for option 'xyzzy'.",
        )

    def test_removed_option(self) -> None:
        """
        Options that HAProxy dropped are refused as it does.
        """
        self.assertEqual(
            self.refused(self.base, "option http-tunnel"),
            "option 'http-tunnel' is not supported any more since HAProxy 2.1, please just "
            "remove it, it shouldn't be needed.",
        )

    def test_unsupported_option(self) -> None:
        """
        An option that mwproxy lacks is refused by name; turning it off is fine.
        """
        self.assertEqual(
            self.refused(self.base, "option checkcache"),
            "keyword 'option checkcache' is not supported by mwproxy in 'defaults' section",
        )
        self.read(self.base, "no option checkcache")
        self.assertEqual(self.warnings(), [])
