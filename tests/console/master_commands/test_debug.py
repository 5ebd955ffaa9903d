"""
Tests for L{mwproxy.console.master_commands.debug} and L{mwproxy.console.master_commands.proc}.
"""

from __future__ import annotations

import json

from mwproxy.core.levels import Level
from tests.console.sessions import a_row
from tests.console.test_master_session import MasterTestCase


class ProcessTests(MasterTestCase):
    """
    Tests of C{show proc json}.
    """

    def test_json(self) -> None:
        """
        All processes are in one line of JSON, each list under its name.
        """
        self.view.processes += [
            a_row(7, "program", name="p2", version="-"),
            a_row(0, "program", name="p1", version="(failed)", old=True, reloads=2),
        ]
        text = self.say("show proc json\n")
        self.assertEqual(text.count("\n"), 2)
        found = json.loads(text)
        self.assertEqual(
            found["master"],
            {"pid": 1, "reloads": 2, "uptime": 135.0, "version": "0.1.0", "failed": 0},
        )
        (worker,) = found["workers"]
        self.assertEqual(worker["pid"], 200)
        self.assertEqual((worker["relative"], worker["generation"]), (1, 0))
        self.assertFalse(worker["starting"] or worker["serving"])
        self.assertEqual([each["pid"] for each in found["old_workers"]], [100])
        self.assertEqual(
            found["programs"],
            [{"pid": 7, "name": "p2", "state": "running", "reloads": 0, "uptime": 5.0}],
        )
        (old,) = found["old_programs"]
        self.assertEqual((old["pid"], old["state"]), (None, "(failed)"))


class DebugTests(MasterTestCase):
    """
    Tests of C{mcli-debug-mode}.
    """

    def test_off(self) -> None:
        """
        Without the mode there are no such commands, with it C{help} lists them.
        """
        self.assertIn("Unknown command: 'show info'", self.say("show info\n"))
        self.assertNotIn("show fd", self.say("help\n"))
        self.say("mcli-debug-mode on\n")
        self.assertIn("  show fd ", self.say("help\n"))
        self.say("mcli-debug-mode off\n")
        self.assertIn("Unknown command: 'show fd'", self.say("show fd\n"))

    def test_info(self) -> None:
        """
        Figures of the master have the form of a worker's.
        """
        self.assertEqual(
            self.say("mcli-debug-mode on;show info\n"),
            "Name: mwproxy\nUptime: 0d 0h02m15s\nUptime_sec: 135\nGeneration: 2\n\n",
        )
        self.assertIn("takes no argument", self.say("show info typed\n"))

    def test_stat(self) -> None:
        """
        A master has the columns of statistics, and no proxy.
        """
        text = self.say("mcli-debug-mode on;show stat\n")
        self.assertTrue(text.startswith("# pxname,svname,qcur,"))
        self.assertEqual(text.count("\n"), 2)

    def test_sessions(self) -> None:
        """
        Connections to the consoles are listed.
        """
        self.assertEqual(
            self.say("mcli-debug-mode on;show sess\n"),
            "peer=uid=5 socket=unix@/m level=user mode=i waits for a reload\n\n",
        )

    def test_descriptors(self) -> None:
        """
        Descriptors are listed with what they are.
        """
        self.assertEqual(
            self.say("mcli-debug-mode on;show fd\n"),
            "      0 : /dev/null\n     12 : socket:[1]\n\n",
        )

    def test_levels(self) -> None:
        """
        The mode needs admin; what it brings needs its own level.
        """
        self.say("mcli-debug-mode on;user\n")
        self.assertEqual(self.say("show fd\n"), "Permission denied\n\n")
        self.begin(Level.OPERATOR)
        self.assertEqual(self.say("mcli-debug-mode on\n"), "Permission denied!\n")
