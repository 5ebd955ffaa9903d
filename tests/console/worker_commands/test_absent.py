"""
Tests for the console commands about what is not there, and about stick tables.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.console.worker_commands.absent import NO_TLS
from mwproxy.core.levels import Level
from tests.console.sessions import connected
from tests.observe.worker import a_worker


class AbsentTests(SynchronousTestCase):
    """
    Tests of answers without anything to answer about.
    """

    def setUp(self) -> None:
        self.session = WorkerConsole(a_worker(), Level.ADMIN, "i")
        self.wire = connected(self.session)
        self.wire.clear()

    def say(self, text: str) -> str:
        """
        Run a command.

        @return: The answer without its empty line.
        """
        self.session.dataReceived(f"{text}\n".encode())
        return self.wire.text().removesuffix("\n")

    def test_lists(self) -> None:
        """
        Lists are empty, and nothing is found in them.
        """
        for command, listed, missing in (
            ("show table", "", "No such table\n"),
            ("show peers", "", "No such peers\n"),
            ("show resolvers", "", "Can't find that resolvers section\n"),
            ("show ssl crt-list", "", "didn't find the specified filename\n"),
            ("show ssl ocsp-response", "", "Certificate ID does not match any certificate.\n"),
        ):
            self.assertEqual(self.say(command), listed)
            self.assertEqual(self.say(f"{command} x"), missing)
        self.assertEqual(self.say("show tls-keys"), "# id (file)\n")
        self.assertEqual(self.say("show cache"), "")

    def test_tables(self) -> None:
        """
        No stick table can be changed.
        """
        self.assertEqual(
            self.say("set table"),
            "Required arguments: <table> key <key> [data.<store_data_type> <value>]*\n",
        )
        self.assertEqual(
            self.say("clear table"),
            'Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> '
            "key <key>\n",
        )
        self.assertEqual(self.say("set table x key y"), "No such table\n")
        self.assertEqual(self.say("clear table x"), "No such table\n")

    def test_refused(self) -> None:
        """
        What could do nothing is refused with the reason.
        """
        for command in ("set ssl ocsp-response", "set ssl tls-key", "show ssl sni"):
            self.assertEqual(self.say(f"{command} x"), f"{NO_TLS}\n")
        self.assertEqual(
            self.say("show pools"),
            "'show pools' : This is about the inside of HAProxy's engine, which mwproxy does not "
            "have.\n",
        )

    def test_levels(self) -> None:
        """
        A low level is told so first.
        """
        self.say("user")
        for command in (
            "add ssl crt-list x",
            "show ssl crt-list",
            "set table x",
            "show cache",
            "trace",
        ):
            self.assertEqual(self.say(command), "Permission denied\n", command)
