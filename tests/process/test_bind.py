"""
Tests for L{mwproxy.process.bind}.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.bind import Bound, bind
from mwproxy.process.sockets import CannotBind, ListenerSpec


class BindTests(SynchronousTestCase):
    """
    Listening sockets of all families.
    """

    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = str(Path(self.directory, "s"))

    def bound(self, spec: ListenerSpec) -> Bound:
        bound = bind(spec)
        self.addCleanup(bound.close)
        return bound

    def refusal(self, spec: ListenerSpec) -> str:
        return str(self.assertRaises(CannotBind, bind, spec))

    def test_tcp(self) -> None:
        """
        A TCP socket listens, does not block, and can share its port with the next process.
        """
        bound = self.bound(ListenerSpec("ipv4", "127.0.0.1", 0))
        name = bound.sock.getsockname()
        self.assertFalse(bound.sock.getblocking())
        again = self.bound(ListenerSpec("ipv4", "127.0.0.1", name[1]))
        self.assertEqual(again.sock.getsockname(), name)

    def test_without_reuseport(self) -> None:
        """
        With C{noreuseport} a port belongs to one process.
        """
        port = self.bound(ListenerSpec("ipv4", "127.0.0.1", 0)).sock.getsockname()[1]
        text = self.refusal(ListenerSpec("ipv4", "127.0.0.1", port, reuseport=False))
        self.assertEqual(
            text, f"cannot bind socket (Address already in use) for [127.0.0.1:{port}]"
        )

    def test_ipv6_only(self) -> None:
        """
        C{v6only} is applied.
        """
        bound = self.bound(ListenerSpec("ipv6", "::1", 0, v6only=True))
        self.assertEqual(bound.sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY), 1)

    def test_unknown_interface(self) -> None:
        """
        An interface that does not exist is named.
        """
        text = self.refusal(ListenerSpec("ipv4", "127.0.0.1", 0, interface="nosuch0"))
        self.assertIn("cannot bind listener to device 'nosuch0'", text)

    def test_path(self) -> None:
        """
        A UNIX socket has its path and permissions, and nothing else is left beside it.
        """
        self.bound(ListenerSpec("unix", self.path, mode=0o640))
        self.assertEqual([each.name for each in Path(self.directory).iterdir()], ["s"])
        self.assertEqual(Path(self.path).stat().st_mode & 0o777, 0o640)

    def test_path_in_a_missing_directory(self) -> None:
        """
        A directory that does not exist is refused with HAProxy's words.
        """
        path = str(Path(self.directory, "no", "s"))
        self.assertEqual(
            self.refusal(ListenerSpec("unix", path)),
            f"cannot bind UNIX socket (No such file or directory) [{path}]",
        )

    def test_path_too_long(self) -> None:
        """
        A path must leave room for its temporary name.
        """
        path = "/" + "x" * 97
        self.assertEqual(
            self.refusal(ListenerSpec("unix", path)), f"socket path '{path}' too long (max 97)"
        )

    def test_closing_spares_the_socket_of_somebody_else(self) -> None:
        """
        A path that another process took over meanwhile is not removed.
        """
        bound = bind(ListenerSpec("unix", self.path))
        other = bind(ListenerSpec("unix", self.path))
        self.addCleanup(other.close)
        other.commit()
        bound.close()
        self.assertTrue(Path(self.path).exists())

    def test_abstract_names(self) -> None:
        """
        C{abns} pads its name to the whole address, C{abnsz} does not.
        """
        name = f"mwproxy-test-{os.getpid()}"
        padded = self.bound(ListenerSpec("abns", name)).sock.getsockname()
        exact = self.bound(ListenerSpec("abnsz", name)).sock.getsockname()
        self.assertEqual(padded, (b"\0" + name.encode()).ljust(108, b"\0"))
        self.assertEqual(exact, b"\0" + name.encode())

    def test_inherited(self) -> None:
        """
        C{fd@} listens on a copy of the descriptor; the original stays open.
        """
        with socket.socket() as given:
            given.bind(("127.0.0.1", 0))
            bound = bind(ListenerSpec("fd", "", given.fileno()))
            self.assertEqual(bound.sock.getsockname(), given.getsockname())
            bound.close()
            with socket.create_connection(given.getsockname()):
                pass

    def test_inherited_but_closed(self) -> None:
        """
        A descriptor that is not open is refused.
        """
        self.assertEqual(
            self.refusal(ListenerSpec("fd", "", 987)),
            "cannot use inherited socket (Bad file descriptor) for [fd@987]",
        )

    def test_inherited_by_name(self) -> None:
        """
        A name is looked up among the sockets that a service manager passed to this process.
        """
        self.assertEqual(
            self.refusal(ListenerSpec("fd", "web")),
            "cannot use inherited socket (the service manager passed no sockets) for [fd@web]",
        )

    def test_paused(self) -> None:
        """
        A port of an instance that is paused is bound, and does not listen; one that the system
        chooses does.
        """
        reserved = self.bound(ListenerSpec("ipv4", "127.0.0.1", 0))
        port = reserved.sock.getsockname()[1]
        reserved.sock.shutdown(socket.SHUT_RD)
        paused = bind(ListenerSpec("ipv4", "127.0.0.1", port), paused=True)
        self.addCleanup(paused.close)
        self.assertEqual(paused.sock.getsockname()[1], port)
        self.assertFalse(paused.listens())
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
        paused.adjust(ListenerSpec("ipv4", "127.0.0.1", port, backlog=7))
        self.assertFalse(paused.listens())
        for spec in (ListenerSpec("ipv4", "127.0.0.1", 0), ListenerSpec("unix", self.path)):
            resting = bind(spec, paused=True)
            self.addCleanup(resting.close)
            self.assertTrue(resting.listens())

    def test_backlog_changes(self) -> None:
        """
        Another backlog is applied to the same socket.
        """
        bound = self.bound(ListenerSpec("ipv4", "127.0.0.1", 0))
        other = ListenerSpec("ipv4", "127.0.0.1", 0, backlog=7)
        bound.adjust(other)
        self.assertEqual(bound.spec, other)
