"""
Tests for L{mwproxy.process.listeners}.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.listeners import ListenerSet
from mwproxy.process.sockets import LOG, CannotBind, ListenerSpec


class ListenerSetTests(SynchronousTestCase):
    """
    Sockets are bound once and live as long as a generation uses them.
    """

    def setUp(self) -> None:
        self.listeners = ListenerSet()
        self.addCleanup(self.listeners.close)
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = str(Path(self.directory, "s"))
        self.spec = ListenerSpec("unix", self.path)

    def test_descriptors_for_logs(self) -> None:
        """
        A descriptor that was passed is lent as it is; one of our own, or none, is refused.
        """
        passed, own = os.pipe()
        self.addCleanup(os.close, passed)
        self.addCleanup(os.close, own)
        os.set_inheritable(passed, True)
        self.assertEqual(self.listeners.take(ListenerSpec(LOG, "", passed), 1), passed)
        for number in (own, 1000):
            error = self.assertRaises(
                CannotBind, self.listeners.take, ListenerSpec(LOG, "", number), 1
            )
            self.assertEqual(str(error), f"descriptor {number} was not passed to this process")
        self.assertEqual(self.listeners.specs(), [])

    def test_two_generations_share_a_socket(self) -> None:
        """
        The second generation gets the very socket of the first.
        """
        first = self.listeners.take(self.spec, 1)
        self.assertEqual(self.listeners.take(self.spec, 2), first)

    def test_the_last_user_closes_it(self) -> None:
        """
        A socket is closed, and its path removed, when no generation uses it any more.
        """
        self.listeners.take(self.spec, 1)
        self.listeners.commit(1)
        self.listeners.take(self.spec, 2)
        self.listeners.commit(2)
        self.listeners.release(1)
        self.assertTrue(Path(self.path).exists())
        self.listeners.release(2)
        self.assertFalse(Path(self.path).exists())
        self.assertEqual(self.listeners.specs(), [])

    def test_another_image_goes_on(self) -> None:
        """
        Sockets, who uses them and what they replaced cross an exec: the last user still closes
        them, and what a failed generation bound is still undone.
        """
        self.listeners.take(self.spec, 1)
        self.listeners.commit(1)
        other = ListenerSpec("unix", f"{self.path}2")
        self.listeners.take(self.spec, 2)
        self.listeners.take(other, 2)
        self.listeners.commit(2)
        before = Path(self.path).stat().st_ino
        facts, committed = self.listeners.facts()
        self.assertEqual([each.users for each in facts], [[1, 2], [2]])
        for each in facts:
            each.bound.fd = os.dup(each.bound.fd)
        successor = ListenerSet()
        self.addCleanup(successor.close)
        successor.inherit(facts, committed)
        self.assertEqual(successor.specs(), [self.spec, other])
        self.assertEqual(successor.generations(), {1, 2})
        fd = successor.take(self.spec, 3)
        self.assertEqual(fd, facts[0].bound.fd)
        self.assertFalse(os.get_inheritable(fd))
        successor.release(1)
        successor.release(3)
        self.assertEqual(Path(self.path).stat().st_ino, before)
        successor.release(2)
        self.assertFalse(Path(self.path).exists() or Path(f"{self.path}2").exists())

    def test_a_failed_generation_leaves_no_trace(self) -> None:
        """
        What only a failed generation had bound is undone: the socket that was at that path before
        is back.
        """
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.bind(self.path)
        other.listen()
        inode = Path(self.path).stat().st_ino
        self.listeners.take(self.spec, 1)
        self.assertNotEqual(Path(self.path).stat().st_ino, inode)
        self.listeners.release(1)
        self.assertEqual(Path(self.path).stat().st_ino, inode)
        self.assertEqual([each.name for each in Path(self.directory).iterdir()], ["s"])

    def test_a_failed_generation_does_not_harm_the_serving_one(self) -> None:
        """
        A shared socket survives the failure of one of its users.
        """
        self.listeners.take(self.spec, 1)
        self.listeners.commit(1)
        self.listeners.take(self.spec, 2)
        self.listeners.release(2)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.path)

    def test_ready_gives_up_what_was_there_before(self) -> None:
        """
        Once a generation is READY no backup of the former socket remains.
        """
        socket_before = socket.socket(socket.AF_UNIX)
        self.addCleanup(socket_before.close)
        socket_before.bind(self.path)
        self.listeners.take(self.spec, 1)
        self.listeners.commit(1)
        self.assertEqual([each.name for each in Path(self.directory).iterdir()], ["s"])

    def test_a_removed_path_is_made_again(self) -> None:
        """
        A socket whose path somebody removed is bound anew by the next generation, while the
        former one keeps its own.
        """
        first = self.listeners.take(self.spec, 1)
        Path(self.path).unlink()
        self.assertNotEqual(self.listeners.take(self.spec, 2), first)
        self.listeners.release(1)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.path)

    def test_permissions_follow_the_latest_generation(self) -> None:
        """
        Permissions are applied to a socket that is bound already.
        """
        self.listeners.take(self.spec, 1)
        self.listeners.take(ListenerSpec("unix", self.path, mode=0o600), 2)
        self.assertEqual(Path(self.path).stat().st_mode & 0o777, 0o600)

    def test_sockets_of_an_older_process(self) -> None:
        """
        A socket that was given is used as it is; what nobody wants is closed at READY.
        """
        wanted, other = socket.socket(), socket.socket()
        self.addCleanup(wanted.close)
        self.addCleanup(other.close)
        for sock in (wanted, other):
            sock.bind(("127.0.0.1", 0))
        spec = ListenerSpec("ipv4", "127.0.0.1", wanted.getsockname()[1])
        self.listeners.give({spec.key: wanted, ("unix", "/x", 0, ""): other})
        self.assertEqual(self.listeners.take(spec, 1), wanted.fileno())
        self.listeners.commit(1)
        self.assertEqual(other.fileno(), -1)

    def test_the_port_of_somebody_else(self) -> None:
        """
        An address in use is refused with HAProxy's words.
        """
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            spec = ListenerSpec("ipv4", "127.0.0.1", port)
            error = self.assertRaises(CannotBind, self.listeners.take, spec, 1)
        self.assertEqual(
            str(error), f"cannot bind socket (Address already in use) for [127.0.0.1:{port}]"
        )
        self.assertEqual(self.listeners.generations(), set())
