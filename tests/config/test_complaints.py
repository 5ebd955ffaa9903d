"""
Tests for L{mwproxy.config.complaints}.
"""

from __future__ import annotations

from mwproxy.config.complaints import refuse
from mwproxy.config.lookup import Table
from mwproxy.config.model import Proxy
from mwproxy.core.diagnostics import Diagnostics, Where
from mwproxy.core.families import Keyword, keywords
from tests.config.loading import LoadingTestCase


class UnknownTests(LoadingTestCase):
    """
    Tests for words that are no keyword of the section.
    """

    def test_guess(self) -> None:
        """
        A similar keyword is suggested, if there is one.
        """
        self.assertEqual(
            self.alerts("global\n foo bar\n maxcon 3\nfrontend a\n bnid x\n disabled\n"),
            [
                "parsing [1.cfg:2] : unknown keyword 'foo' in 'global' section",
                "parsing [1.cfg:3] : unknown keyword 'maxcon' in 'global' section; did you mean"
                " 'maxconn' maybe ?",
                "parsing [1.cfg:5] : unknown keyword 'bnid' in 'frontend' section; did you mean"
                " 'bind' maybe ?",
            ],
        )

    def test_other_section(self) -> None:
        """
        Keywords of C{global} are unknown to proxies and the other way round.
        """
        self.assertEqual(
            self.alerts("global\n timeout client 1s\nbackend b\n nbthread 1\n"),
            [
                "parsing [1.cfg:2] : unknown keyword 'timeout' in 'global' section",
                "parsing [1.cfg:4] : unknown keyword 'nbthread' in 'backend' section",
            ],
        )

    def test_unsupported(self) -> None:
        """
        What only HAProxy has is refused by name, in the sections where HAProxy has it.
        """
        self.assertEqual(
            self.alerts("global\n lua-load x\nbackend b\n stick-table x\n"),
            [
                "parsing [1.cfg:2] : keyword 'lua-load' is not supported by mwproxy in 'global'"
                " section",
                "parsing [1.cfg:4] : keyword 'stick-table' is not supported by mwproxy in 'backend'"
                " section",
            ],
        )

    def test_second_word(self) -> None:
        """
        The words that may follow are listed.
        """
        alerts = self.alerts("global\n stats\n stats foo\n")
        begin = "parsing [1.cfg:2] : 'stats' only supports 'bind-process', 'maxconn'"
        self.assertTrue(alerts[0].startswith(begin), alerts[0])
        self.assertTrue(alerts[0].endswith("(got '')"))
        self.assertTrue(alerts[1].endswith("(got 'foo')"))


class OptionsTests(LoadingTestCase):
    """
    Tests for unknown options, in a section that has but one.
    """

    def test_options(self) -> None:
        """
        Options are told apart from keywords.
        """
        self.assertEqual(
            self.alerts("program p\n command x\n option\n option foo\n no option foo\n"),
            [
                "parsing [1.cfg:3]: 'option' expects an option name.",
                "parsing [1.cfg:4] : unknown option 'foo'.",
                "parsing [1.cfg:5] : unknown option 'foo'.",
            ],
        )


class CountTests(LoadingTestCase):
    """
    Tests for too few and too many words.
    """

    def test_too_many(self) -> None:
        """
        The first word too many is named.
        """
        self.assertEqual(
            self.alerts("global\n daemon x y\n maxconn 3 4\n"),
            [
                "parsing [1.cfg:2] : 'daemon' cannot handle unexpected argument 'x'.",
                "parsing [1.cfg:3] : 'maxconn' cannot handle unexpected argument '4'.",
            ],
        )


class NegationTests(LoadingTestCase):
    """
    Tests for C{no} where it has no meaning.
    """

    def test_negation(self) -> None:
        """
        It is for options and C{log}; an unknown keyword is reported as well.
        """
        words = "negation/default currently supported only for options and log."
        self.assertEqual(
            self.alerts("global\n no daemon\n no foo\n no\n default maxconn\n"),
            [
                f"parsing [1.cfg:2]: {words}",
                f"parsing [1.cfg:3]: {words}",
                "parsing [1.cfg:3] : unknown keyword 'foo' in 'global' section",
                f"parsing [1.cfg:4]: {words}",
                f"parsing [1.cfg:5]: {words}",
            ],
        )


class MisplacedTests(LoadingTestCase):
    """
    Tests for keywords of the other kind of proxy.
    """

    def refused(self, keyword: str, kind: str) -> str:
        """
        Refuse a keyword that is registered for the other kind only.
        """
        other = "backend" if kind != "backend" else "frontend"
        entry = Keyword(keyword, frozenset({other}), 0, None, "", False, False, lambda *_: None)
        self.patch(keywords, "_entries", {keyword: entry})
        diagnostics = Diagnostics()
        proxy = Proxy(kind, "p")
        refuse(keyword.split(), Table(kind), proxy, Where("f", 1), diagnostics)
        [message] = diagnostics.messages
        return f"{message.severity.value} {message.text.removeprefix('config : parsing [f:1] : ')}"

    def test_ignored(self) -> None:
        """
        Most are ignored with a warning.
        """
        self.assertEqual(
            self.refused("retries", "frontend"),
            "WARNING 'retries' ignored because frontend 'p' has no backend capability.",
        )
        self.assertEqual(
            self.refused("option dontlognull", "backend"),
            "WARNING 'dontlognull' ignored because backend 'p' has no frontend capability.",
        )

    def test_timeouts(self) -> None:
        """
        Timeouts are worded differently.
        """
        self.assertEqual(
            self.refused("timeout client", "backend"),
            "WARNING 'timeout client' will be ignored because backend 'p' has no frontend"
            " capability",
        )

    def test_cure(self) -> None:
        """
        The right keyword is suggested where there is one.
        """
        self.assertEqual(
            self.refused("maxconn", "backend"),
            "WARNING 'maxconn' ignored because backend 'p' has no frontend capability."
            " Maybe you want 'fullconn' instead ?",
        )

    def test_servers(self) -> None:
        """
        Servers in a frontend are an error.
        """
        self.assertEqual(
            self.refused("server", "frontend"),
            "ALERT 'server' not allowed because frontend 'p' has no backend capability.",
        )

    def test_defaults(self) -> None:
        """
        What a C{defaults} section cannot have is an error.
        """
        self.assertEqual(
            self.refused("bind", "defaults"), "ALERT 'bind' not allowed in 'defaults' section."
        )
