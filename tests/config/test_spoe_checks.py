"""
Tests for L{mwproxy.config.spoe_checks}.
"""

from __future__ import annotations

from tests.config.agents import FILTER, GOOD, MAIN, AgentFileTestCase

GROUPS = (
    GOOD.replace("messages m\n", "messages m\n    groups g\n") + "spoe-group g\n    messages m\n"
)


class FilterTests(AgentFileTestCase):
    """
    Tests of filters once all files are read.
    """

    def test_backend(self) -> None:
        """
        The backend exists and is of mode tcp or spop, and may be a C{listen} section or disabled.
        """
        said = "used by SPOE agent 'ag' declared at a.conf:2"
        for backend, text in (
            ("backend b\n    mode http\n", f"backend 'b' {said} does not support HTTP mode."),
            ("", f"unknown backend 'b' {said}."),
            ("frontend b\n    bind 127.0.0.1:1\n", f"unknown backend 'b' {said}."),
        ):
            found = self.said(GOOD.replace("use-backend agents", "use-backend b"), more=backend)
            self.assertEqual(found, [f"Proxy f : {text}"])
        for backend in (
            "backend b\n    mode tcp\n",
            "backend b\n    mode spop\n",
            "backend b\n    disabled\n",
            "listen b\n    mode tcp\n    bind 127.0.0.1:1\n",
        ):
            self.load_agent(GOOD.replace("use-backend agents", "use-backend b"), more=backend)
            self.assertEqual(self.messages, [])

    def test_names(self) -> None:
        """
        Engines of one proxy have names of their own; proxies may share one, each with an agent of
        its own.
        """
        self.assertEqual(
            self.said(GOOD, lines=f"{FILTER}\n    {FILTER}"),
            ["Proxy f : duplicated name for SPOE engine 'e'."],
        )
        configuration = self.load_agent(
            GOOD,
            more="listen l\n    bind 127.0.0.1:1\n    mode http\n"
            f"    filter spoe engine e config {self.directory}/a.conf\n",
        )
        self.assertEqual(self.messages, [])
        first, _agents, second = configuration.proxies
        self.assertIsNot(first.filters[0].agent, second.filters[0].agent)

    def test_warnings(self) -> None:
        """
        What is of no use is warned of.
        """
        timeouts = (
            "Proxy 'f': missing timeouts for SPOE agent 'ag' declare at a.conf:2.\n"
            "   | While not properly invalid, you will certainly encounter various problems\n"
            "   | with such a configuration. To fix this, please ensure that all following\n"
            "   | timeouts are set to a non-zero value: 'hello', 'idle', 'processing'."
        )
        for text, said in (
            (
                GOOD.replace("    messages m\n", ""),
                "Proxy 'f': No message/group used by SPOE agent 'ag' declared at a.conf:2.",
            ),
            (
                GOOD.replace("    event on-client-session\n", ""),
                "Proxy 'f': Ignore SPOE message 'm' without event at a.conf:8.",
            ),
            (GOOD.replace("timeout idle", "# "), timeouts),
            (GOOD.replace("hello 1s", "hello 0"), timeouts),
        ):
            self.assertEqual(self.said(text), [said])
            self.assertEqual(self.diagnostics.errors, 0)

    def test_events_that_do_not_happen(self) -> None:
        """
        Messages whose event does not happen to the filter are warned of.
        """
        self.assertEqual(
            self.said(GOOD, section="backend b\n    mode http"),
            ["Proxy 'b': frontend event used on a backend proxy at a.conf:8."],
        )

    def test_http_events_of_tcp(self) -> None:
        """
        HTTP events do not happen in mode tcp, of which HAProxy says nothing.
        """
        words = {"section": "frontend f\n    bind 127.0.0.1:8080\n    mode tcp"}
        self.assertEqual(self.said(GOOD, **words), [])
        for event in ("on-frontend-http-request", "on-http-response"):
            self.assertEqual(
                self.said(GOOD.replace("on-client-session", event), **words),
                [f"Proxy 'f': event '{event}' does not happen in mode tcp at a.conf:8."],
            )

    def test_disabled(self) -> None:
        """
        A disabled proxy is not checked; its file is read all the same.
        """
        lines = f"disabled\n    {FILTER}"
        self.assertEqual(self.said(GOOD.replace("agents", "nope"), lines=lines), [])
        self.assertNotEqual(self.said(GOOD.replace("src", "zork"), lines=lines), [])

    def test_not_inherited(self) -> None:
        """
        C{defaults} sections have no filters.
        """
        said = self.said(GOOD, main=MAIN.replace("defaults\n", f"defaults\n    {FILTER}\n"))
        self.assertIn("parsing [1.cfg:2] : filter is not allowed in a 'default' section.", said)

    def test_frame_size(self) -> None:
        """
        C{max-frame-size} goes from 256 to what a buffer holds, wherever C{tune.bufsize} stands.
        """
        more = "global\n    tune.bufsize 8192\n"
        for line, size in (("max-frame-size 256", 256), ("max-frame-size 8188", 8188)):
            self.assertEqual(self.agent_with(line, more=more).max_frame_size, size)
        self.assertEqual(self.agent(GOOD, more=more).max_frame_size, 8188)
        self.assertEqual(self.agent_with("max-frame-size 16380").max_frame_size, 16380)
        for word in ("255", "8189", "x", "1k", "-1"):
            self.assertEqual(
                self.said_of(f"max-frame-size {word}", more=more),
                [
                    "parsing [a.conf:4] : 'max-frame-size' expects a positive integer argument in"
                    " the range [256, 8188]."
                ],
            )

    def test_logs(self) -> None:
        """
        C{log global} stands for the global targets, which come first; formats are settled.
        """
        more = "global\n    log 127.0.0.1:1 local1\n    log-send-hostname x\n"
        agent = self.agent_with("log 127.0.0.1:2 local2\n    log global", more=more)
        self.assertEqual(
            [(each.address.port, each.format) for each in agent.log_targets],
            [(1, "rfc3164"), (2, "rfc3164")],
        )
        agent = self.agent_with("log 127.0.0.1:2 format raw local2")
        self.assertEqual([each.format for each in agent.log_targets], ["raw"])


class CallTests(AgentFileTestCase):
    """
    Tests of C{send-spoe-group} rules.
    """

    RULE = "http-request send-spoe-group e g"

    def test_found(self) -> None:
        """
        Rules may stand before the filter; the configuration has all of them.
        """
        configuration = self.load_agent(
            GROUPS, lines=f"{self.RULE}\n    {FILTER}\n    http-response send-spoe-group e g"
        )
        self.assertEqual(self.messages, [])
        self.assertEqual(
            [
                (call.engine, call.group, call.proxy, call.kind, call.where.line)
                for call in configuration.spoe_calls
            ],
            [("e", "g", "f", "frontend", 8), ("e", "g", "f", "frontend", 10)],
        )

    def test_missing(self) -> None:
        """
        Engine and group have to be there, in the same section.
        """
        no_engine = "unable to find SPOE engine 'e' used by the send-spoe-group 'g'."
        no_group = "unable to find SPOE group 'g' into SPOE engine 'e' configuration."
        self.assertEqual(self.said(GROUPS, lines=self.RULE), [f"Proxy 'f': {no_engine}"])
        self.assertEqual(
            self.said(GOOD, lines=f"{FILTER}\n    {self.RULE}"), [f"Proxy 'f': {no_group}"]
        )
        self.assertEqual(
            self.said(GROUPS, more=f"backend f\n    mode http\n    {self.RULE}\n"),
            [f"Proxy 'f': {no_engine}"],
        )

    def test_disabled(self) -> None:
        """
        Rules of disabled proxies are not checked.
        """
        self.assertEqual(self.said(GOOD, lines=f"disabled\n    {self.RULE}"), [])

    def test_named_defaults(self) -> None:
        """
        Rules of C{defaults} sections find no engine, as in HAProxy.
        """
        defaults = f"defaults x\n    mode http\n    timeout client 1s\n    {self.RULE}\ndefaults\n"
        self.assertEqual(
            self.said(
                GROUPS,
                main=MAIN.replace("defaults\n", defaults),
                section="frontend f from x\n    bind 127.0.0.1:8080",
            ),
            ["Proxy 'x': unable to find SPOE engine 'e' used by the send-spoe-group 'g'."],
        )

    def test_where_arguments_have_a_value(self) -> None:
        """
        Arguments that never have a value in the ruleset are refused; messages of groups that no
        rule sends may have any.
        """
        text = GROUPS.replace("messages m\n    groups g", "groups g")
        text = text.replace("src\n    event on-client-session", "{args}")
        for args, rule, section, expected in (
            ("path", "http-response", "frontend f", "'HTTP request'"),
            ("be_name", "http-request", "frontend f", "'backend'"),
            ("status", "http-request", "listen f", "'response'"),
            ("be_name", "http-request", "listen f", ""),
            ("hdr(x)", "http-request", "frontend f", ""),
            ("hdr(x)", "http-response", "frontend f", ""),
        ):
            words = {"section": f"{section}\n    bind 127.0.0.1:8080\n    mode http"}
            self.assertEqual(self.said(text.replace("{args}", args), **words), [])
            found = self.said(
                text.replace("{args}", args),
                lines=f"{FILTER}\n    {rule} send-spoe-group e g",
                **words,
            )
            side = "frontend" if "frontend" in section else "backend"
            said = (
                "Proxy 'f': Invalid SPOE message 'm' used by SPOE group 'g' at a.conf:9: some args"
                f" extract information from {expected}, none of which is available here ('{side}"
                f" {rule} header rule')."
            )
            self.assertEqual(found, [said] if expected else [])


class CheckTests(AgentFileTestCase):
    """
    Tests of C{option spop-check} once all files are read.
    """

    def test_offer(self) -> None:
        """
        A check offers the largest frame that a buffer holds.
        """
        configuration = self.load(
            "backend b\n    option spop-check\nglobal\n    tune.bufsize 8192\nbackend c\n"
        )
        self.assertEqual([each.spop_check for each in configuration.proxies], [8188, 0])
