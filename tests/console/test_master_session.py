"""
Tests for L{mwproxy.console.master_session}, L{mwproxy.console.relay} and
L{mwproxy.console.targets}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.console.line_session import READ_AHEAD
from mwproxy.console.master_session import MasterConsole
from mwproxy.console.master_view import ReloadResult
from mwproxy.console.relay import WorkerLink
from mwproxy.console.targets import resolve
from mwproxy.core.levels import Level
from mwproxy.protocols.cli_lines import parse_target
from tests.console.sessions import FakeReactor, FakeView, Wire, a_row, connected

GONE = Failure(ConnectionDone())


class MasterTestCase(SynchronousTestCase):
    """
    What tests of the master's console have in common.
    """

    def setUp(self) -> None:
        self.view = FakeView()
        self.begin()

    def begin(self, level: Level = Level.ADMIN) -> None:
        """
        Connect.
        """
        self.reactor = FakeReactor()
        self.session = MasterConsole(self.view, self.reactor, level)
        self.wire = connected(self.session)
        self.addCleanup(self.close)

    def close(self) -> None:
        """
        Disconnect.
        """
        self.session.connectionLost(GONE)
        for each in self.view.sockets:
            each.close()

    def say(self, text: str) -> str:
        """
        Send input.

        @return: The answer.
        """
        self.session.dataReceived(text.encode())
        # Long answers leave room for others before what comes next.
        self.reactor.advance(0)
        return self.wire.text()

    def worker(self) -> tuple[Wire, Any]:
        """
        Get the latest session in a worker.
        """
        return self.reactor.wires[-1]

    def answer(self, data: bytes) -> str:
        """
        Let the worker answer and close.
        """
        _, protocol = self.worker()
        protocol.dataReceived(data)
        protocol.connectionLost(GONE)
        return self.wire.text()


class OwnCommandTests(MasterTestCase):
    """
    Tests of the master's own commands.
    """

    def test_stays_open(self) -> None:
        """
        The connection stays open after each command.
        """
        self.assertEqual(self.say("show version\n"), f"{__version__}\n\n")
        self.assertEqual(self.say("show cli level;\n"), "admin\n\n")
        self.assertEqual(self.say("\n"), "\n")
        self.assertFalse(self.wire.disconnecting)

    def test_show_proc(self) -> None:
        """
        Processes are listed in columns; blanks at the end are kept.
        """
        self.assertEqual(
            self.say("show proc\n"),
            "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
            "1               master          2 [failed: 0]   0d00h02m15s     0.1.0          \n"
            "# workers\n"
            "200             worker          0               0d00h00m05s     0.1.0          \n"
            "# old workers\n"
            "100             worker          1               0d00h00m05s     0.1.0          \n"
            "\n",
        )

    def test_show_proc_empty(self) -> None:
        """
        Of the titles, only that of workers is always there.
        """
        self.view.processes = [a_row(1, "master")]
        self.assertEqual(self.say("show proc\n").splitlines()[2:], ["# workers", ""])

    def test_show_proc_programs(self) -> None:
        """
        Programs are listed by name, old ones apart; they have no channels.
        """
        self.view.processes += [
            a_row(7, "program", name="p2", version="-"),
            a_row(6, "program", name="p1", version="-", old=True, reloads=2),
        ]
        lines = self.say("show proc debug\n").splitlines()
        self.assertEqual(
            lines[0],
            "#<PID>          <type>          <reloads>       <uptime>        <version>      "
            "\t\t <ipc_fd[0]>     <ipc_fd[1]>    ",
        )
        self.assertTrue(lines[3].endswith("\t\t -1              -1             "))
        self.assertEqual(lines[6], "# programs")
        self.assertEqual(
            lines[7],
            "7               p2              0               0d00h00m05s     -              ",
        )
        self.assertEqual(lines[8], "# old programs")

    def test_show_proc_several(self) -> None:
        """
        With several workers there is a column for their numbers.
        """
        self.view.nbproc = 2
        self.view.processes[2] = a_row(100, "worker", old=True, relative=2)
        lines = self.say("show proc\n").splitlines()
        self.assertEqual(
            lines[0],
            "#<PID>          <type>          <relative PID>  <reloads>       <uptime>        "
            "<version>      ",
        )
        self.assertEqual(lines[1].split()[:4], ["1", "master", "0", "2"])
        self.assertEqual(lines[5].split()[:4], ["100", "worker", "[was:", "2]"])

    def test_show_proc_argument(self) -> None:
        """
        Any other argument is refused.
        """
        self.assertEqual(
            self.say("show proc x\n"), "'show proc' only supports 'debug' as argument\n\n"
        )

    def test_environment_and_logs(self) -> None:
        """
        The master shows its environment and its start-up log.
        """
        self.assertEqual(self.say("show env\n"), "A=1\nB=2\n\n")
        self.assertEqual(self.say("show env B\n"), "B=2\n\n")
        self.assertEqual(self.say("show env C\n"), "Variable not found\n\n")
        self.assertEqual(self.say("show startup-logs\n"), "[NOTICE]   (1) : Loading success.\n\n")
        self.assertEqual(self.say("show cli sockets\n"), "\n")

    def test_denied(self) -> None:
        """
        Commands above the level are refused.
        """
        self.begin(Level.USER)
        self.assertEqual(self.say("show proc\n"), "Permission denied\n\n")
        self.assertEqual(self.say("reload\n"), "Permission denied\n\n")


class ReloadTests(MasterTestCase):
    """
    Tests of C{reload}.
    """

    def test_answer(self) -> None:
        """
        The answer comes when the reload ends; then the connection is closed, and what else was
        on the line is dropped.
        """
        self.assertEqual(self.say("reload;show version\n"), "")
        hard, result = self.view.reloads[0]
        self.assertFalse(hard)
        result.callback(ReloadResult(True, "[NOTICE]   (1) : x\n", 2))
        self.assertEqual(self.wire.text(), "Success=1\n--\n[NOTICE]   (1) : x\n\n")
        self.assertTrue(self.wire.disconnecting)

    def test_prompt_stays(self) -> None:
        """
        A connection with a prompt stays open; it shows that the reload failed.
        """
        self.say("prompt\nhard-reload\n")
        hard, result = self.view.reloads[0]
        self.assertTrue(hard)
        self.view.reload_failed = True
        result.callback(ReloadResult(False, "a\nb\n", 1))
        self.assertEqual(self.wire.text(), "Success=0\n--\na\nb\n\nmaster[ReloadFailed]> ")
        self.assertFalse(self.wire.disconnecting)

    def test_client_gone(self) -> None:
        """
        A client that did not wait changes nothing.
        """
        self.say("reload\n")
        self.session.connectionLost(GONE)
        self.view.reloads[0][1].callback(ReloadResult(True, "", 2))

    def test_status(self) -> None:
        """
        The outcome can be asked for later.
        """
        self.assertEqual(
            self.say("_loadstatus\n"), "Success=1\n--\n[NOTICE]   (1) : Loading success.\n\n"
        )


class ConnectionTests(MasterTestCase):
    """
    Tests of commands about the connection.
    """

    def test_prompt(self) -> None:
        """
        The prompt follows each answer without empty line before it.
        """
        self.assertEqual(self.say("prompt\n"), "master> ")
        self.assertEqual(self.say("show cli level\n"), "admin\n\nmaster> ")
        self.assertEqual(self.say("prompt timed\n"), "[0:00:02:15] master> ")
        self.assertEqual(self.say("prompt timed\nprompt i\n"), "master> ")
        self.assertEqual(self.say("prompt p\nquit\n"), "master> master> ")
        self.assertTrue(self.wire.disconnecting)

    def test_prompt_usage(self) -> None:
        """
        Other words bring the usage.
        """
        self.assertTrue(self.say("prompt n\n").startswith("Usage: prompt"))

    def test_modes(self) -> None:
        """
        Modes print nothing and show in the prompt.
        """
        self.say("prompt\n")
        self.assertEqual(self.say("expert-mode on\n"), "master(e)> ")
        self.assertEqual(
            self.say("experimental-mode on;mcli-debug-mode on\n"), "master(xe)> master(xed)> "
        )

    def test_mode_is_asked_for(self) -> None:
        """
        Asking which mode it is is no error: what follows is executed.
        """
        self.assertEqual(
            self.say("expert-mode;expert-mode on\nexpert-mode;show cli level\n"),
            "expert-mode is OFF\nexpert-mode is ON\nadmin\n\n",
        )

    def test_levels(self) -> None:
        """
        The level goes down for good; the errors have no empty line and discard what follows.
        """
        self.assertEqual(self.say("operator\n"), "")
        self.assertEqual(self.say("expert-mode on;show cli level\n"), "Permission denied!\n")
        self.assertEqual(self.say("user\noperator\nshow cli level\n"), "Permission denied!\n")
        self.assertEqual(self.say("show cli level\n"), "user\n\n")

    def test_unknown_target(self) -> None:
        """
        A prefix that means nobody is refused, and the rest discarded.
        """
        self.assertEqual(
            self.say("@foo show version;show version\n"),
            "Can't find the target PID matching the prefix '@foo'\n",
        )
        self.assertEqual(
            self.say("@!1 show version\n"), "Can't find the target PID matching the prefix '@!1'\n"
        )


class RelayTests(MasterTestCase):
    """
    Tests of commands for workers.
    """

    def test_prefix(self) -> None:
        """
        A command with a prefix goes to the worker alone, and its output comes verbatim.
        """
        self.assertEqual(self.say("@1 show info typed;show version\n"), "")
        self.assertEqual(self.view.opened, [(200, Level.ADMIN, "n")])
        self.assertEqual(self.worker()[0].text(), "show info typed\n")
        self.assertEqual(self.answer(b"xy\n\n"), f"xy\n\n{__version__}\n\n")

    def test_level(self) -> None:
        """
        The connection's level holds in the worker.
        """
        self.begin(Level.OPERATOR)
        self.say("@!100 show info\n")
        self.assertEqual(self.view.opened, [(100, Level.OPERATOR, "n")])

    def test_mode(self) -> None:
        """
        A prefix alone makes the worker the target, until another does.
        """
        self.say("prompt\n")
        self.assertEqual(self.say("@1\n"), "200> ")
        self.say("show info\n")
        self.assertEqual(self.answer(b"a\n\n"), "a\n\n200> ")
        self.assertEqual(self.say("@master show cli level\n"), "admin\n\n200> ")
        self.assertEqual(self.say("@\n"), "master> ")
        self.assertEqual(self.say("show cli level\n"), "admin\n\nmaster> ")

    def test_target_gone(self) -> None:
        """
        When the target is gone, the connection is closed.
        """
        self.say("@!100\n")
        del self.view.processes[2]
        self.assertEqual(self.say("show info\n"), "Can't connect to the target CLI!\n")
        self.assertTrue(self.wire.disconnecting)

    def test_replayed(self) -> None:
        """
        Modes hold in the worker.
        """
        self.say("expert-mode on;experimental-mode on;set severity-output number\n")
        self.say("@1 show info\n")
        self.assertEqual(
            self.worker()[0].text(),
            "expert-mode on -;experimental-mode on -;set severity-output number -;show info\n",
        )

    def test_payload(self) -> None:
        """
        A payload goes with its command.
        """
        self.say("@1 set map <<END\na b\nEND\n")
        self.assertEqual(self.worker()[0].text(), "set map <<END\na b\nEND\n")

    def test_worker_dies(self) -> None:
        """
        A worker that dies ends the answer, no more.
        """
        self.say("prompt\n")
        self.say("@1 show info\n")
        self.assertEqual(self.answer(b"Name: x\n"), "Name: x\nmaster> ")

    def test_client_gone(self) -> None:
        """
        Without its client the session in the worker is aborted.
        """
        self.say("@1 show info\n")
        self.session.connectionLost(GONE)
        self.assertTrue(self.worker()[0].aborted)

    def test_slow_client(self) -> None:
        """
        A client that does not read makes the worker wait.
        """
        self.say("@1 show info\n")
        self.session.pauseProducing()
        self.assertEqual(self.worker()[0].producerState, "paused")
        self.session.resumeProducing()
        self.assertEqual(self.worker()[0].producerState, "producing")

    def test_half_closed(self) -> None:
        """
        A client that has closed its sending side gets its answer.
        """
        self.say("@1 show info\n")
        self.session.readConnectionLost()
        self.assertFalse(self.wire.disconnecting)
        self.assertEqual(self.answer(b"a\n\n"), "a\n\n")
        self.assertTrue(self.wire.disconnecting)


class SessionInWorkerTests(MasterTestCase):
    """
    Tests of C{@@}.
    """

    def test_line(self) -> None:
        """
        The whole rest of the line goes to the worker; then the master takes over again, also what
        has come meanwhile.
        """
        self.say("prompt\n")
        self.say("@@1 show info; show stat\nshow cli level\n")
        self.assertEqual(self.worker()[0].text(), "show info; show stat\n")
        self.say("echo x\n")
        self.assertEqual(self.worker()[0].text(), "")
        self.assertEqual(self.answer(b"a\n\n"), "a\n\nmaster> admin\n\nmaster> x\n\nmaster> ")
        self.assertEqual(self.say("show cli level\n"), "admin\n\nmaster> ")

    def test_input_behind_the_end(self) -> None:
        """
        What is sent behind C{quit} is executed by the master, whenever the worker closes; a session
        that a C{prompt} keeps open gets its input.
        """
        self.say("@@1\nshow info\nquit\nshow cli level\n")
        self.assertEqual(self.worker()[0].text(), "show info\nquit\n")
        self.assertEqual(self.answer(b"a\n\n"), "a\n\nadmin\n\n")
        self.say("@@1 prompt\nshow info\n")
        self.assertEqual(self.worker()[0].text(), "prompt\nshow info\n")
        self.say("show st")
        self.say("at\nquit;echo x\necho y\n")
        self.assertEqual(self.worker()[0].text(), "show stat\nquit;\n")
        self.assertEqual(self.answer(b"b\n\n"), "b\n\nx\n\ny\n\n")

    def test_much_input_behind_the_end(self) -> None:
        """
        Input for the master does not pile up while it waits for the session's end.
        """
        self.say("@@1\nquit\n")
        for _ in range(READ_AHEAD // 1000 + 2):
            self.say("echo " + "x" * 994 + "\n")
        self.assertEqual(self.wire.producerState, "paused")

    def test_level(self) -> None:
        """
        The level holds here too.
        """
        self.begin(Level.USER)
        self.say("@@1\n")
        self.assertEqual(self.view.opened, [(200, Level.USER, "i")])

    def test_session(self) -> None:
        """
        Alone, it opens a session in the mode of the connection, to which all input goes.
        """
        self.say("prompt\n")
        self.assertEqual(self.say("@@1\nshow info\n"), "")
        self.assertEqual(self.view.opened, [(200, Level.ADMIN, "p")])
        self.assertEqual(self.worker()[0].text(), "show info\n")
        self.worker()[1].dataReceived(b"\n> ")
        self.assertEqual(self.wire.text(), "\n> ")

    def test_timed(self) -> None:
        """
        The clock of the prompt is asked for.
        """
        self.say("prompt timed;expert-mode on\n")
        self.say("@@1\n")
        self.assertEqual(self.view.opened, [(200, Level.ADMIN, "n")])
        self.assertEqual(self.worker()[0].text(), "expert-mode on -;prompt timed\n")

    def test_half_closed(self) -> None:
        """
        The end of the client's input reaches the worker.
        """
        self.say("@@1\n")
        self.session.readConnectionLost()
        self.assertTrue(self.worker()[0].half_closed)

    def test_master(self) -> None:
        """
        With the master as target it is like one C{@}.
        """
        self.assertEqual(self.say("@@master show cli level\n"), "admin\n\n")


class TargetTests(SynchronousTestCase):
    """
    Tests of what prefixes mean.
    """

    def find(self, word: str, *rows: object) -> int | None:
        """
        Resolve a prefix.
        """
        return resolve(list(rows), parse_target(word))  # type: ignore[arg-type]  # rows they are

    def test_current(self) -> None:
        """
        The current worker comes before old ones, and one that still starts does not count.
        """
        old, new = a_row(3, "worker", old=True, reloads=1), a_row(4, "worker")
        starting = a_row(5, "worker", starting=True)
        self.assertEqual(self.find("@1", starting, old, new), 4)
        self.assertEqual(self.find("@1", starting, old), 3)

    def test_least_reloaded(self) -> None:
        """
        Of old workers the newest is meant.
        """
        rows = [a_row(pid, "worker", old=True, reloads=pid) for pid in (3, 1, 2)]
        self.assertEqual(self.find("@1", *rows), 1)

    def test_relative(self) -> None:
        """
        Numbers are those within a generation.
        """
        rows = [a_row(10 + number, "worker", relative=number) for number in (1, 2)]
        self.assertEqual(self.find("@2", *rows), 12)
        self.assertIsNone(self.find("@3", *rows))

    def test_pid(self) -> None:
        """
        Only workers have addressable pids.
        """
        rows = [a_row(1, "master"), a_row(2, "program"), a_row(3, "worker", old=True)]
        self.assertEqual(self.find("@!3", *rows), 3)
        self.assertIsNone(self.find("@!1", *rows))
        self.assertIsNone(self.find("@!2", *rows))


class LinkTests(SynchronousTestCase):
    """
    Tests of a session's near end.
    """

    def test_abandoned(self) -> None:
        """
        An abandoned session tells nothing of its end.
        """
        ended: list[bool] = []
        link = WorkerLink(b"x\n", lambda data: None, lambda: ended.append(True))
        wire = Wire()
        link.makeConnection(wire)
        link.abandon()
        link.connectionLost(GONE)
        self.assertEqual((ended, wire.aborted, wire.text()), ([], True, "x\n"))
