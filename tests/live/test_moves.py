"""
Tests for L{mwproxy.live.moves}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.moves import CannotMove, move, parse_ip, parse_port
from mwproxy.live.servers import Admin, Operational, Server
from mwproxy.live.states import begin
from tests.live.backends import START, make_backend


def located(**settings: Any) -> Server:
    """
    Make a server at 127.0.0.1:80.
    """
    server = make_backend({"address": "127.0.0.1:80", **settings}).servers[0]
    server.sockaddr, server.family = ("127.0.0.1", 80), socket.AF_INET
    return server


class MoveTests(SynchronousTestCase):
    """
    Tests for L{move}.
    """

    def words(self, server: Server, host: str, port: str | None = None) -> str:
        """
        Move a server.

        @return: What changed, or why not.
        """
        try:
            return move(server, host, port, START)[0]
        except CannotMove as error:
            return str(error)

    def test_address(self) -> None:
        """
        Another address is told beside the former one; connections to that one are not kept.
        """
        server = located()
        told: list[Server] = []

        def hook(moved: Server) -> int:
            told.append(moved)
            return 0

        server.backend.worker.on_server_moved.append(hook)
        self.assertEqual(
            self.words(server, "127.0.0.2"), "IP changed from '127.0.0.1' to '127.0.0.2'"
        )
        self.assertEqual(server.sockaddr, ("127.0.0.2", 80))
        self.assertTrue(server.moved and server.pool_limited)
        self.assertEqual(told, [server])

    def test_other_family(self) -> None:
        """
        A server may move from IPv4 to IPv6, with brackets or without.
        """
        server = located()
        self.assertEqual(self.words(server, "[::1]"), "IP changed from '127.0.0.1' to '::1'")
        self.assertEqual((server.sockaddr, server.family), (("::1", 80, 0, 0), socket.AF_INET6))

    def test_port(self) -> None:
        """
        Ports change with the address or alone.
        """
        server = located()
        self.assertEqual(self.words(server, "127.0.0.1", "81"), "port changed from '80' to '81'")
        self.assertEqual(
            self.words(server, "127.0.0.2", "82"),
            "IP changed from '127.0.0.1' to '127.0.0.2', port changed from '81' to '82'",
        )
        self.assertEqual(server.sockaddr, ("127.0.0.2", 82))

    def test_nothing(self) -> None:
        """
        Where nothing changes, nothing is done.
        """
        server = located()
        self.assertEqual(self.words(server, "127.0.0.1", "80"), "")
        self.assertFalse(server.moved)

    def test_offset(self) -> None:
        """
        A port with a sign follows that of the client, if health checks have a port of their own.
        """
        server = located(check={"port": 99})
        self.assertEqual(self.words(server, "127.0.0.1", "+5"), "port changed from '80' to '+5'")
        self.assertEqual(
            (server.sockaddr, server.port_follows, server.port_offset),
            (("127.0.0.1", 5), True, True),
        )
        self.assertEqual(self.words(server, "127.0.0.1", "-5"), "port changed from '+5' to '-5'")
        self.assertEqual(self.words(server, "127.0.0.1", "80"), "port changed from '-5' to '80'")
        self.assertFalse(server.port_follows or server.port_offset)
        self.assertIn("can't change <port> to port map", self.words(located(), "127.0.0.1", "+5"))

    def test_refused(self) -> None:
        """
        What is no address or port is refused, and nothing changes.
        """
        server = located()
        for host, port, expected in (
            ("foo", None, "Invalid addr 'foo'"),
            ("127.0.0.1:80", None, "Invalid addr '127.0.0.1:80'"),
            ("127.0.0.2", "", "problem converting port '' to an int"),
            ("127.0.0.2", "foo", "problem converting port 'foo' to an int"),
            ("127.0.0.2", "5x", "problem converting port '5x' to an int"),
            ("127.0.0.2", "70000", "Invalid port '70000', it is not within 0 and 65535"),
            ("127.0.0.2", "9" * 5000, f"Invalid port '{'9' * 5000}', it is not within 0 and 65535"),
        ):
            self.assertEqual(self.words(server, host, port), expected)
        self.assertEqual(server.sockaddr, ("127.0.0.1", 80))
        self.assertEqual(
            self.words(located(address="/tmp/s"), "127.0.0.1"),
            "Update for the current server address family is only supported through "
            "configuration file",
        )

    def test_name_gets_an_address(self) -> None:
        """
        A server whose name has no address is in maintenance until it gets one.
        """
        backend = make_backend({"address": "nowhere.invalid:80"})
        server = backend.servers[0]
        server.admin |= Admin.RESOLUTION_MAINT
        server.operational = Operational.STOPPED
        begin(backend, START)
        changed, messages = move(server, "127.0.0.1", None, START)
        self.assertEqual(changed, "IP changed from '' to '127.0.0.1'")
        self.assertEqual(server.sockaddr, ("127.0.0.1", 80))
        self.assertTrue(server.usable_now)
        self.assertEqual(
            [message.text for message in messages],
            ["Server be1/s1 ('nowhere.invalid') is UP/READY (resolves again)."],
        )

    def test_parts(self) -> None:
        """
        Addresses are known in all their forms, ports of checks are plain numbers.
        """
        self.assertEqual(parse_ip("[::0001]"), "::1")
        self.assertEqual(parse_ip("::ffff:1.2.3.4"), "::ffff:1.2.3.4")
        for text in ("[127.0.0.1]", "127.000.0.1", "1", "*", "::1%lo", "a\0b", ""):
            self.assertIsNone(parse_ip(text), text)
        self.assertEqual(parse_port("0"), 0)
        self.assertEqual(parse_port("65535"), 65535)
        for text, expected in (
            ("x", "provided port is not an integer"),
            ("-1", "provided port is not an integer"),
            ("65536", "provided port is invalid"),
        ):
            with self.assertRaises(CannotMove) as caught:
                parse_port(text)
            self.assertEqual(str(caught.exception), expected)
