"""
Tests for L{mwproxy.console.master_commands.manhole} and L{mwproxy.console.manhole}.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred

from mwproxy.console.manhole import GREETING, LIMIT, pieces
from mwproxy.core.levels import Level
from tests.console.test_master_session import GONE, MasterTestCase

NAME = "twisted.conch.manhole"
BEGIN = GREETING.format(names="master") + ">>> "


class ManholeTests(MasterTestCase):
    """
    Tests of the Python prompt.
    """

    def begin(self, level: Level = Level.ADMIN) -> None:
        """
        Connect by a UNIX socket.
        """
        super().begin(level)
        self.session.state.who = "uid=0,pid=7"
        self.session.state.address = "unix@/m"

    def enter(self) -> None:
        """
        Open the prompt.
        """
        self.say("expert-mode on\n")
        self.assertEqual(self.say("manhole\n"), BEGIN)

    def test_session(self) -> None:
        """
        Expressions are shown, statements executed, blocks continued; C{quit()} returns to the
        console, which goes on with what follows.
        """
        self.enter()
        self.assertEqual(self.say("1 + 1\n"), "2\n>>> ")
        self.assertEqual(self.say("x = 5\n"), ">>> ")
        self.assertEqual(self.say("for i in range(2):\n"), "... ")
        self.assertEqual(self.say("    print(i + x)\n"), "... ")
        self.assertEqual(self.say("\n"), "5\n6\n>>> ")
        self.assertEqual(self.say("master.nbproc\r\n"), "1\n>>> ")
        self.assertEqual(self.say("quit()\nshow cli level\n"), "\nadmin\n\n")

    def test_errors(self) -> None:
        """
        An exception is shown and the prompt goes on.
        """
        self.enter()
        self.assertIn("ZeroDivisionError: division by zero\n>>> ", self.say("1/0\n"))
        self.assertIn("SyntaxError", self.say("1 +* 2\n"))
        self.session.dataReceived(b"'\xff'\n")
        self.assertEqual(self.wire.text(), "This is no UTF-8.\n>>> ")
        self.assertEqual(self.say("2\n"), "2\n>>> ")

    def test_control_keys(self) -> None:
        """
        Ctrl-C forgets what was begun, Ctrl-D ends.
        """
        self.enter()
        self.say("if 1:\n")
        self.assertEqual(self.say("  pass\x03"), "KeyboardInterrupt\n>>> ")
        self.assertEqual(self.say("3\n"), "3\n>>> ")
        self.assertEqual(self.say("\x04"), "\n")
        self.assertEqual(self.say("show cli level\n"), "admin\n\n")

    def test_prompt(self) -> None:
        """
        A console with a prompt has its prompt again.
        """
        self.say("prompt\nexpert-mode on\n")
        self.say("manhole\n")
        self.assertEqual(self.say("exit()\n"), "\nmaster(e)> ")

    def test_end_of_input(self) -> None:
        """
        A client that sends no more ends the prompt, and the connection.
        """
        self.enter()
        self.say("7\n")
        self.session.readConnectionLost()
        self.assertTrue(self.wire.disconnecting)

    def test_all_at_once(self) -> None:
        """
        Input that came before the prompt was there is for the prompt.
        """
        text = self.say("expert-mode on\nmanhole\n40 + 2\nquit()\nshow cli level\n")
        self.assertEqual(text, BEGIN + "42\n>>> \nadmin\n\n")

    def test_deferred(self) -> None:
        """
        A Deferred is shown when it fires, and the prompt again; not after the end.
        """
        self.enter()
        waits: list[Deferred[Any]] = [Deferred(), Deferred()]
        self.view.waits = waits  # type: ignore[attr-defined]  # for the prompt
        self.assertEqual(self.say("master.waits[0]\n"), "<Deferred #0>\n>>> ")
        waits[0].callback(5)
        self.assertEqual(self.wire.text(), "\nDeferred #0 called back: 5\n>>> ")
        self.say("master.waits[1]\n")
        self.say("quit()\n")
        waits[1].callback(5)
        self.assertEqual(self.wire.text(), "")

    def test_client_leaves(self) -> None:
        """
        What is left behind disturbs nobody.
        """
        self.enter()
        self.session.connectionLost(GONE)
        self.assertIn('command="manhole" result="the client left"', self.view.audited[-1])
        self.wire.clear()
        self.session._python.addOutput("x")  # type: ignore[union-attr]  # it is there
        self.assertEqual(self.wire.text(), "")

    def test_long_line(self) -> None:
        """
        A line without end is not collected for ever.
        """
        self.enter()
        self.assertEqual(self.say("x" * (LIMIT + 1)), "The line is too long.\n>>> ")

    def test_audit(self) -> None:
        """
        Entering, each line and leaving are noted, whatever the lines contain.
        """
        self.enter()
        self.say('x = "a\x1bb"\n')
        self.say("quit()\n")
        peer = "audit: peer=uid=0,pid=7 socket=unix@/m level=admin target=master "
        self.assertEqual(
            self.view.audited,
            [
                peer + 'command="manhole" result="opened"',
                peer + r'command="manhole: x\x20=\x20\x22a\x1bb\x22" result="entered"',
                peer + 'command="manhole: quit()" result="entered"',
                peer + 'command="manhole" result="ok"',
            ],
        )

    def test_audit_of_long_lines(self) -> None:
        """
        Nothing of a line is left out, however long it is.
        """
        for line in ("x" * 2000, "\u00e9 " * 700, ""):
            self.assertEqual("".join(pieces(line)), line)
        self.enter()
        self.say("x = " + "9" * 1000 + "; danger = 1\n")
        self.assertFalse(any("..." in each for each in self.view.audited))
        self.assertIn("danger", self.view.audited[-1])

    def test_refused(self) -> None:
        """
        It is for level admin in expert mode on UNIX sockets, where the configuration allows it.
        """
        self.assertEqual(
            self.say("manhole\n"), "This command is restricted to expert mode only.\n\n"
        )
        self.say("expert-mode on\n")
        self.session.state.who = "127.0.0.1:5"
        self.assertEqual(self.say("manhole\n"), "The Python prompt is for UNIX sockets only.\n\n")
        self.session.state.who = "uid=0,pid=7"
        self.view.manhole_wanted = False
        self.assertEqual(
            self.say("manhole\n"),
            "The Python prompt is not allowed; 'insecure-manhole-wanted' in 'global' allows it."
            "\n\n",
        )
        self.view.manhole_wanted = True
        self.assertEqual(self.say("manhole x\n"), "'manhole' takes no argument.\n\n")
        self.say("operator\n")
        self.assertEqual(self.say("manhole\n"), "Permission denied\n\n")

    def test_not_installed(self) -> None:
        """
        Without C{twisted.conch} it is said what to install.
        """
        modules: dict[str, Any] = sys.modules

        self.addCleanup(modules.update, {NAME: modules[NAME]})
        modules[NAME] = None
        self.say("expert-mode on\n")
        answer = self.say("manhole\n")
        self.assertIn("The Python prompt needs twisted.conch (", answer)
        self.assertIn("install mwproxy[manhole].\n\n", answer)
        self.assertEqual(self.say("show cli level\n"), "admin\n\n")
