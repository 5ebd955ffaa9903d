"""
Tests for L{mwproxy.programs.sockets}.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import Program
from mwproxy.config.program_settings import PassedSocket, ProgramSettings
from mwproxy.process.sockets import CannotBind
from mwproxy.programs.sockets import PassedSockets


def program(*sockets: PassedSocket) -> Program:
    """
    Make a section with sockets.
    """
    return Program("p", ("x",), settings=ProgramSettings(passed=sockets))


class PassedSocketTests(SynchronousTestCase):
    """
    Tests for listening sockets that programs are given.
    """

    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.sockets = PassedSockets()
        self.addCleanup(self.sockets.close)
        self.path = Path(self.directory, "s")

    def test_they_wait(self) -> None:
        """
        A program that accepts waits, as with systemd; also when a former image has made them.
        """
        section = program(PassedSocket(str(self.path)), PassedSocket("127.0.0.1:0"))
        fds = self.sockets.descriptors(section)
        self.assertEqual([os.get_blocking(fd) for fd in fds], [True, True])
        self.assertEqual(self.sockets.descriptors(section), fds)
        facts = self.sockets.facts()
        for each in facts:
            each.fd = os.dup(each.fd)
        successor = PassedSockets()
        self.addCleanup(successor.close)
        successor.inherit(facts)
        inherited = successor.descriptors(section)
        self.assertEqual(inherited, [each.fd for each in facts])
        self.assertEqual(
            [(os.get_blocking(fd), os.get_inheritable(fd)) for fd in inherited],
            [(True, False)] * 2,
        )

    def test_all_or_nothing(self) -> None:
        """
        When one cannot be made the others are not left behind.
        """
        bad = PassedSocket("/no/such/directory/s")
        self.assertRaises(
            CannotBind, self.sockets.take, [program(PassedSocket(str(self.path)), bad)]
        )
        self.assertFalse(self.path.exists())
        self.assertEqual(self.sockets.facts(), [])

    def test_a_path_that_was_removed(self) -> None:
        """
        It is made anew for the next instance.
        """
        section = program(PassedSocket(str(self.path)))
        self.sockets.take([section])
        self.path.unlink()
        self.sockets.take([section])
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.path))

    def test_nobody_has_it_any_more(self) -> None:
        """
        It is closed, and its path removed.
        """
        self.sockets.take([program(PassedSocket(str(self.path)))])
        self.sockets.keep([program()])
        self.assertFalse(self.path.exists())

    def test_facts_of_nothing(self) -> None:
        """
        A socket that did not come along is made anew.
        """
        section = program(PassedSocket(str(self.path)))
        self.sockets.take([section])
        facts = self.sockets.facts()
        facts[0].fd = 9999
        successor = PassedSockets()
        self.addCleanup(successor.close)
        successor.inherit(facts)
        self.assertEqual(successor.facts(), [])
