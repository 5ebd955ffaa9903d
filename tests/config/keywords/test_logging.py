"""
Tests for mwproxy/config/keywords/logging.py.
"""

from __future__ import annotations

import socket

from mwproxy.config import log_formats
from mwproxy.config.log_line import settle_formats
from tests.config.keywords.reading import KeywordTestCase


class LogTests(KeywordTestCase):
    """
    Tests for C{log} and what belongs to it.
    """

    def test_targets_add_up(self) -> None:
        """
        Each line is one more target; C{no log} drops them all.
        """
        self.read(self.base, "log stdout format raw local0", "log global")
        self.front.log_targets = self.base.log_targets
        self.read(self.front, "log 127.0.0.1 local1", "log global")
        self.assertEqual([each.facility for each in self.front.log_targets], [16, 17])
        self.assertEqual((len(self.base.log_targets), self.front.log_global), (1, True))
        self.read(self.front, "no log")
        self.assertEqual((self.front.log_targets, self.front.log_global), ([], False))
        self.assertEqual(len(self.base.log_targets), 1)

    def test_formats_are_settled_once(self) -> None:
        """
        Lines ask once for the check that gives their targets a format.
        """
        self.read(self.base, "log stdout local0", "log stderr local0")
        self.read(self.whole, "log stdout local0")
        self.assertEqual(self.later, [settle_formats])

    def test_global_targets(self) -> None:
        """
        The process has targets too, but C{log global} makes no sense there.
        """
        self.read(self.whole, "log stdout local0", "no log", "log stderr local0")
        self.assertEqual([str(each.address) for each in self.whole.log_targets], ["fd@2"])
        self.assertEqual(
            self.refused(self.whole, "log global"),
            "log : 'global' is not supported for a global syslog server",
        )
        self.assertEqual(
            self.refused(self.whole, "log"), "log : expects <address> and <facility> as arguments"
        )

    def test_bad_lines(self) -> None:
        """
        Missing and superfluous words are refused.
        """
        self.assertEqual(
            self.refused(self.base, "log"),
            "log : expects <address> and <facility> or global as arguments",
        )
        self.assertEqual(self.refused(self.base, "log global x"), "log : unknown log facility 'x'")
        self.assertEqual(
            self.refused(self.base, "no log global"), "'no log' does not expect arguments"
        )

    def test_tags(self) -> None:
        """
        Process and proxies have their own tags.
        """
        self.read(self.whole, "log-tag x")
        self.read(self.back, "log-tag y")
        self.assertEqual((self.whole.log_tag, self.back.log_tag), ("x", "y"))
        self.assertEqual(
            self.refused(self.whole, "log-tag"), "'log-tag' expects a tag for use in syslog."
        )

    def test_hostname(self) -> None:
        """
        Without argument it is the system's host name.
        """
        self.read(self.whole, "log-send-hostname")
        self.assertEqual(self.whole.log_send_hostname, socket.gethostname())
        self.read(self.whole, "log-send-hostname h")
        self.assertEqual(self.whole.log_send_hostname, "h")


class FormatTests(KeywordTestCase):
    """
    Tests for C{option httplog} and its kin.
    """

    def test_formats(self) -> None:
        """
        Each keyword chooses its format; the last one counts.
        """
        for text, kind, expected in (
            ("option tcplog", "tcplog", log_formats.TCP),
            ("option httplog", "httplog", log_formats.HTTP),
            ("option httplog clf", "clf", log_formats.HTTP_CLF),
            ("option tcplog clf", "tcpclf", log_formats.TCP_CLF),
            ("log-format %ci", "custom", "%ci"),
        ):
            self.read(self.front, text)
            self.assertEqual(self.front.log_format_kind, kind)
            assert self.front.log_format is not None
            self.assertEqual(self.front.log_format(None), expected.encode())
        self.assertEqual(self.warnings(), [])

    def test_overriding_in_defaults_is_warned_of(self) -> None:
        """
        In C{defaults} a second format is warned of.
        """
        self.read(self.base, "option httplog", "option tcplog", "log-format x", "log-format y")
        self.assertEqual(
            self.warnings(),
            [
                "'option tcplog' overrides previous 'option httplog' in 'defaults' section.",
                "'log-format' overrides previous 'option tcplog' in 'defaults' section.",
            ],
        )

    def test_backends_log_nothing(self) -> None:
        """
        In a backend formats are ignored with a warning.
        """
        self.read(self.back, "option httplog", "option tcplog", "log-format x")
        self.assertEqual(
            self.warnings(),
            [
                f"backend 'b' : '{name}' directive is ignored in backends."
                for name in ("option httplog", "option tcplog", "log-format")
            ],
        )
        self.assertIsNone(self.back.log_format)

    def test_bad_lines(self) -> None:
        """
        Arguments are checked in HAProxy's words.
        """
        for text, expected in (
            ("option httplog foo", "keyword 'httplog' only supports option 'clf'."),
            ("option tcplog foo", "keyword 'tcplog' only supports option 'clf'."),
            ("option httplog clf x", "'option httplog' cannot handle unexpected argument 'x'."),
            ("log-format", "log-format expects an argument."),
            (
                "log-format a b",
                "log-format expects only one argument, don't forget to escape spaces!",
            ),
            ("log-format %[x", "failed to parse log-format : missing ']'"),
            ("no option httplog", "negation/default is not supported for option 'httplog'."),
            ("no option tcplog", "negation/default is not supported for option 'tcplog'."),
        ):
            self.assertEqual(self.refused(self.front, text), expected)
