"""
Tests for L{mwproxy.console.worker_commands.servers} and
L{mwproxy.console.worker_commands.set_server}.
"""

from __future__ import annotations

from mwproxy.core.diagnostics import Severity
from mwproxy.live.servers import Admin, Operational
from mwproxy.live.states import set_down
from tests.console.worker_commands.servers import ServerConsoleTestCase
from tests.observe.worker import START


class ServerCommandTests(ServerConsoleTestCase):
    """
    Tests of what changes servers.
    """

    def test_who(self) -> None:
        """
        Servers are named by backend and server, each by name or number.
        """
        self.assertEqual(self.say("get weight be1/s1"), "10 (initial 10)\n")
        self.assertEqual(self.say("get weight #3/#1"), "10 (initial 10)\n")
        self.assertEqual(self.say("get weight be1"), "Require 'backend/server'.\n")
        self.assertEqual(self.say("get weight nob/s1"), "No such backend.\n")
        self.assertEqual(self.say("get weight be1/s9"), "No such server.\n")

    def test_state(self) -> None:
        """
        Servers go to maintenance, drain, and back.
        """
        self.assertEqual(self.say("set server be1/s1 state maint"), "")
        self.assertEqual(self.servers[0].admin, Admin.FORCED_MAINT)
        self.assertTrue(
            self.said[0].startswith(f"{Severity.WARNING.value} Server be1/s1 is going DOWN for")
        )
        self.say("set server be1/s1 state drain")
        self.assertEqual(self.servers[0].admin, Admin.FORCED_DRAIN)
        self.say("set server be1/s1 state ready")
        self.assertEqual(self.servers[0].admin, Admin.NONE)
        self.assertEqual(
            self.say("set server be1/s1 state x"),
            "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n",
        )

    def test_old_spelling(self) -> None:
        """
        C{disable server} and C{enable server} do the same.
        """
        self.assertEqual(self.say("disable server be1/s1"), "")
        self.assertEqual(self.servers[0].admin, Admin.FORCED_MAINT)
        self.assertEqual(self.say("enable server be1/s1"), "")
        self.assertEqual(self.servers[0].admin, Admin.NONE)

    def test_health(self) -> None:
        """
        Health can be declared.
        """
        self.say("set server be1/s1 health down")
        self.assertIs(self.servers[0].operational, Operational.STOPPED)
        self.say("set server be1/s1 health up")
        self.assertIs(self.servers[0].operational, Operational.RUNNING)
        self.say("set server be1/s1 health stopping")
        self.assertIs(self.servers[0].operational, Operational.STOPPING)
        self.assertEqual(
            self.say("set server be1/s1 health x"),
            "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n",
        )

    def test_weight(self) -> None:
        """
        Weights are absolute or percent of the first one.
        """
        self.assertEqual(self.say("set server be1/s1 weight 20"), "")
        self.assertEqual(self.say("get weight be1/s1"), "20 (initial 10)\n")
        self.say("set weight be1/s1 50%")
        self.assertEqual(self.servers[0].weight, 5)
        self.assertEqual(
            self.say("set weight be1/s1 257"),
            "Absolute weight can only be between 0 and 256 inclusive.\n",
        )
        self.assertEqual(self.say("set weight be1/s1"), "Require <weight> or <weight%>.\n")
        self.assertEqual(
            self.say("set weight be1/s1 x"), "Empty weight string empty or preceded by garbage\n"
        )

    def test_static_algorithm(self) -> None:
        """
        Algorithms that cannot change weights take only none and the first one.
        """
        self.worker.backends["be1"].balancer.live_weights = False
        self.assertIn("static LB algorithm", self.say("set weight be1/s1 5"))
        self.assertEqual(self.say("set weight be1/s1 0"), "")
        self.assertEqual(self.say("set weight be1/s1 100%"), "")

    def test_others(self) -> None:
        """
        What does not exist says so.
        """
        self.assertTrue(self.say("set server be1/s1 foo").startswith("usage: set server <backend>"))
        self.assertEqual(
            self.say("set server be1/s1 agent up"), "agent checks are not enabled on this server.\n"
        )
        self.assertEqual(
            self.say("set server be1/s1 fqdn x"),
            "set server <b>/<s> fqdn failed because no resolution is configured.\n",
        )
        self.assertEqual(
            self.say("set server be1/s1 fqdn"), "set server <b>/<s> fqdn requires a FQDN.\n"
        )
        self.assertEqual(
            self.say("set server be1/s1 ssl on"),
            "'set server <srv> ssl' cannot be set.  default-server should define ssl settings\n",
        )

    def test_admin_only(self) -> None:
        """
        Operators may look, not change.
        """
        self.say("operator")
        self.assertEqual(self.say("set server be1/s1 state maint"), "Permission denied\n")
        self.assertEqual(self.say("get weight be1/s1"), "10 (initial 10)\n")

    def test_lists(self) -> None:
        """
        Servers are listed, of all backends or of one.
        """
        self.assertEqual(len(self.say("show servers state").splitlines()), 6)
        self.assertEqual(len(self.say("show servers state tcpl").splitlines()), 3)
        self.assertEqual(len(self.say("show servers conn be1").splitlines()), 4)
        self.assertEqual(self.say("show servers state x"), "Can't find backend.\n")
        self.assertEqual(self.say("show backend"), "# name\ntcpl\nbe1\n")

    def test_state_after_failure(self) -> None:
        """
        What checks did shows.
        """
        set_down(self.servers[0], START)
        self.assertIn("3 be1 1 s1 127.0.0.1 0 0 10", self.say("show servers state be1"))
