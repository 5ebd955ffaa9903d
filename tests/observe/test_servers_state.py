"""
Tests for L{mwproxy.observe.servers_state}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.observe.servers_state import HEADER, conn_header, conn_row, state_row
from tests.observe.worker import START, a_worker


class ServersStateTests(SynchronousTestCase):
    """
    Tests of the rows of servers.
    """

    def setUp(self) -> None:
        self.servers = a_worker().backends["be1"].servers

    def test_checked(self) -> None:
        """
        A server with checks tells their result and progress.
        """
        server = self.servers[0]
        server.check_status, server.health = "L4OK", 4
        self.assertEqual(
            state_row(server, START + 2),
            "3 be1 1 s1 127.0.0.1 2 0 10 10 2 6 3 4 6 0 0 0 - 9002 - 0 0 - - 0\n",
        )

    def test_disabled(self) -> None:
        """
        A server disabled by configuration is in maintenance for two reasons.
        """
        self.assertEqual(
            state_row(self.servers[1], START),
            "3 be1 2 s2 127.0.0.1 0 5 1 1 0 1 0 0 8 0 0 0 - 9003 - 0 0 - - 0\n",
        )

    def test_as_many_cells_as_names(self) -> None:
        """
        Each cell has a name in the header.
        """
        names = HEADER.splitlines()[1].removeprefix("# ").split()
        self.assertEqual(len(state_row(self.servers[0], START).split()), len(names))

    def test_connections(self) -> None:
        """
        Connections are counted.
        """
        server = self.servers[2]
        server.current, server.used_max = 2, 4
        self.assertEqual(conn_row(server), "be1/s3 3/3 127.0.0.1 9004 - 5000 2 4 4 0 0 -1 0 0\n")

    def test_resolved(self) -> None:
        """
        A server that was resolved tells the address that it has now.
        """
        server = self.servers[0]
        server.sockaddr = ("10.0.0.9", 81)
        self.assertEqual(conn_row(server).split()[2:4], ["10.0.0.9", "81"])

    def test_conditional(self) -> None:
        """
        A check that found a server about to leave has a result of its own.
        """
        server = self.servers[0]
        server.check_status = "L7OKC"
        self.assertEqual(state_row(server, START).split()[11], "4")

    def test_header_of_connections(self) -> None:
        """
        Each cell has a name in the header.
        """
        names = conn_header().removeprefix("# ")
        self.assertEqual(names.split()[:2], ["bkname/svname", "bkid/svid"])
        self.assertEqual(len(names.split()), len(conn_row(self.servers[0]).split()))
