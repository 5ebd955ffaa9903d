"""
Tests for L{mwproxy.process.succession}.
"""

from __future__ import annotations

import socket

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.listeners import ListenerSet
from mwproxy.process.sockets import ListenerSpec
from mwproxy.process.steering import LINGER, UNSTEER_AFTER
from mwproxy.process.succession import Succession
from tests.process.test_delegate import RecordedElders


class SuccessionTests(SynchronousTestCase):
    """
    When older processes are told to leave.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.listeners = ListenerSet()
        self.addCleanup(self.listeners.close)
        self.older = RecordedElders()
        self.succession = Succession(self.older, self.listeners, self.clock.callLater, hard=False)
        self.done: list[bool] = []

    def share(self) -> int:
        """
        Listen where an older process listens.

        @return: The port.
        """
        older = socket.socket()
        self.addCleanup(older.close)
        older.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        older.bind(("127.0.0.1", 0))
        older.listen()
        port: int = older.getsockname()[1]
        self.listeners.take(ListenerSpec("ipv4", "127.0.0.1", port), 0)
        return port

    def begin(self) -> None:
        self.succession.begin(lambda: self.done.append(True))

    def test_nothing_shared(self) -> None:
        """
        At once, where no port is shared.
        """
        self.begin()
        self.assertEqual((self.older.told, self.done), (["leave"], [True]))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_shared(self) -> None:
        """
        A moment later, where one is; it stays closed once we close it.
        """
        port = self.share()
        self.begin()
        self.assertEqual((self.older.told, self.done), ([], []))
        self.clock.advance(LINGER)
        self.assertEqual((self.older.told, self.done), (["leave"], [True]))
        self.clock.advance(UNSTEER_AFTER)
        self.listeners.close()
        self.assertEqual(self.older.told, ["leave"])
        self.assertEqual(self.others(port), 1)

    def test_cut_short(self) -> None:
        """
        When we are asked to leave ourselves, they are told at once, and no copy of a socket stays.
        """
        port = self.share()
        self.begin()
        self.listeners.close()
        self.assertEqual(self.others(port), 2)
        self.succession.cut_short()
        self.succession.cut_short()
        self.assertEqual((self.older.told, self.done), (["leave"], [True]))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.others(port), 1)

    def test_cut_short_later(self) -> None:
        """
        They are not told twice.
        """
        self.share()
        self.begin()
        self.clock.advance(LINGER)
        self.succession.cut_short()
        self.assertEqual(self.older.told, ["leave"])

    def others(self, port: int) -> int:
        """
        Count who listens on a port.
        """
        from mwproxy.process.steering import count_listening

        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("127.0.0.1", port))
            sock.listen()
            return count_listening(sock) - 1
