"""
Tests for L{mwproxy.config.spoe_drafts}.
"""

from __future__ import annotations

from typing import Any, cast

from mwproxy.config.spoe_drafts import happens
from mwproxy.config.spoe_settings import EVENTS
from tests.config.agents import GOOD, AgentFileTestCase
from tests.rules.streams import make_stream

#: The events in the order of SPOE.txt 2.3, requests first.
IN_MANUAL = (
    "on-client-session",
    "on-frontend-tcp-request",
    "on-backend-tcp-request",
    "on-frontend-http-request",
    "on-backend-http-request",
    "on-server-session",
    "on-tcp-response",
    "on-http-response",
)

GROUPS = (
    GOOD.replace("messages m\n", "messages m\n    groups g\n")
    + "spoe-message n\n    args dst\nspoe-group g\n    messages n m\n"
)


def refused(text: str) -> str:
    """
    Say what a message of the C{filter} line is.
    """
    return f"parsing [1.cfg:8] : 'filter' : '{text}'"


class AgentTests(AgentFileTestCase):
    """
    Tests of the description that a file becomes.
    """

    def test_defaults(self) -> None:
        """
        What is not given is as SPOE.txt has it.
        """
        agent = self.agent(GOOD)
        self.assertEqual(
            (agent.name, agent.backend, agent.var_prefix, agent.where.line),
            ("ag", "agents", "ag", 2),
        )
        self.assertEqual(
            (agent.timeout_hello_ms, agent.timeout_idle_ms, agent.timeout_processing_ms),
            (1000, 2000, 3000),
        )
        self.assertEqual((agent.max_frame_size, agent.max_waiting_frames), (16380, 20))
        self.assertEqual((agent.maxconnrate, agent.maxerrrate), (0, 0))
        self.assertTrue(agent.pipelining)
        self.assertFalse(agent.continue_on_error or agent.dontlog_normal)
        self.assertEqual((agent.known, agent.groups, agent.log_targets), (frozenset(), {}, ()))
        self.assertEqual(
            (agent.set_on_error, agent.set_process_time, agent.set_total_time), ("", "", "")
        )

    def test_events_and_groups(self) -> None:
        """
        Messages stand by event, in the order of C{messages} lines, and by group; one may be both.
        """
        text = GOOD.replace("messages m\n", "messages o m\n    messages n\n    groups g\n")
        text += (
            "spoe-message n\n    args dst\n    event on-http-response\n"
            "spoe-message o\n    args dst\n    event on-client-session\n"
            "spoe-message p\n    args dst\nspoe-group g\n    messages p\n    messages m\n"
        )
        agent = self.agent(text)
        self.assertEqual(list(agent.events), ["on-client-session", "on-http-response"])
        self.assertEqual([each.name for each in agent.events["on-client-session"]], ["o", "m"])
        self.assertEqual([each.name for each in agent.groups["g"]], ["p", "m"])
        self.assertIs(agent.groups["g"][1], agent.events["on-client-session"][1])

    def test_variables_of_its_own(self) -> None:
        """
        Its variables have the prefix, and the engine's own are of the transaction.
        """
        agent = self.agent(
            GOOD.replace(
                "messages m\n",
                "messages m\n    option var-prefix p.q\n    option set-on-error e\n"
                "    option set-process-time t\n    option set-total-time T\n"
                "    register-var-names a b\n    register-var-names c.d\n",
            )
        )
        self.assertEqual(agent.var_prefix, "p.q")
        self.assertEqual(
            (agent.set_on_error, agent.set_process_time, agent.set_total_time),
            ("txn.p.q.e", "txn.p.q.t", "txn.p.q.T"),
        )
        scopes = ("proc", "sess", "txn", "req", "res")
        self.assertEqual(
            agent.known, {f"{scope}.p.q.{name}" for scope in scopes for name in ("a", "b", "c.d")}
        )

    def test_names_that_the_configuration_mentions(self) -> None:
        """
        Variables of rules, conditions, logs, agent files and registered ones are known; all of them
        are to an agent that is trusted.
        """
        configuration = self.load_agent(
            GOOD.replace("messages m\n", "messages m\n    register-var-names r\n")
            + "    args var(txn.a)\n    event on-client-session if { var(sess.b) -m found }\n",
            lines="filter spoe engine e config {file}\n"
            "    http-request set-var(req.c) src\n"
            "    http-request set-header x %[var(res.d)]\n"
            "    log-format %[var(txn.e)]\n    log 127.0.0.1 local0\n"
            "    acl x var(proc.f) 1\n",
        )
        names = configuration.variable_names
        expected = {"txn.a", "sess.b", "req.c", "res.d", "txn.e", "proc.f", "txn.ag.r"}
        self.assertEqual(expected - names, set())
        self.assertNotIn("txn.nothing", names)
        self.assertIsNone(self.agent_with("option force-set-var").known)

    def test_undefined(self) -> None:
        """
        What C{messages} and C{groups} name has to be there; each place is told.
        """
        text = GROUPS.replace("messages m\n", "messages x y\n").replace("groups g", "groups g h")
        self.assertEqual(
            self.said(text.replace("messages n m", "messages z")),
            [
                refused("SPOE agent 'ag' try to use undefined SPOE message 'x' at a.conf:3"),
                refused("SPOE agent 'ag' try to use undefined SPOE message 'y' at a.conf:3"),
                refused("SPOE group 'g' try to use undefined SPOE message 'z' at a.conf:15"),
                refused("SPOE agent 'ag' try to use undefined SPOE group 'h' at a.conf:4"),
            ],
        )

    def test_two_groups(self) -> None:
        """
        A message is of one of the agent's groups only.
        """
        text = GROUPS + "spoe-group h\n    messages m\n"
        self.agent(text)
        self.assertEqual(
            self.said(text.replace("groups g", "groups g h")),
            [
                refused(
                    "SPOE message 'm' already belongs to the SPOE group 'g' declare at a.conf:14"
                )
            ],
        )

    def test_prefix(self) -> None:
        """
        The name of an agent is its prefix unless C{option var-prefix} says otherwise: it has to be
        fit for one.
        """
        text = GOOD.replace("spoe-agent ag", "spoe-agent a-g")
        self.assertEqual(
            self.said(text),
            [
                refused(
                    "Invalid variable prefix 'a-g' for SPOE agent 'a-g' declared at a.conf:2. Use"
                    " 'option var-prefix' to set it. Only [a-zA-Z0-9_.] chars are supported."
                )
            ],
        )
        self.agent(text.replace("messages m\n", "messages m\n    option var-prefix x\n"))

    def test_registered_names(self) -> None:
        """
        Names of variables are checked with the prefix.
        """
        self.assertEqual(
            self.said_of("register-var-names a b-c"),
            [
                refused(
                    "SPOE agent 'ag': failed to register variable ag.b-c (invalid syntax at char"
                    " '-c') at a.conf:4"
                )
            ],
        )

    def test_no_backend(self) -> None:
        """
        An agent has a backend.
        """
        self.assertEqual(
            self.said(GOOD.replace("    use-backend agents\n", "")),
            [refused("No backend declared for SPOE agent 'ag' declared at a.conf:2")],
        )


class MessageTests(AgentFileTestCase):
    """
    Tests of the description of messages.
    """

    def test_arguments(self) -> None:
        """
        Arguments have name, value and type.
        """
        text = GOOD.replace("args src", "args a=src bool(1) b=int(3),add(4)\n    args c=str(x=y)")
        [message] = self.agent(text).events["on-client-session"]
        self.assertEqual(
            [(each.name, each.type) for each in message.arguments],
            [("a", "addr"), ("", "bool"), ("b", "sint"), ("c", "str")],
        )
        stream = cast(Any, None)
        self.assertEqual([each.sample(stream) for each in message.arguments[1:3]], [True, 7])

    def test_where_they_have_a_value(self) -> None:
        """
        Arguments that never have a value at the event are refused, as HAProxy does.
        """
        refusals = {
            "path": "YnnnnnYY",
            "hdr(a)": "Ynnnnnnn",
            "be_name": "YYYYYnnn",
            "status": "YYYYYYnn",
            "res.hdr(a)": "YYYYYYnn",
            "src": "nnnnnnnn",
        }
        for fetch, expected in refusals.items():
            text = GOOD.replace("args src", f"args {fetch}")
            found = [
                "Y" if self.said(text.replace("on-client-session", event)) else "n"
                for event in IN_MANUAL
            ]
            self.assertEqual("".join(found), expected, fetch)
        self.assertEqual(
            self.said(GOOD.replace("args src", "args path")),
            [
                "parsing [a.conf:9] : Ignore SPOE message 'm' at a.conf:8: some args extract"
                " information from 'HTTP request', none of which is available here ('frontend"
                " tcp-request connection rule')."
            ],
        )

    def test_unused_message(self) -> None:
        """
        Those of messages that are not sent at their event may be any.
        """
        self.agent(f"{GOOD}spoe-message n\n    args path\n    event on-client-session\n")

    def test_direction(self) -> None:
        """
        C{hdr} is the response's once there is one; as an ACL it is always the request's.
        """
        text = GOOD.replace("args src", "args hdr(x)").replace(
            "on-client-session", "on-http-response if { hdr(x) 1 } { cookie(x) 2 }"
        )
        [message] = self.agent(text).events["on-http-response"]
        [argument] = message.arguments
        request = b"GET / HTTP/1.0\r\nx: 1\r\n\r\n"
        answer = b"HTTP/1.1 200 OK\r\nx: 2\r\nset-cookie: x=2\r\n\r\n"
        self.assertEqual(argument.sample(make_stream(request)), b"1")
        self.assertEqual(argument.sample(make_stream(request, answer)), b"2")
        assert message.condition is not None
        self.assertTrue(message.condition(make_stream(request, answer)))

    def test_too_many_arguments(self) -> None:
        """
        A message has 255 arguments at most, since their number is one byte.
        """
        text = GOOD.replace("    args src\n", "    args" + " src" * 51 + "\n")
        five = text.replace("    event", ("    args" + " src" * 51 + "\n") * 4 + "    event")
        self.assertEqual(len(self.agent(five).events["on-client-session"][0].arguments), 255)
        self.assertEqual(
            self.said(five + "    args src\n")[:1],
            [
                "parsing [a.conf:15] : spoe-message 'm' has 256 arguments, at most 255 fit into a"
                " frame."
            ],
        )

    def test_policies(self) -> None:
        """
        Timeout and policy of a message are its own.
        """
        [message] = self.agent(f"{GOOD}    timeout 50\n    failure closed\n").events[
            "on-client-session"
        ]
        self.assertEqual((message.timeout_ms, message.failure), (50, "closed"))
        [message] = self.agent(GOOD).events["on-client-session"]
        self.assertEqual((message.timeout_ms, message.failure), (None, "open"))


class HappensTests(AgentFileTestCase):
    """
    Tests of events that do not happen to all filters.
    """

    def test_table(self) -> None:
        """
        Clients' events are none of backends.
        """
        for kind, expected in (("frontend", "yyyyyyyy"), ("listen", "yyyyyyyy")):
            found = "".join("y" if happens(event, kind) else "n" for event in EVENTS)
            self.assertEqual(found, expected, kind)
        happening = [event for event in EVENTS if happens(event, "backend")]
        self.assertEqual(
            happening,
            [
                "on-backend-tcp-request",
                "on-backend-http-request",
                "on-server-session",
                "on-tcp-response",
                "on-http-response",
            ],
        )

    def test_listen(self) -> None:
        """
        In a C{listen} section messages for the backend's side go with those for the frontend's, in
        the order of C{messages}.
        """
        text = GOOD.replace("messages m", "messages n m").replace(
            "on-client-session", "on-frontend-http-request"
        )
        text += "spoe-message n\n    args src\n    event on-backend-http-request\n"
        agent = self.agent(text, section="listen l\n    mode http\n    bind 127.0.0.1:1")
        self.assertEqual(list(agent.events), ["on-frontend-http-request"])
        names = [each.name for each in agent.events["on-frontend-http-request"]]
        self.assertEqual(names, ["n", "m"])

    def test_left_out(self) -> None:
        """
        Messages of such events are not sent.
        """
        text = GOOD.replace("messages m", "messages m n")
        text += "spoe-message n\n    args src\n    event on-tcp-response\n"
        configuration = self.load_agent(text, section="backend b\n    mode http")
        [found] = configuration.proxies[0].filters
        self.assertEqual(list(found.agent.events), ["on-tcp-response"])
