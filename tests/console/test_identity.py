"""
Tests for L{mwproxy.console.identity}.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import tempfile
from pathlib import Path

from cryptography import x509
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.identity import names_of, peer_of
from mwproxy.core.levels import Peer
from tests.certificates import Authority


class PeerTests(SynchronousTestCase):
    """
    Tests for L{peer_of}.
    """

    def test_unix(self) -> None:
        """
        A UNIX peer has a user, groups and a pid.
        """
        one, other = socket.socketpair()
        self.addCleanup(one.close)
        self.addCleanup(other.close)
        peer = peer_of(one)
        self.assertEqual((peer.uid, peer.pid, peer.address), (os.getuid(), os.getpid(), ""))
        self.assertEqual(peer.gids, {os.getgid(), *os.getgroups()})

    def connect(self, family: int, address: str, to: str) -> tuple[Peer, int]:
        """
        Connect over TCP.

        @return: The peer, and its port.
        """
        with socket.socket(family) as server:
            if family == socket.AF_INET6:
                server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            server.bind((address, 0))
            server.listen()
            with socket.create_connection((to, server.getsockname()[1])) as client:
                accepted, _ = server.accept()
                with accepted:
                    return peer_of(accepted), client.getsockname()[1]

    def test_tcp(self) -> None:
        """
        A TCP peer has an address and no user; IPv4 over an IPv6 socket is IPv4.
        """
        peer, port = self.connect(socket.AF_INET, "127.0.0.1", "127.0.0.1")
        self.assertEqual(peer, Peer(f"127.0.0.1:{port}"))
        if socket.has_ipv6:
            peer, port = self.connect(socket.AF_INET6, "::", "127.0.0.1")
            self.assertEqual(peer, Peer(f"127.0.0.1:{port}"))
            peer, port = self.connect(socket.AF_INET6, "::1", "::1")
            self.assertEqual(peer, Peer(f"[::1]:{port}"))

    def test_gone(self) -> None:
        """
        One that has gone meanwhile has no address.
        """
        with socket.socket() as never:
            self.assertEqual(peer_of(never), Peer())


class CertificateTests(SynchronousTestCase):
    """
    Tests for L{names_of}.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.authority = Authority(self.directory)

    def test_names(self) -> None:
        """
        The subject and the alternative names are read, each as its kind.
        """
        identity = self.authority.sign(
            "ops",
            organization="Example, Inc",
            names=(
                x509.DNSName("a.example"),
                x509.RFC822Name("a@example"),
                x509.UniformResourceIdentifier("spiffe://a"),
                x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
            ),
        )
        subject, names = names_of(identity.certificate)
        self.assertEqual(subject, (("O", "Example, Inc"), ("CN", "ops")))
        expected = [
            ("DNS", "a.example"), ("EMAIL", "a@example"), ("URI", "spiffe://a"), ("IP", "10.0.0.1"),
        ]  # fmt: skip
        self.assertEqual(list(names), expected)

    def test_without_alternative_names(self) -> None:
        """
        A certificate may have none.
        """
        self.assertEqual(names_of(self.authority.sign("x").certificate), ((("CN", "x"),), ()))
