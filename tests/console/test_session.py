"""
Tests for L{mwproxy.console.session} and the connection under it.
"""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mwproxy import __version__
from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.line_session import READ_AHEAD
from mwproxy.console.session import WorkerConsole
from mwproxy.core.families import Command, worker_commands
from mwproxy.core.levels import Level
from tests.console.sessions import connected
from tests.observe.worker import a_worker


class SessionTestCase(SynchronousTestCase):
    """
    What tests of sessions have in common.
    """

    def begin(
        self, mode: str = "n", level: Level = Level.ADMIN, timeout_ms: int | None = 1000
    ) -> None:
        """
        Connect.
        """
        self.clock = Clock()
        self.session = WorkerConsole(a_worker(), level, mode, timeout_ms, clock=self.clock)
        self.wire = connected(self.session)
        self.wire.clear()

    def say(self, text: str) -> str:
        """
        Send input.

        @return: The answer.
        """
        self.session.dataReceived(text.encode())
        return self.wire.text()

    def register(self, name: str, run: object) -> None:
        """
        Add a command for this test.
        """
        worker_commands.register(name, Command(name, "user", name, "", True, run))  # type: ignore[arg-type]  # made here
        self.addCleanup(worker_commands._entries.pop, name)


class ModeTests(SessionTestCase):
    """
    Tests of the three modes.
    """

    def test_interfaces(self) -> None:
        """
        A session is what transports expect.
        """
        self.begin()
        verifyObject(IHalfCloseableProtocol, self.session)
        verifyObject(IPushProducer, self.session)

    def test_one_line(self) -> None:
        """
        In mode n the commands of one line are answered, then the connection is closed.
        """
        self.begin()
        self.assertEqual(
            self.say("show version;show cli level\nshow version\n"), f"{__version__}\n\nadmin\n\n"
        )
        self.assertTrue(self.wire.disconnecting)

    def test_line_without_end(self) -> None:
        """
        A line without line feed is not executed.
        """
        self.begin()
        self.assertEqual(self.say("show version"), "")
        self.session.readConnectionLost()
        self.assertEqual(self.wire.text(), "")
        self.assertTrue(self.wire.disconnecting)

    def test_empty_line(self) -> None:
        """
        An empty line is answered by one, and closes in mode n.
        """
        self.begin()
        self.assertEqual(self.say("\n"), "\n")
        self.assertTrue(self.wire.disconnecting)

    def test_interactive(self) -> None:
        """
        In mode i the connection stays open.
        """
        self.begin("i")
        self.assertEqual(self.say("show cli level\n"), "admin\n\n")
        self.assertEqual(self.say("show cli level\n"), "admin\n\n")
        self.assertFalse(self.wire.disconnecting)

    def test_prompt(self) -> None:
        """
        C{prompt} answers an empty line and prompts; pipelined commands prompt once.
        """
        self.begin()
        self.assertEqual(self.say("prompt\n"), "\n> ")
        self.assertEqual(self.say("show cli level\nshow cli level\n"), "admin\n\nadmin\n\n> ")
        self.assertEqual(self.say("prompt timed\n"), "\n[0:00:00:00] > ")

    def test_prompt_off(self) -> None:
        """
        C{prompt} without word leads from p back to n, which closes.
        """
        self.begin("p")
        self.assertEqual(self.say("prompt\n"), "\n")
        self.assertTrue(self.wire.disconnecting)

    def test_first_prompt(self) -> None:
        """
        A session opened in mode p begins with its prompt, in mode i with an empty line.
        """
        for mode, first in (("p", "\n> "), ("i", "\n"), ("n", "")):
            self.assertEqual(connected(WorkerConsole(a_worker(), mode=mode)).text(), first)

    def test_quit(self) -> None:
        """
        C{quit} closes without a word.
        """
        self.begin("i")
        self.assertEqual(self.say("quit\nshow version\n"), "")
        self.assertTrue(self.wire.disconnecting)

    def test_half_close(self) -> None:
        """
        Who has closed its sending side still gets all answers.
        """
        self.begin("i")
        coming: Deferred[str] = Deferred()
        self.register("later", lambda invocation: coming)
        self.assertEqual(self.say("later\nshow cli level\n"), "")
        self.session.readConnectionLost()
        self.assertFalse(self.wire.disconnecting)
        coming.callback("now\n")
        self.assertEqual(self.wire.text(), "now\n\nadmin\n\n")
        self.assertTrue(self.wire.disconnecting)

    def test_too_long(self) -> None:
        """
        A line that is too long is refused, and closes.
        """
        self.begin("i")
        self.assertIn("too long", self.say("x" * 20000))
        self.assertTrue(self.wire.disconnecting)

    @settings(derandomize=True, max_examples=25, deadline=None)
    @given(st.lists(st.integers(1, 40), max_size=6))
    def test_cut_anywhere(self, cuts: list[int]) -> None:
        """
        However input is cut, the answers are the same.
        """
        data = "show cli level;echo a\\;b\nuser\nshow cli level\nfoo bar\n"
        self.begin("i")
        whole = self.say(data)
        self.begin("i")
        pieces, at = "", 0
        for cut in [*cuts, len(data)]:
            pieces += self.say(data[at : at + cut])
            at += cut
        self.assertEqual(pieces, whole)


class LevelTests(SessionTestCase):
    """
    Tests of levels and modes.
    """

    def test_denied(self) -> None:
        """
        A command above the level is refused.
        """
        self.begin("i", Level.USER)
        self.assertEqual(self.say("show env\n"), "Permission denied\n\n")
        self.assertEqual(self.say("operator\n"), "Permission denied\n\n")

    def test_lowered(self) -> None:
        """
        The level can be lowered, for good; a dash makes that silent.
        """
        self.begin("i")
        self.assertEqual(self.say("operator -;show cli level\n"), "operator\n\n")
        self.assertEqual(self.say("user\n"), "\n")
        self.assertEqual(self.say("show cli level\n"), "user\n\n")

    def test_severity(self) -> None:
        """
        Feedback begins with its severity, when asked for; what is shown does not.
        """
        self.begin("i")
        self.say("set severity-output number\n")
        self.assertEqual(self.say("show version\n"), f"[6]: {__version__}\n\n")
        self.assertEqual(self.say("set server\n"), "[3]: Require 'backend/server'.\n\n")
        self.assertEqual(self.say("show cli level\n"), "admin\n\n")
        self.say("set severity-output string\n")
        self.assertEqual(self.say("show version\n"), f"[info]: {__version__}\n\n")

    def test_expert(self) -> None:
        """
        The mode without word tells whether it is on.
        """
        self.begin("i")
        self.assertEqual(self.say("expert-mode\n"), "expert-mode is OFF\n\n")
        self.assertEqual(self.say("expert-mode on\nexpert-mode\n"), "\nexpert-mode is ON\n\n")


class FlowTests(SessionTestCase):
    """
    Tests of pace.
    """

    def test_endless_answer_waits(self) -> None:
        """
        An answer is pulled only while the peer reads.
        """
        self.begin("i")
        pulled = []

        def run(invocation: Invocation) -> Iterator[str]:
            for number in range(1000):
                pulled.append(number)
                if number == 3:
                    self.session.pauseProducing()
                yield "x\n"

        self.register("endless", run)
        self.say("endless\nshow cli level\n")
        self.assertEqual(len(pulled), 4)
        self.session.resumeProducing()
        self.assertEqual(len(pulled), 1000)
        self.assertTrue(self.wire.text().endswith("x\n\nadmin\n\n"))

    def test_traffic_goes_on(self) -> None:
        """
        A long answer is made in several turns of the reactor.
        """
        self.begin("i")
        self.register("long", lambda invocation: iter(["x" * 9999 + "\n"] * 4))
        self.assertEqual(len(self.say("long\nshow cli level\n")), 10000)
        self.assertEqual(self.say("show cli level\n"), "")
        self.clock.advance(0)
        self.assertEqual(self.wire.text()[30000:], "\nadmin\n\nadmin\n\n")

    def test_gone_between_turns(self) -> None:
        """
        Nothing is left to do once the peer has gone.
        """
        self.begin("i", timeout_ms=None)
        self.register("long", lambda invocation: iter(["x" * 9999 + "\n"] * 4))
        self.say("long\n")
        self.session.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_gone_in_the_middle(self) -> None:
        """
        An answer whose peer has gone is given up.
        """
        self.begin("i")
        closed = []

        def run(invocation: Invocation) -> Iterator[str]:
            try:
                self.session.pauseProducing()
                yield "x\n"
                yield "y\n"
            finally:
                closed.append(True)

        self.register("endless", run)
        self.say("endless\n")
        self.session.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(closed, [True])

    def test_input_waits(self) -> None:
        """
        While an answer is not there, little input is taken.
        """
        self.begin("i")
        coming: Deferred[str] = Deferred()
        self.register("later", lambda invocation: coming)
        self.say("later\n")
        self.say("echo a\n" * (READ_AHEAD // 7 + 1))
        self.assertEqual(self.wire.producerState, "paused")
        coming.callback("")
        self.assertEqual(self.wire.producerState, "producing")

    def test_error_while_pulling(self) -> None:
        """
        An answer that fails half way ends with the reason.
        """
        self.begin("i")

        def run(invocation: Invocation) -> Iterator[str]:
            yield "x\n"
            raise CommandError("no more")

        self.register("half", run)
        self.assertEqual(self.say("half\n"), "x\nno more\n\n")

    def test_bug(self) -> None:
        """
        A mistake in a command is logged, and the session goes on.
        """
        self.begin("i")
        self.register("bug", lambda invocation: 1 / 0)
        self.assertEqual(self.say("bug\nshow cli level\n"), "Internal error\n\nadmin\n\n")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_idle(self) -> None:
        """
        Who says nothing for too long is disconnected; each input counts anew.
        """
        self.begin("i", timeout_ms=1000)
        self.clock.advance(0.9)
        self.say("show cli level\n")
        self.clock.advance(0.9)
        self.assertFalse(self.wire.aborted)
        self.clock.advance(0.2)
        self.assertTrue(self.wire.aborted)

    def test_timeout_counts_at_once(self) -> None:
        """
        C{set timeout cli} is about the very pause that follows it.
        """
        self.begin("i", timeout_ms=1000)
        self.say("set timeout cli 5\n")
        self.clock.advance(4)
        self.assertEqual(self.say("echo a\n"), "a\n\n")

    def test_idle_time_changed(self) -> None:
        """
        C{set timeout cli} counts in seconds.
        """
        self.begin("i", timeout_ms=1000)
        self.assertEqual(self.say("set timeout cli 5\n"), "\n")
        self.say("\n")
        self.clock.advance(4.9)
        self.assertFalse(self.wire.aborted)
        self.assertEqual(self.say("set timeout cli x\n"), "Invalid timeout value.\n\n")
        self.assertEqual(self.say("set timeout cli\n"), "Expects an integer value.\n\n")

    def test_payload(self) -> None:
        """
        A command gets its payload, and nothing else does.
        """
        self.begin("p")
        self.register("take", lambda invocation: invocation.payload)
        self.assertEqual(self.say("take <<\na\nb\n"), "+ ")
        self.assertEqual(self.say("\n"), "a\nb\n\n> ")
