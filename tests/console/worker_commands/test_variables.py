"""
Tests for the console commands C{get var} and C{set var}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.core.levels import Level
from mwproxy.rules import compiler
from mwproxy.rules.variables import writer
from tests.console.sessions import connected
from tests.observe.worker import a_worker

REGISTERING = (compiler,)


class VariableTests(SynchronousTestCase):
    """
    Tests of variables of the process.
    """

    def setUp(self) -> None:
        self.session = WorkerConsole(a_worker(), Level.ADMIN, "i")
        self.wire = connected(self.session)
        self.wire.clear()
        self.addCleanup(writer("proc.x"), None, None)

    def say(self, text: str) -> str:
        """
        Run a command.

        @return: The answer without its empty line.
        """
        self.session.dataReceived(f"{text}\n".encode())
        return self.wire.text().removesuffix("\n")

    def test_values(self) -> None:
        """
        What is set is shown with its type.
        """
        self.say("experimental-mode on")
        for words, shown in (
            ("int(5)", "sint value=<5>"),
            ("expr int(3),add(4)", "sint value=<7>"),
            ("str(abc)", "str value=<abc>"),
            ("bool(true)", "bool value=<1>"),
            ("ipv4(127.0.0.1)", "ipv4 value=<127.0.0.1>"),
            ("ipv6(::1)", "ipv6 value=<::1>"),
            ("fmt a%[int(2)]", "str value=<a2>"),
        ):
            self.assertEqual(self.say(f"set var proc.x {words}"), "", words)
            self.assertEqual(self.say("get var proc.x"), f"proc.x: type={shown}\n")

    def test_refused(self) -> None:
        """
        Setting needs the experimental mode, a name of the process and an expression.
        """
        self.assertEqual(
            self.say("set var proc.x int(1)"),
            "This command is restricted to experimental mode only.\n",
        )
        self.say("experimental-mode on")
        for words, answer in (
            ("", "Missing process-wide variable identifier.\n"),
            ("proc.x", "Missing either 'expr', 'fmt' or expression.\n"),
            ("proc.x fmt", "Missing either 'expr', 'fmt' or expression.\n"),
            (
                "txn.x int(1)",
                "'set var': cannot set variable 'txn.x', only scope 'proc' is permitted here.\n",
            ),
            ("proc.x nope(1)", "unknown fetch method 'nope'\n"),
            ("proc.x path", "the expression needs a session, and a console has none\n"),
            ("proc.x var(proc.none)", "The expression has no value here.\n"),
        ):
            self.assertEqual(self.say(f"set var {words}"), answer, words)
        self.assertEqual(self.say("get var proc.x"), "Variable not found.\n")

    def test_missing(self) -> None:
        """
        Only variables of the process can be shown.
        """
        self.assertEqual(self.say("get var"), "Missing process-wide variable identifier.\n")
        for name in ("proc.none", "txn.x", "x", "proc."):
            self.assertEqual(self.say(f"get var {name}"), "Variable not found.\n")
