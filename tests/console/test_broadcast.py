"""
Tests for L{mwproxy.console.broadcast} and C{@*} of L{mwproxy.console.master_session}.
"""

from __future__ import annotations

from typing import Any

from mwproxy.console.broadcast import HELD
from mwproxy.core.levels import Level
from tests.console.sessions import Wire, a_row
from tests.console.test_master_session import GONE, MasterTestCase


class BroadcastTests(MasterTestCase):
    """
    Tests with the current workers 200 and 201.
    """

    def setUp(self) -> None:
        super().setUp()
        self.view.processes[1] = a_row(200, "worker", serving=True)
        self.view.processes.append(a_row(201, "worker", relative=2, serving=True))
        self.view.processes.append(a_row(300, "worker", relative=3, starting=True, serving=True))

    def workers(self) -> list[tuple[Wire, Any]]:
        """
        List the sessions in workers.
        """
        return self.reactor.wires

    def give(self, index: int, data: bytes, *, end: bool = True) -> str:
        """
        Let a worker answer.

        @return: What is shown then.
        """
        _, protocol = self.workers()[index]
        protocol.dataReceived(data)
        if end:
            protocol.connectionLost(GONE)
        return self.wire.text()

    def test_all_are_asked(self) -> None:
        """
        All current workers that are READY get the command, at the connection's level.
        """
        self.say("operator\n@* show info\n")
        self.assertEqual(self.view.opened, [(200, Level.OPERATOR, "n"), (201, Level.OPERATOR, "n")])
        self.assertEqual([wire.value() for wire, _ in self.workers()], [b"show info\n"] * 2)

    def test_modes(self) -> None:
        """
        Modes are those of the connection; feedback has no severity, which would stand behind the
        labels.
        """
        self.say("expert-mode on\nset severity-output number\n@* show info\n")
        self.assertEqual(
            [wire.value() for wire, _ in self.workers()], [b"expert-mode on -;show info\n"] * 2
        )

    def test_answers(self) -> None:
        """
        Each answer has its label; the whole ends with one empty line, and the next command is
        executed after it.
        """
        self.assertEqual(self.say("@* show info\nshow cli level\n"), "")
        self.assertEqual(self.give(0, b"a: 1\nb: 2\n\n"), "# 1 (200)\na: 1\nb: 2\n")
        self.assertEqual(self.give(1, b"a: 3\n\n"), "# 2 (201)\na: 3\n\nadmin\n\n")

    def test_slow(self) -> None:
        """
        One that is slow does not hide the other, and is given up in the end.
        """
        self.say("@* show info\n")
        self.assertEqual(self.give(1, b"x\n\n"), "# 2 (201)\nx\n")
        self.reactor.advance(9)
        self.assertEqual(self.wire.text(), "")
        self.reactor.advance(1)
        self.assertEqual(self.wire.text(), "# 1 (200)\n# no answer within 10s\n\n")
        self.assertTrue(self.workers()[0][0].aborted)

    def test_slow_in_the_midst(self) -> None:
        """
        Of one that stops in the midst of its answer that part is shown.
        """
        self.say("@* show info\n")
        self.give(1, b"x\n\n")
        self.reactor.advance(9)
        self.give(0, b"half", end=False)
        self.reactor.advance(10)
        self.assertEqual(self.wire.text(), "# 1 (200)\nhalf\n# no answer within 10s\n\n")

    def test_dead(self) -> None:
        """
        One that is gone is said to be gone; an empty answer is none.
        """
        self.say("@* clear counters\n")
        self.workers()[0][1].connectionLost(GONE)
        self.assertEqual(self.wire.text(), "# 1 (200)\n# gone without an answer\n")
        self.assertEqual(self.give(1, b"\n"), "# 2 (201)\n\n")

    def test_cannot_be_asked(self) -> None:
        """
        One whose channel is closed is named.
        """
        self.view.unreachable = {200}
        self.assertEqual(
            self.say("@* show info\n") + self.give(0, b"x\n\n"),
            "# 1 (200)\n# Can't connect to the target CLI!\n# 2 (201)\nx\n\n",
        )

    def test_long(self) -> None:
        """
        A long answer is shown as it comes, without its last line feeds, others wait.
        """
        self.say("@* show stat\n")
        first, second = self.workers()
        self.assertEqual(self.give(0, b"x" * HELD, end=False), "")
        self.assertEqual(first[0].producerState, "producing")
        shown = self.give(0, b"y\n\n", end=False)
        self.assertEqual(shown, "# 1 (200)\n" + "x" * HELD + "y")
        self.assertEqual(self.give(1, b"z" * HELD + b"z", end=False), "")
        self.assertEqual(second[0].producerState, "paused")
        self.assertEqual(self.give(0, b"z", end=False), "\n\nz")
        first[1].connectionLost(GONE)
        self.assertEqual(self.wire.text(), "\n# 2 (201)\n" + "z" * (HELD + 1))
        self.assertEqual(second[0].producerState, "producing")
        self.assertEqual(self.give(1, b"\n\n"), "\n\n")

    def test_paused_has_time(self) -> None:
        """
        One that is kept waiting by us is not given up.
        """
        self.say("@* show stat\n")
        self.give(0, b"x" * HELD + b"x", end=False)
        self.give(1, b"z" * HELD + b"z", end=False)
        for _ in range(5):
            self.reactor.advance(9)
            self.give(0, b"x", end=False)
        self.workers()[0][1].connectionLost(GONE)
        self.assertIn("zzz", self.wire.text())

    def test_client_reads_slowly(self) -> None:
        """
        A client that does not read makes workers wait.
        """
        self.say("@* show stat\n")
        self.give(0, b"x" * HELD + b"x", end=False)
        self.session.pauseProducing()
        first = self.workers()[0][0]
        self.assertEqual(first.producerState, "paused")
        self.give(1, b"y\n\n")
        self.reactor.advance(100)
        self.assertEqual(self.wire.text(), "")
        self.session.resumeProducing()
        self.assertEqual(first.producerState, "producing")
        self.workers()[0][1].connectionLost(GONE)
        self.assertEqual(self.wire.text(), "\n# 2 (201)\ny\n\n")

    def test_client_leaves(self) -> None:
        """
        Without the client nothing goes on in the workers.
        """
        self.say("@* show stat\n")
        self.session.connectionLost(GONE)
        self.assertTrue(all(wire.aborted for wire, _ in self.workers()))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_payload_and_prompt(self) -> None:
        """
        A payload goes to all; the prompt follows the whole.
        """
        self.say("prompt\n")
        self.say("@* set map x <<\n")
        self.say("a b\n\n")
        self.assertEqual(self.workers()[0][0].value(), b"set map x <<\na b\n\n")
        self.give(0, b"\n")
        self.assertEqual(self.give(1, b"\n"), "# 2 (201)\n\nmaster> ")

    def test_during_a_reload(self) -> None:
        """
        Workers that serve are asked also while a reload, or one that failed, makes them old.
        """
        self.view.processes[1] = a_row(200, "worker", serving=True, old=True, reloads=1)
        self.view.processes[3] = a_row(201, "worker", relative=2)
        self.say("@* show info\n")
        self.assertEqual([pid for pid, _, _ in self.view.opened], [200])

    def test_alone(self) -> None:
        """
        It is no default target.
        """
        self.assertEqual(self.say("@*\n"), "'@*' needs a command behind it.\n")
        self.assertIn("matching the prefix '@@*'", self.say("@@* show info\n"))

    def test_nobody(self) -> None:
        """
        Without a current worker that is said.
        """
        self.view.processes = [a_row(1, "master"), a_row(100, "worker", old=True)]
        self.assertEqual(
            self.say("@* show info\n"), "Can't find the target PID matching the prefix '@*'\n"
        )
