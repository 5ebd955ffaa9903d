"""
Tests for L{mwproxy.observe.stat} and the columns it shows.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.registry import UnknownName
from mwproxy.live import states
from mwproxy.live.agents import Agent
from mwproxy.live.servers import Admin, Operational
from mwproxy.observe import stat
from mwproxy.observe.fields import Fractional, readings, stat_fields
from tests.observe.worker import START, a_worker


class StatTests(SynchronousTestCase):
    """
    Tests of rows and columns.
    """

    def setUp(self) -> None:
        self.state = a_worker()

    def rows(self, **chosen: object) -> list[stat.Row]:
        """
        Select rows.
        """
        selection = stat.Selection(**chosen)  # type: ignore[arg-type]  # tests know the names
        proxies = stat.selected_proxies(self.state, selection)
        return list(stat.rows(self.state, proxies, selection))

    def named(self, **chosen: object) -> list[str]:
        """
        Select rows by name.
        """
        return [f"{self.cells(row)['pxname']}/{self.cells(row)['svname']}" for row in
                self.rows(**chosen)]  # fmt: skip

    def cells(self, row: stat.Row) -> dict[str, int | str | Fractional]:
        """
        Read a row.
        """
        return {each.field.name: each.value for each in readings(stat.columns(), row)}

    def only(self, proxy: str, name: str) -> dict[str, int | str | Fractional]:
        """
        Read the row of an object.
        """
        for row in self.rows(proxy=proxy):
            if self.cells(row)["svname"] == name:
                return self.cells(row)
        raise AssertionError(name)

    def test_every_column_is_registered(self) -> None:
        """
        The order names each registered column once.
        """
        self.assertEqual(sorted(stat.ORDER), stat_fields.names())
        self.assertEqual(len(stat.columns()), 113)

    def test_order(self) -> None:
        """
        Proxies come in order; in each its frontend, listeners, servers, backend.
        """
        self.assertEqual(
            self.named(),
            ["fe/FRONTEND", "tcpl/FRONTEND", "tcpl/lis1", "tcpl/t1", "tcpl/BACKEND",
             "be1/s1", "be1/s2", "be1/s3", "be1/BACKEND"],
        )  # fmt: skip

    def test_listeners_need_the_option(self) -> None:
        """
        Without C{option socket-stats} there are no listeners.
        """
        self.state.configuration.proxies[1].options = set()
        self.assertNotIn("tcpl/lis1", self.named())

    def test_selection(self) -> None:
        """
        A proxy, kinds and a number restrict the rows.
        """
        self.assertEqual(self.named(proxy="3", mask=4, number=2), ["be1/s2"])
        self.assertEqual(self.named(proxy="fe"), ["fe/FRONTEND"])
        self.assertEqual(self.named(mask=1), ["fe/FRONTEND", "tcpl/FRONTEND"])
        self.assertEqual(self.named(proxy="-1", mask=2), ["tcpl/BACKEND", "be1/BACKEND"])
        self.assertEqual(self.named(mask=8), ["tcpl/lis1"])

    def test_unknown_proxy(self) -> None:
        """
        Who asks for a proxy that does not exist hears so.
        """
        with self.assertRaises(UnknownName):
            self.rows(proxy="nobody")

    def test_up_and_no_maint(self) -> None:
        """
        Servers in maintenance can be left out, as can those that are down; then backends say
        how many are up.
        """
        states.set_down(self.state.backends["be1"].servers[0], START)
        self.assertEqual(self.named(proxy="be1", only_up=True), ["be1/s3", "be1/BACKEND"])
        self.assertEqual(
            self.named(proxy="be1", no_maint=True), ["be1/s1", "be1/s3", "be1/BACKEND"]
        )
        row = self.rows(proxy="be1", only_up=True)[-1]
        self.assertEqual(self.cells(row)["status"], "UP (1/3)")

    def test_frontend(self) -> None:
        """
        A frontend in HTTP mode has response counters and no server columns.
        """
        counters = self.state.frontends["fe"].counters
        counters.stot = 7
        counters.responses[2] = 5
        cells = self.only("fe", "FRONTEND")
        self.assertEqual(
            (cells["stot"], cells["hrsp_2xx"], cells["slim"], cells["status"], cells["type"]),
            (7, 5, 1000, "OPEN", 0),
        )
        self.assertNotIn("weight", cells)
        self.assertNotIn("qcur", cells)

    def test_tcp_frontend(self) -> None:
        """
        A frontend in TCP mode has request rates, but no response counters.
        """
        cells = self.only("tcpl", "FRONTEND")
        self.assertEqual((cells["req_tot"], cells["slim"], cells["mode"]), (0, 77, "tcp"))
        self.assertNotIn("hrsp_2xx", cells)
        self.assertNotIn("intercepted", cells)

    def test_listener(self) -> None:
        """
        A listener tells its address and how many connections it has.
        """
        cells = self.only("tcpl", "lis1")
        self.assertEqual(
            (cells["scur"], cells["addr"], cells["sid"], cells["type"], cells["proto"]),
            (3, "127.0.0.1:8002", 1, 3, "tcpv4"),
        )

    def test_server_without_check(self) -> None:
        """
        A server without checks has no check columns.
        """
        cells = self.only("tcpl", "t1")
        self.assertEqual((cells["status"], cells["lastsess"], cells["act"]), ("no check", -1, 1))
        for name in ("chkfail", "check_status", "downtime", "slim", "req_tot", "cookie"):
            self.assertNotIn(name, cells)

    def test_server_with_check(self) -> None:
        """
        A server shows the progress of its checks while it is not complete.
        """
        server = self.state.backends["be1"].servers[0]
        cells = self.only("be1", "s1")
        self.assertEqual(
            (cells["status"], cells["check_status"], cells["check_desc"], cells["check_health"]),
            ("UP 1/3", "INI", "Initializing", 2),
        )
        server.health = 4
        server.check_status, server.check_code, server.check_duration_ms = "L7OK", 200, 3
        cells = self.only("be1", "s1")
        self.assertEqual(
            (cells["status"], cells["check_status"], cells["check_code"], cells["check_duration"]),
            ("UP", "L7OK", 200, 3),
        )

    def test_server_going_up_again(self) -> None:
        """
        A server that is down shows how many of its checks have passed.
        """
        server = self.state.backends["be1"].servers[0]
        states.declare_healthy(server, False)
        states.set_down(server, START)
        self.assertEqual(self.only("be1", "s1")["status"], "DOWN")
        server.health = 1
        self.assertEqual(self.only("be1", "s1")["status"], "DOWN 1/2")
        self.state.now = START + 9
        self.assertEqual(self.only("be1", "s1")["downtime"], 9)
        self.assertEqual(self.only("be1", "s1")["lastchg"], 9)

    def test_without_checks(self) -> None:
        """
        Servers without checks show what they were declared to be.
        """
        server = self.state.backends["be1"].servers[2]
        states.set_drain(server, START)
        self.assertEqual(self.only("be1", "s3")["status"], "DRAIN")
        states.set_stopping(server, START)
        self.assertEqual(self.only("be1", "s3")["status"], "NOLB")
        states.set_down(server, START)
        self.assertEqual(self.only("be1", "s3")["status"], "DOWN")

    def test_agents(self) -> None:
        """
        An agent that took the server down, or may have drained it, is named.
        """
        server = self.state.backends["be1"].servers[0]
        agent = server.agent = Agent(server)
        self.assertEqual(self.only("be1", "s1")["agent_status"], "INI")
        states.set_drain(server, START)
        self.assertEqual(self.only("be1", "s1")["status"], "DRAIN (agent)")
        agent.health = 0
        states.set_down(server, START)
        self.assertEqual(self.only("be1", "s1")["status"], "DOWN (agent)")
        agent.enabled = False
        self.assertNotIn("agent_status", self.only("be1", "s1"))
        self.assertEqual(self.only("be1", "s1")["status"], "DOWN")

    def test_drain_and_maint(self) -> None:
        """
        Administrative states win over what checks say.
        """
        server = self.state.backends["be1"].servers[0]
        server.health = 4
        states.set_drain(server, START)
        self.assertEqual(self.only("be1", "s1")["status"], "DRAIN")
        states.set_maint(server, START)
        cells = self.only("be1", "s1")
        self.assertEqual(cells["status"], "MAINT")
        self.assertNotIn("check_status", cells)

    def test_backend(self) -> None:
        """
        A backend adds up the servers in use and derives its C{fullconn}.
        """
        cells = self.only("be1", "BACKEND")
        self.assertEqual(
            (cells["weight"], cells["act"], cells["bck"], cells["status"], cells["slim"]),
            (11, 2, 0, "UP", 100),
        )
        for server in self.state.backends["be1"].servers:
            states.set_maint(server, START)
        self.assertEqual(self.only("be1", "BACKEND")["status"], "DOWN")

    def test_limits(self) -> None:
        """
        C{maxconn} and C{maxqueue} of a server are shown when set.
        """
        cells = self.only("be1", "s3")
        self.assertEqual((cells["slim"], cells["qlimit"]), (5, 9))
        self.assertNotIn("qlimit", self.only("be1", "s1"))

    def test_private_columns(self) -> None:
        """
        Addresses, cookies and algorithms are for operators.
        """
        self.assertEqual(self.only("be1", "s1")["cookie"], "a")
        for row in self.rows(detailed=False):
            for name in ("addr", "cookie", "algo"):
                self.assertNotIn(name, self.cells(row))

    def test_averages(self) -> None:
        """
        Times are averages over 1024 exchanges, rounded up.
        """
        self.state.backends["be1"].counters.qtime_sum = 1025
        self.assertEqual(self.only("be1", "BACKEND")["qtime"], 2)

    def test_drained_without_checks(self) -> None:
        """
        A server without checks can be drained, and an agent can have it down.
        """
        server = self.state.backends["be1"].servers[2]
        states.set_drain(server, START)
        self.assertEqual(self.only("be1", "s3")["status"], "DRAIN")
        server.admin = Admin(0)
        server.operational = Operational.STOPPED
        self.assertEqual(self.only("be1", "s3")["status"], "DOWN")

    def test_no_load_balancing(self) -> None:
        """
        A server that its check wants to have no new clients says so.
        """
        server = self.state.backends["be1"].servers[0]
        server.operational = Operational.STOPPING
        server.health = 4
        self.assertEqual(self.only("be1", "s1")["status"], "NOLB")

    def test_addresses(self) -> None:
        """
        A server that was resolved shows what it is connected at, brackets around IPv6.
        """
        server = self.state.backends["be1"].servers[0]
        for where, shown in (
            (("10.0.0.1", 80), "10.0.0.1:80"),
            (("::1", 80, 0, 0), "[::1]:80"),
        ):
            server.sockaddr = where
            self.assertEqual(self.only("be1", "s1")["addr"], shown)

    def test_throttle(self) -> None:
        """
        A server that starts slowly shows the part of its weight that it has, never nothing.
        """
        server = self.state.backends["be1"].servers[0]
        server.description.settings.slowstart_ms = 10_000
        self.assertNotIn("throttle", self.only("be1", "s1"))
        server.operational = Operational.STARTING
        server.slowstart_from = START
        for passed, shown in ((0, 1), (5, 50), (20, 100)):
            self.state.now = START + passed
            self.assertEqual(self.only("be1", "s1")["throttle"], shown)

    def test_limit_of_idle_connections(self) -> None:
        """
        C{pool-max-conn} is shown when set.
        """
        self.assertNotIn("src_ilim", self.only("be1", "s1"))
        self.state.backends["be1"].servers[0].description.settings.pool_max = 7
        self.assertEqual(self.only("be1", "s1")["src_ilim"], 7)
