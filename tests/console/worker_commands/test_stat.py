"""
Tests for the console commands C{show stat}, C{show info}, C{clear counters} and their like.
"""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.console.worker_commands.info import Gauge
from mwproxy.core.levels import Level
from mwproxy.observe import stat
from tests.console.sessions import connected
from tests.observe.worker import a_worker


class FigureTests(SynchronousTestCase):
    """
    Tests of commands that show figures.
    """

    def setUp(self) -> None:
        self.worker = a_worker()
        self.begin(Level.ADMIN)

    def begin(self, level: Level) -> None:
        """
        Connect.
        """
        self.session = WorkerConsole(self.worker, level, "i")
        self.wire = connected(self.session)
        self.wire.clear()

    def say(self, text: str) -> str:
        """
        Run a command.

        @return: The answer without its empty line.
        """
        self.session.dataReceived(f"{text}\n".encode())
        answer = self.wire.text()
        self.assertTrue(answer.endswith("\n"))
        return answer.removesuffix("\n")

    def test_csv(self) -> None:
        """
        All lines have as many cells as the header; a separator is the last one.
        """
        lines = self.say("show stat").splitlines()
        self.assertEqual(lines[0], "# " + ",".join(stat.ORDER) + ",-,")
        self.assertEqual(len(lines), 10)
        self.assertEqual({line.count(",") for line in lines}, {114})

    def test_selection(self) -> None:
        """
        Three words select, fewer do not.
        """
        self.assertEqual(len(self.say("show stat be1 4 -1").splitlines()), 4)
        self.assertEqual(len(self.say("show stat be1").splitlines()), 10)
        self.assertEqual(self.say("show stat zz -1 -1"), "No such proxy.\n")
        self.assertEqual(self.say("show stat domain x"), "Invalid statistics domain.\n")
        self.assertEqual(len(self.say("show stat domain proxy").splitlines()), 10)
        self.assertEqual(len(self.say("show stat up").splitlines()), 9)

    def test_typed(self) -> None:
        """
        Typed lines name object and field; values that are not set are left out.
        """
        lines = self.say("show stat fe -1 -1 typed desc").splitlines()
        self.assertEqual(lines[0], 'F.1.0.0.pxname.1:KNS:str:fe:"Name of the proxy"')
        self.assertEqual(lines[2].partition(":")[0], "F.1.0.4.scur.1")

    def test_json(self) -> None:
        """
        JSON is an array of arrays.
        """
        found = json.loads(self.say("show stat json"))
        self.assertEqual(len(found), 9)
        self.assertEqual(found[0][0]["objType"], "Frontend")
        self.assertEqual(found[2][1]["value"], {"type": "str", "value": "lis1"})
        self.assertEqual(json.loads(self.say("show schema json"))["oneOf"][0]["title"], "Info")

    def test_users_see_less(self) -> None:
        """
        At level user addresses are hidden.
        """
        self.assertIn("127.0.0.1:9002", self.say("show stat"))
        self.begin(Level.USER)
        self.assertNotIn("127.0.0.1:9002", self.say("show stat"))

    def test_info(self) -> None:
        """
        Figures of the process come as lines, typed or in JSON.
        """
        lines = self.say("show info").splitlines()
        self.assertEqual(lines[0], "Name: mwproxy")
        self.assertIn("node: here", lines)
        self.assertIn("0.Name.1:POS:str:mwproxy", self.say("show info typed"))
        self.assertIn('Name: mwproxy:"Name of the product"', self.say("show info desc"))
        self.assertEqual(json.loads(self.say("show info json"))[0]["field"]["name"], "Name")

    def test_fractions(self) -> None:
        """
        C{float} gives times their fractions, and rates their type; without it nothing has one.
        """
        state = self.session.worker
        state.now = state.started + 90.0612345678
        state.started_wall = 1234.5
        self.assertIn("\nUptime_sec: 90\n", self.say("show info"))
        self.assertIn("\nUptime_sec: 90.061235\n", self.say("show info float"))
        self.assertIn("\nStart_time_sec: 1234.5\n", self.say("show info float"))
        typed = self.say("show info float typed")
        self.assertIn("\n8.Uptime_sec.1:MDP:flt:90.061235\n", typed)
        self.assertIn("\n26.ConnRate.1:MRP:flt:0\n", typed)
        self.assertIn("\n35.SslFrontendKeyRate.1:MRP:flt:0\n", typed)
        self.assertIn("\n18.CumConns.1:MCP:u32:", typed)
        values = json.loads(self.say("show info json float"))
        [uptime] = [each["value"] for each in values if each["field"]["name"] == "Uptime_sec"]
        self.assertEqual(uptime, {"type": "flt", "value": 90.061235})

    def test_clear(self) -> None:
        """
        Operators clear maxima, admins everything.
        """
        counters = self.worker.frontends["fe"].counters
        counters.smax, counters.stot, counters.scur = 9, 50, 2
        self.begin(Level.OPERATOR)
        self.assertEqual(self.say("clear counters all"), "Permission denied\n")
        self.assertEqual(self.say("clear counters"), "")
        self.assertEqual((counters.smax, counters.stot), (2, 50))
        self.begin(Level.ADMIN)
        self.say("clear counters all")
        self.assertEqual((counters.smax, counters.stot, counters.scur), (2, 0, 2))

    def test_sockets(self) -> None:
        """
        Consoles are listed with their level.
        """
        self.worker.under_master = True
        self.assertEqual(
            self.say("show cli sockets"),
            "# socket lvl processes\nunix@/run/s admin all\n"
            "ipv4@127.0.0.1:8009 operator all\nsockpair@3 admin all\n",
        )

    def test_logs(self) -> None:
        """
        The worker repeats what it said while starting.
        """
        self.worker.startup_messages = ["a", "b"]
        self.assertEqual(self.say("show startup-logs"), "a\nb\n")


class GaugeTests(SynchronousTestCase):
    """
    Tests of rates between two looks.
    """

    def test_rates(self) -> None:
        """
        Busy time and bytes are those since the last look.
        """
        gauge = Gauge()
        gauge.look(100.0, 5.0, 1000)
        self.assertEqual((gauge.idle, gauge.out_rate), (100, 0))
        gauge.look(110.0, 10.0, 6000)
        self.assertEqual((gauge.idle, gauge.out_rate), (50, 500))

    def test_too_soon(self) -> None:
        """
        Looks within a second count as one.
        """
        gauge = Gauge()
        gauge.look(100.0, 0.0, 0)
        gauge.look(102.0, 2.0, 10)
        gauge.look(102.5, 2.0, 9999)
        self.assertEqual((gauge.idle, gauge.out_rate), (0, 5))
