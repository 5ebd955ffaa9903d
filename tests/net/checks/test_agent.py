"""
Tests for L{mwproxy.net.checks.agent}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import AgentSettings
from mwproxy.live import states
from mwproxy.live.servers import Admin, Operational
from mwproxy.net.checks.agent import MAX_ANSWER, AgentDialog, check_agent, take_advice
from mwproxy.net.checks.health import take_result
from mwproxy.net.checks.result import Result
from tests.live.backends import START, make_backend

LEFT = "0 sessions active, 0 requeued, 0 remaining in queue."
ONLINE = "0 sessions requeued, 0 total in queue."
AGENT = AgentSettings(enabled=True, port=81)


def ask(data: bytes, *, ended: bool = True, request: bytes = b"") -> Result | None:
    """
    Let an agent answer.

    @param ended: Whether it closes.
    """
    dialog = AgentDialog(request)
    result = dialog.received(data) if data else None
    if result is None and ended:
        result = dialog.received(b"")
    return result


class DialogTests(SynchronousTestCase):
    """
    Tests for L{AgentDialog}.
    """

    def test_answers(self) -> None:
        """
        Words about up and down are results; without them there is no change.
        """
        for data, status, info in (
            (b"up\n", "L7OK", "via agent : up"),
            (b"UP # fine\r\n", "L7OK", "via agent : UP (fine)"),
            (b"up foo\n", "L7OK", "via agent : up (foo)"),
            (b"down\n", "L7STS", "via agent : down"),
            (b"stopped # why not\n", "L7STS", "via agent : stopped (why not)"),
            (b"50%\n", "CHECKED", ""),
            (b"foo # bar\n", "CHECKED", "agent reports an error : foo"),
            (b"\n", "CHECKED", ""),
            (b"up", "L7RSP", "Ignoring incomplete line from agent"),
            (b"", "L7RSP", "TCPCHK got an empty response at step 1"),
        ):
            result = ask(data)
            assert result is not None
            self.assertEqual((result.status, result.info), (status, info), data)

    def test_after_a_request(self) -> None:
        """
        With C{agent-send} the answer is the second step.
        """
        result = ask(b"", request=b"hello")
        assert result is not None
        self.assertEqual(result.info, "TCPCHK got an empty response at step 2")

    def test_in_pieces(self) -> None:
        """
        An answer may come byte by byte; nobody waits for what follows its line.
        """
        dialog = AgentDialog(b"")
        self.assertIsNone(dialog.received(b"u"))
        self.assertIsNone(dialog.received(b"p"))
        self.assertEqual(dialog.received(b"\n").status, "L7OK")  # type: ignore[union-attr]

    def test_endless(self) -> None:
        """
        An agent that floods without a line is given up, and takes no memory.
        """
        dialog = AgentDialog(b"")
        self.assertIsNone(dialog.received(b"x" * (MAX_ANSWER - 1)))
        self.assertEqual(
            dialog.received(b"x" * 10), Result("L7RSP", info="Ignoring incomplete line from agent")
        )

    def test_request(self) -> None:
        """
        The agent is told what the console has said last.
        """
        server = make_backend({"agent": AGENT}).servers[0]
        assert server.agent is not None
        server.agent.send = b"hi\n"
        self.assertEqual(check_agent(server).request, b"hi\n")


class AdviceTests(SynchronousTestCase):
    """
    Tests for L{take_advice}.
    """

    def setUp(self) -> None:
        self.backend = make_backend({"agent": AGENT, "weight": 100, "maxconn": 20}, {})
        self.server = self.backend.servers[0]
        assert self.server.agent is not None
        self.agent = self.server.agent

    def take(self, data: bytes) -> list[str]:
        """
        Let the agent answer.

        @return: What is told.
        """
        result = ask(data)
        assert result is not None
        return [message.text for message in take_advice(self.server, result, 1, START)]

    def test_down_and_up(self) -> None:
        """
        The agent takes the server down and brings it up again.
        """
        self.assertEqual(
            self.take(b"down # sick\n"),
            [
                "Server be1/s1 is DOWN, reason: Layer7 wrong status, code: 0, info: "
                '"via agent : down (sick)", check duration: 1ms. 1 active and 0 backup servers '
                f"left. {LEFT}"
            ],
        )
        self.assertIs(self.server.operational, Operational.STOPPED)
        self.assertEqual(self.take(b"down\n"), [])
        self.assertEqual(
            self.take(b"up\n"),
            [
                "Server be1/s1 is UP, reason: Layer7 check passed, code: 0, info: "
                '"via agent : up", check duration: 1ms. 2 active and 0 backup servers online. '
                f"{ONLINE}"
            ],
        )
        self.assertEqual((self.agent.status, self.agent.code), ("L7OK", 0))

    def test_weight_and_limit(self) -> None:
        """
        Weight and C{maxconn} are set, and said once.
        """
        self.assertEqual(self.take(b"50% maxconn:30\n"), [])
        self.assertEqual((self.server.weight, self.server.maxconn), (50, 30))
        self.assertEqual((self.agent.status, self.agent.code), ("CHECKED", None))
        self.take(b"ready\n")
        self.assertEqual((self.server.weight, self.server.maxconn), (50, 30))

    def test_bad_numbers(self) -> None:
        """
        A weight or limit that is none is told, and the rest of the line counts.
        """
        for data, said in (
            (b"50%x\n", "agent warns : Trailing garbage in weight string"),
            (b"maxconn:\n", "agent warns : Require <maxconn>."),
            (b"maxconn:x\n", "agent warns : maxconn string empty or preceded by garbage"),
            (b"up 50%x\n", "via agent : up (Trailing garbage in weight string)"),
            (b"foo 50%x\n", "agent reports an error : foo"),
        ):
            self.take(data)
            self.assertEqual(self.agent.description, said)
        self.assertEqual((self.server.weight, self.server.maxconn), (100, 20))

    def test_modes(self) -> None:
        """
        The agent may drain the server, put it in maintenance and back.
        """
        self.assertIn("enters drain state", self.take(b"drain\n")[0])
        self.assertEqual(self.take(b"drain\n"), [])
        self.assertEqual(self.server.admin, Admin.FORCED_DRAIN)
        self.assertIn("leaving forced drain", self.take(b"ready\n")[0])
        self.assertIn("going DOWN for maintenance", self.take(b"maint\n")[0])
        self.assertEqual(self.take(b"up\n"), [])
        self.assertIn("is UP/READY (leaving forced maintenance)", self.take(b"ready\n")[0])

    def test_maintenance_ends_down(self) -> None:
        """
        A server whose agent has reported it down leaves maintenance down.
        """
        self.take(b"maint down\n")
        self.assertEqual(
            self.take(b"ready\n"),
            ["Server be1/s1 is DOWN/READY (leaving forced maintenance)."],
        )
        self.assertIs(self.server.operational, Operational.STOPPED)

    def test_failures_change_nothing(self) -> None:
        """
        An agent that cannot be asked leaves the server as it is, up or down.
        """
        for result in (Result("L4CON"), Result("L7TOUT"), Result("L7RSP"), Result("SOCKERR")):
            self.assertEqual(take_advice(self.server, result, 1, START), [])
            self.assertEqual(self.agent.status, result.status)
        self.assertTrue(self.server.usable_now)
        self.take(b"down\n")
        take_advice(self.server, Result("L4CON"), 1, START)
        self.assertFalse(self.server.usable_now)

    def test_log_health_checks(self) -> None:
        """
        With C{option log-health-checks} each change of result is told, but for answers that say
        nothing about up and down.
        """
        self.backend.description.options.add("log-health-checks")
        self.assertEqual(
            self.take(b"up\n"),
            [
                "Agent check for server be1/s1 succeeded, reason: Layer7 check passed, code: 0, "
                'info: "via agent : up", check duration: 1ms, status: 1/1 UP.'
            ],
        )
        self.assertEqual(self.take(b"up\n"), [])
        self.assertEqual(self.take(b"50%\n"), [])


class BesideHealthTests(SynchronousTestCase):
    """
    Tests of agents beside health checks.
    """

    def setUp(self) -> None:
        self.server = make_backend({"agent": AGENT, "check": {"rise": 1, "fall": 1}}).servers[0]

    def take(self, data: bytes) -> None:
        """
        Let the agent answer.
        """
        result = ask(data)
        assert result is not None
        take_advice(self.server, result, 1, START)

    def test_both_must_agree(self) -> None:
        """
        A server is up only when neither the agent nor health checks object.
        """
        self.take(b"down\n")
        take_result(self.server, Result("L4OK"), 1, START)
        self.assertFalse(self.server.up)
        take_result(self.server, Result("L4CON"), 1, START)
        self.take(b"up\n")
        self.assertFalse(self.server.up)
        take_result(self.server, Result("L4OK"), 1, START)
        self.assertTrue(self.server.up)

    def test_disabled_agent_does_not_count(self) -> None:
        """
        Once the agent is disabled, health checks decide alone.
        """
        self.take(b"down\n")
        assert self.server.agent is not None
        self.server.agent.enabled = False
        take_result(self.server, Result("L4OK"), 1, START)
        self.assertTrue(self.server.up)

    def test_declared_stopping(self) -> None:
        """
        A server that an operator has declared stopping is not brought back by its agent.
        """
        states.set_stopping(self.server, START)
        self.take(b"up\n")
        self.assertIs(self.server.operational, Operational.STOPPING)

    def test_declared_up(self) -> None:
        """
        A server that is declared healthy by an operator is up, whatever its agent has said.
        """
        self.take(b"down\n")
        states.declare_healthy(self.server, True)
        states.set_up(self.server, START)
        self.assertTrue(self.server.up)
