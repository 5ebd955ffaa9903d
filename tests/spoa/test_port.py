"""
Tests for L{mwproxy.spoa.port}.
"""

from __future__ import annotations

import socket

from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import ServerFactory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mwproxy.spoa.log import Log
from mwproxy.spoa.port import Port
from tests.spoa.fakes import FakeReactor


class PortTests(SynchronousTestCase):
    """
    Tests of accepting.
    """

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.lines: list[str] = []
        sock = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.addCleanup(sock.close)
        self.address = sock.getsockname()
        log = Log(self.lines.append, self.reactor.seconds)
        self.port = Port(sock, ServerFactory(), self.reactor, log)
        self.port.start()

    def connect(self, count: int) -> None:
        """
        Have clients wait.
        """
        for _ in range(count):
            client = socket.create_connection(self.address)
            self.addCleanup(client.close)

    def test_interface(self) -> None:
        """
        It is what a reactor watches.
        """
        verifyObject(IReadDescriptor, self.port)
        self.assertGreater(self.port.fileno(), 2)
        self.assertEqual(self.port.logPrefix(), "mwproxy.spoa")

    def test_batch(self) -> None:
        """
        All who wait are accepted, a number at a time.
        """
        self.connect(101)
        self.port.doRead()
        self.assertEqual(len(self.reactor.adopted), 100)
        self.port.doRead()
        self.assertEqual(len(self.reactor.adopted), 101)
        self.assertTrue(self.reactor.no_delay)

    def test_backlog(self) -> None:
        """
        Who waits when the port stops is accepted: closing it would reset him.
        """
        self.connect(3)
        self.port.stop()
        self.assertEqual(len(self.reactor.adopted), 3)
        self.assertEqual(self.reactor.readers, [])

    def test_no_descriptors(self) -> None:
        """
        Without descriptors it rests a moment, and says so.
        """
        self.connect(2)
        self.reactor.full = True
        self.port.doRead()
        self.assertEqual(self.reactor.readers, [])
        self.assertIn("cannot accept connections: Too many open files", self.lines[0])
        self.reactor.full = False
        self.reactor.advance(0.5)
        self.assertEqual(self.reactor.readers, [self.port])
        self.port.doRead()
        self.assertEqual(len(self.reactor.adopted), 1)

    def test_stop_while_resting(self) -> None:
        """
        It can be stopped meanwhile.
        """
        self.connect(1)
        self.reactor.full = True
        self.port.doRead()
        self.port.stop()
        self.assertEqual(self.reactor.getDelayedCalls(), [])
