"""
Tests for mwproxy/config/keywords/spoe_agent.py.
"""

from __future__ import annotations

from tests.config.agents import GOOD, AgentFileTestCase

EXTRA = "cannot handle unexpected argument"


class AgentKeywordTests(AgentFileTestCase):
    """
    Tests for the keywords of C{spoe-agent}.
    """

    def refused(self, line: str) -> str:
        """
        Load a line that is wrong.

        @return: What is said of it, without what introduces and ends it.
        """
        first, *rest = self.said_of(line)
        self.assertRegex(first, r"^parsing \[a\.conf:4\] ?: ")
        self.assertIn("Error(s) found in configuration file a.conf", "".join(rest))
        return first.split(": ", 1)[1]

    def test_options(self) -> None:
        """
        Options turn something on, those with C{no} off too.
        """
        self.assertFalse(self.agent_with("no option pipelining").pipelining)
        self.assertTrue(self.agent_with("no option pipelining\n    option pipelining").pipelining)
        self.assertTrue(self.agent_with("option dontlog-normal").dontlog_normal)
        self.assertFalse(
            self.agent_with("option dontlog-normal\n    no option dontlog-normal").dontlog_normal
        )
        self.assertTrue(self.agent_with("option continue-on-error").continue_on_error)
        self.assertIsNone(self.agent_with("option force-set-var").known)

    def test_options_without_effect(self) -> None:
        """
        Options of older HAProxies are taken, with a warning that they change nothing.
        """
        self.assertEqual(
            self.said_of("option async"),
            [
                "parsing [a.conf:4] : 'option async' has no effect in mwproxy: answers come on the"
                " connection of their frame ('option pipelining')."
            ],
        )
        self.assertEqual(
            self.said_of("option send-frag-payload"),
            [
                "parsing [a.conf:4] : 'option send-frag-payload' has no effect in mwproxy: messages"
                " that do not fit into a frame are an error ('max-frame-size')."
            ],
        )
        self.assertEqual(self.said_of("no option async\n    no option send-frag-payload"), [])

    def test_too_many_words(self) -> None:
        """
        Words that are too many are refused.
        """
        for line, word in (
            ("option async x", "option"),
            ("option pipelining x", "option"),
            ("option dontlog-normal x", "option"),
            ("option send-frag-payload x", "option"),
            ("option continue-on-error x", "option"),
            ("option force-set-var x", "option"),
            ("option var-prefix a x", "option"),
            ("option set-on-error a x", "option"),
            ("timeout hello 1s x", "timeout"),
            ("use-backend agents x", "use-backend"),
            ("maxconnrate 1 x", "maxconnrate"),
            ("maxerrrate 1 x", "maxerrrate"),
            ("max-frame-size 256 x", "max-frame-size"),
            ("max-waiting-frames 1 x", "max-waiting-frames"),
        ):
            self.assertEqual(self.refused(line), f"'{word}' {EXTRA} 'x'.", line)

    def test_names_of_variables(self) -> None:
        """
        Prefix and variables have a value of the usual characters.
        """
        for option in ("var-prefix", "set-on-error", "set-process-time", "set-total-time"):
            name = f"option {option}"
            self.assertEqual(self.refused(name), f"'{name}' expects a value.")
            self.assertEqual(
                self.refused(f"{name} a-b"), f"'{name}' only supports [a-zA-Z0-9_.] chars."
            )
        self.assertEqual(self.agent_with("option var-prefix a.b_C1").var_prefix, "a.b_C1")
        self.assertEqual(
            self.refused("register-var-names"),
            "'register-var-names' expects one or more variable names.",
        )

    def test_timeouts(self) -> None:
        """
        Timeouts are times as elsewhere; 0 is none.
        """
        agent = self.agent_with("timeout hello 5m\n    timeout idle 30us\n    timeout processing 7")
        # The usual ones follow.
        self.assertEqual(agent.timeout_hello_ms, 1000)
        [line] = [line for line in GOOD.splitlines() if "processing" in line]
        agent = self.agent(GOOD.replace(line, "    timeout processing 1500us"))
        self.assertEqual(agent.timeout_processing_ms, 2)
        for line, said in (
            ("timeout", "'timeout' expects 'hello', 'idle' and 'processing'."),
            ("timeout foo 1s", "'timeout' supports 'hello', 'idle' or 'processing' (got foo)."),
            ("timeout hello", "'timeout hello' expects an integer value (in milliseconds)."),
            ("timeout hello x", "unexpected character 'x' in 'timeout hello'."),
            ("timeout idle -1", "unexpected character '-' in 'timeout idle'."),
            (
                "timeout idle 99999999999s",
                "timer overflow in argument <99999999999s> to <timeout idle>, maximum value is"
                " 2147483647 ms (~24.8 days).",
            ),
        ):
            self.assertEqual(self.refused(line), said)

    def test_numbers(self) -> None:
        """
        Rates and limits are numbers; unlike HAProxy's, what is none is refused.
        """
        agent = self.agent_with("maxconnrate 5\n    maxerrrate 6\n    max-waiting-frames 7")
        self.assertEqual((agent.maxconnrate, agent.maxerrrate, agent.max_waiting_frames), (5, 6, 7))
        for line, said in (
            ("maxconnrate", "'maxconnrate' expects an integer argument."),
            ("maxconnrate x", "'maxconnrate' expects an integer argument (got 'x')."),
            ("maxerrrate -1", "'maxerrrate' expects an integer argument (got '-1')."),
            ("max-frame-size", "'max-frame-size' expects an integer argument."),
            ("max-waiting-frames", "'max-waiting-frames' expects an integer argument."),
            (
                "max-waiting-frames 0",
                "'max-waiting-frames' expects a positive integer argument (got '0').",
            ),
        ):
            self.assertEqual(self.refused(line), said)

    def test_names_used_twice(self) -> None:
        """
        A message or group is named once.
        """
        self.assertEqual(self.refused("messages m"), "spoe-message 'm' already used.")
        self.assertEqual(self.refused("groups g g"), "spoe-group 'g' already used.")
        self.assertEqual(self.said_of("messages\n    groups"), [])

    def test_backend(self) -> None:
        """
        The last C{use-backend} counts.
        """
        self.assertEqual(self.refused("use-backend"), "'use-backend' expects a backend name.")
        self.assertEqual(self.agent_with("use-backend nope").backend, "agents")

    def test_logs(self) -> None:
        """
        C{log} is that of the main files; C{no log} forgets what stands before it.
        """
        agent = self.agent_with("log 127.0.0.1:1 local0\n    log 127.0.0.1:2 local1 notice")
        self.assertEqual([each.address.port for each in agent.log_targets], [1, 2])
        agent = self.agent_with(
            "log 127.0.0.1:1 local0\n    log global\n    no log\n    log 127.0.0.1:2 local0",
            more="global\n    log 127.0.0.1:3 local0\n",
        )
        self.assertEqual([each.address.port for each in agent.log_targets], [2])
        for line, said in (
            ("log", "log : expects <address> and <facility> or global as arguments"),
            ("log 127.0.0.1 foo", "log : unknown log facility 'foo'"),
            ("log global x", "log : unknown log facility 'x'"),
            ("no log x", "log : 'no log' does not expect arguments"),
        ):
            self.assertEqual(self.refused(line), said)
