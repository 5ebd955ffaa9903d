"""
Tests for mwproxy/config/keywords/spoe_message.py.
"""

from __future__ import annotations

from typing import Any, cast

from mwproxy.config.spoe_settings import EVENTS
from tests.config.agents import GOOD, AgentFileTestCase
from tests.rules.streams import make_stream


class MessageKeywordTests(AgentFileTestCase):
    """
    Tests for the keywords of C{spoe-message}.
    """

    def refused(self, line: str) -> str:
        """
        Load a line that is wrong.

        @return: What is said of it, without what introduces and ends it.
        """
        first, *rest = self.said_of_message(line)
        self.assertTrue(first.startswith("parsing [a.conf:11] : "), first)
        self.assertIn("Error(s) found in configuration file a.conf", "".join(rest))
        return first.removeprefix("parsing [a.conf:11] : ")

    def test_args(self) -> None:
        """
        Wrong expressions are told with their place; a lone C{args} is nothing.
        """
        for line, said in (
            ("args foo", "'args': unknown fetch method 'foo'."),
            ("args a=", "'args': missing fetch method."),
            ("args a=src,foo", "'args': unknown converter 'foo'."),
            ("args str(a=b)", "'args': unknown fetch method 'b)'."),
            ("args src if x", "'args': unknown fetch method 'if'."),
        ):
            self.assertEqual(self.refused(line).split(";")[0], said)
        self.assertEqual(self.said_of_message("args"), [])
        self.assertEqual(self.said_of_message("args =src a.b-c=src"), [])

    def test_event(self) -> None:
        """
        Of several events the last one counts, with its condition.
        """
        for event in EVENTS:
            agent = self.agent(f"{GOOD}    event {event}\n")
            self.assertEqual(list(agent.events), [event])
        agent = self.agent(f"{GOOD}    event on-tcp-response if FALSE\n    event on-tcp-response\n")
        self.assertIsNone(agent.events["on-tcp-response"][0].condition)

    def test_wrong_events(self) -> None:
        """
        Unknown events and wrong conditions are refused.
        """
        begin = "error detected while parsing an 'event on-client-session' condition"
        for line, said in (
            ("event", "missing event name."),
            ("event foo", "unknown event 'foo'."),
            (
                "event on-http-reqest",
                "unknown event 'on-http-reqest'; did you mean 'on-backend-http-request' maybe ?",
            ),
            (
                "event on-client-session foo",
                "'event on-client-session' expects either 'if' or 'unless' followed by a condition"
                " but found 'foo'.",
            ),
            ("event on-client-session if x", f"{begin} : no such ACL : 'x'."),
            (
                "event on-client-session if { src 1.2.3.4",
                f"{begin} : missing closing '}}' in condition.",
            ),
        ):
            self.assertEqual(self.refused(line), said)

    def test_condition(self) -> None:
        """
        A condition asks for anything of the stream; ACLs are those of the message.
        """
        text = GOOD.replace("    event", "    acl x path /a\n    acl x path /b\n    event")
        text = text.replace("on-client-session", "on-frontend-http-request {}")
        for words, expected in (
            ("if x", [True, False]),
            ("unless x", [False, True]),
            ("if x METH_POST or { path /c }", [False, True]),
            ("if", [False, False]),
        ):
            agent = self.agent(text.replace("{}", words))
            [message] = agent.events["on-frontend-http-request"]
            assert message.condition is not None
            found = [
                message.condition(make_stream(b"GET %s HTTP/1.0\r\n\r\n" % path))
                for path in (b"/b", b"/c")
            ]
            self.assertEqual(found, expected, words)

    def test_acls(self) -> None:
        """
        ACLs stand before the event that uses them, in the same message; those of the proxy and of
        other messages are not known.
        """
        text = GOOD.replace("on-client-session", "on-client-session if x")
        no_acl = "condition : no such ACL : 'x'."
        self.assertIn(no_acl, self.said(f"{text}    acl x src 1.2.3.4\n")[0])
        self.assertIn(
            no_acl,
            self.said(text, lines="acl x src 1.2.3.4\n    filter spoe engine e config {file}")[0],
        )
        other = "spoe-message n\n    acl x src 1.2.3.4\n"
        self.assertIn(
            no_acl, self.said(text.replace("spoe-message m", f"{other}spoe-message m"))[0]
        )
        self.assertIn("'acl' expects a name", self.refused("acl"))
        self.assertEqual(
            self.refused("acl x foo"),
            "error detected while parsing ACL 'x' : unknown fetch method 'foo' in ACL expression"
            " 'foo'.",
        )

    def test_timeout(self) -> None:
        """
        A message has one timeout; 0 is no limit, which is not the same as none given.
        """
        for word, expected in (("50", 50), ("2s", 2000), ("0", 0)):
            agent = self.agent(f"{GOOD}    timeout {word}\n")
            self.assertEqual(agent.events["on-client-session"][0].timeout_ms, expected)
        self.assertEqual(
            self.refused("timeout"), "'timeout' expects an integer value (in milliseconds)."
        )
        self.assertEqual(
            self.refused("timeout 1s 2s"), "'timeout' cannot handle unexpected argument '2s'."
        )
        self.assertEqual(self.refused("timeout idle"), "unexpected character 'i' in 'timeout'.")

    def test_failure(self) -> None:
        """
        There are three policies.
        """
        for policy in ("open", "closed", "wait"):
            agent = self.agent(f"{GOOD}    failure {policy}\n")
            [message] = cast(Any, agent.events["on-client-session"])
            self.assertEqual(message.failure, policy)
        self.assertEqual(self.refused("failure"), "'failure' expects 'open', 'closed' or 'wait'.")
        self.assertEqual(
            self.refused("failure shut"),
            "'failure' supports 'open', 'closed' or 'wait' (got shut).",
        )
        self.assertEqual(
            self.refused("failure open x"), "'failure' cannot handle unexpected argument 'x'."
        )
