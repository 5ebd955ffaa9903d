"""
Tests for L{mwproxy.net.resolve}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.diagnostics import Diagnostics
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Admin
from mwproxy.net.resolve import CannotResolve, place_of, resolve_servers
from tests.live.backends import make_backend

NOWHERE = "nowhere.invalid"


class ResolveTests(SynchronousTestCase):
    """
    Tests for L{resolve_servers}. The C library is replaced: tests ask no DNS.
    """

    def setUp(self) -> None:
        self.asked: list[str] = []
        self.families: list[int] = []
        self.patch(socket, "getaddrinfo", self.getaddrinfo)

    def getaddrinfo(self, host: str, port: int, family: int, type: int) -> list[Any]:
        """
        Know one name.
        """
        self.asked.append(host)
        self.families.append(family)
        if host != "there.example":
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", port))]

    def resolve(self, *servers: dict[str, Any], ignore: bool = False) -> tuple[Backend, list[str]]:
        """
        Resolve the servers of a backend.

        @return: The backend and what was said.
        """
        backend = make_backend(*servers)
        diagnostics = Diagnostics()
        resolve_servers(backend.worker, diagnostics, ignore_failures=ignore)
        said = [f"{each.severity.value}: {each.text}" for each in diagnostics.messages]
        return backend, said

    def test_addresses(self) -> None:
        """
        What is no name is asked of nobody.
        """
        backend, said = self.resolve(
            {"address": "192.0.2.1:80"},
            {"address": "[2001:db8::1]:81"},
            {"address": "unix@/tmp/s"},
            {"address": "abns@hidden"},
            {"address": "192.0.2.1"},
        )
        found = [(server.sockaddr, server.family) for server in backend.servers]
        self.assertEqual(
            found,
            [
                (("192.0.2.1", 80), socket.AF_INET),
                (("2001:db8::1", 81, 0, 0), socket.AF_INET6),
                ("/tmp/s", socket.AF_UNIX),
                ("\0hidden" + "\0" * 101, socket.AF_UNIX),
                (("192.0.2.1", 0), socket.AF_INET),
            ],
        )
        self.assertEqual((said, self.asked), ([], []))

    def test_one_family(self) -> None:
        """
        With C{-4} names are asked for IPv4 addresses only, those of checks too.
        """
        backend = make_backend({"address": "there.example:80"}, {"address": "192.0.2.1:80"})
        checked = backend.servers[1].description.settings.check
        checked.address = Address("name", "there.example")
        resolve_servers(backend.worker, Diagnostics(), family=socket.AF_INET)
        self.assertEqual(self.families, [socket.AF_INET] * 2)
        self.resolve({"address": "there.example:80"})
        self.assertEqual(self.families[-1], socket.AF_UNSPEC)

    def test_name(self) -> None:
        """
        A name is asked of the C library, once.
        """
        address = {"address": "there.example:80"}
        backend, said = self.resolve(address, address)
        self.assertEqual(backend.servers[1].sockaddr, ("192.0.2.7", 80))
        self.assertEqual((said, self.asked), ([], ["there.example"]))

    def test_unknown_name(self) -> None:
        """
        A name without address is an error; all of them are told in one run.
        """
        address = {"address": f"{NOWHERE}:80"}
        _, said = self.resolve(address, address)
        problem = f"could not resolve address '{NOWHERE}'."
        self.assertEqual(
            said,
            [
                f"ALERT: config : [test.cfg:1] : 'server be1/s1' : {problem}",
                f"ALERT: config : [test.cfg:2] : 'server be1/s2' : {problem}",
                "ALERT: config : Failed to initialize server(s) addr.",
            ],
        )

    def test_ignored(self) -> None:
        """
        With C{-dr} such a server starts in maintenance.
        """
        backend, said = self.resolve({"address": f"{NOWHERE}:80"}, ignore=True)
        self.assertEqual(
            said,
            [
                "WARNING: config : [test.cfg:1] : 'server be1/s1' : could not resolve address "
                f"'{NOWHERE}', disabling server."
            ],
        )
        server = backend.servers[0]
        self.assertEqual(server.admin, Admin.RESOLUTION_MAINT)
        self.assertFalse(server.usable_now or server.up)

    def test_none(self) -> None:
        """
        C{init-addr none} starts without address, and without asking or warning.
        """
        backend, said = self.resolve({"address": f"{NOWHERE}:80", "init_addr": ("none",)})
        self.assertEqual((said, self.asked), ([], []))
        self.assertIsNone(backend.servers[0].sockaddr)

    def test_configured_address(self) -> None:
        """
        An address in C{init-addr} is used when the name has none.
        """
        methods = ("last", "libc", "192.0.2.9")
        backend, said = self.resolve({"address": f"{NOWHERE}:80", "init_addr": methods})
        self.assertEqual(backend.servers[0].sockaddr, ("192.0.2.9", 80))
        self.assertEqual(
            said,
            [
                "WARNING: config : [test.cfg:1] : 'server be1/s1' : could not resolve address "
                f"'{NOWHERE}', falling back to configured address."
            ],
        )

    def test_check_address(self) -> None:
        """
        The address of checks is found too.
        """
        there = {"check": {"address": parse_address("192.0.2.3", default_port=0)}}
        backend, said = self.resolve(there)
        self.assertEqual(backend.servers[0].check_sockaddr, ("192.0.2.3", 0))
        self.assertEqual(said, [])
        _, said = self.resolve({"check": {"address": Address("name", NOWHERE)}})
        self.assertEqual(
            said[0],
            "ALERT: config : [test.cfg:1] : 'server be1/s1' : 'addr' : could not resolve address "
            f"'{NOWHERE}'.",
        )

    def test_nothing_to_connect_to(self) -> None:
        """
        Descriptors are no place to connect to.
        """
        self.assertRaises(CannotResolve, place_of, Address("fd", "", 3))
        self.assertEqual(place_of(Address("abnsz", "x"))[0], "\0x")
        _, said = self.resolve({"address": "fd@3"})
        self.assertIn("nothing can connect to 'fd@3'", said[0])
