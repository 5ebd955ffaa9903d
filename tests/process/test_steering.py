"""
Tests for L{mwproxy.process.steering}.
"""

from __future__ import annotations

import socket

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mwproxy.process.steering import Newcomers, count_listening, steer, unsteer


class SteeringTests(SynchronousTestCase):
    """
    New connections of a shared port come to the latest socket.
    """

    family = socket.AF_INET
    host = "127.0.0.1"

    def listening(self, port: int = 0, *, shared: bool = True) -> socket.socket:
        sock = socket.socket(self.family)
        self.addCleanup(sock.close)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((self.host, port))
        sock.listen(64)
        sock.setblocking(False)
        return sock

    def connect(self, sock: socket.socket, count: int = 32) -> None:
        """
        Connect so often that a hash would spread the connections.
        """
        for _ in range(count):
            client = socket.create_connection(sock.getsockname()[:2])
            self.addCleanup(client.close)

    def accepted(self, sock: socket.socket) -> int:
        """
        Count the connections that came to a socket.
        """
        count = 0
        while True:
            try:
                sock.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def test_taking_over(self) -> None:
        """
        The younger one gets all from then on, what had come before stays; when the older one is
        gone the younger goes on.
        """
        old = self.listening()
        self.connect(old)
        young = self.listening(old.getsockname()[1])
        self.assertEqual(steer([young]), [young])
        self.connect(young)
        self.assertEqual((self.accepted(old), self.accepted(young)), (32, 32))
        old.close()
        self.connect(young)
        self.assertEqual(self.accepted(young), 32)

    def test_a_chain(self) -> None:
        """
        Each of many in a row takes over from the one before.
        """
        old = self.listening()
        for _ in range(20):
            young = self.listening(old.getsockname()[1])
            self.assertEqual(steer([young]), [young])
            self.connect(young, 8)
            self.assertEqual((self.accepted(old), self.accepted(young)), (0, 8))
            old.close()
            old = young

    def test_given_back(self) -> None:
        """
        Detached, the kernel goes by its hash again.
        """
        old = self.listening()
        young = self.listening(old.getsockname()[1])
        steer([young])
        unsteer([young])
        self.connect(young, 60)
        self.assertTrue(self.accepted(old))
        self.assertTrue(self.accepted(young))
        young.close()
        unsteer([young])

    def test_leaving_for_a_newcomer(self) -> None:
        """
        One that leaves has new connections go to who came later, but not to who was there before.
        """
        before = self.listening()
        port = before.getsockname()[1]
        ours = self.listening(port)
        newcomers = Newcomers([ours])
        self.assertFalse(newcomers.steer([ours]))
        later = self.listening(port)
        copy = ours.dup()
        self.addCleanup(copy.close)
        self.assertTrue(newcomers.steer([copy]))
        self.connect(ours)
        self.assertEqual([self.accepted(each) for each in (before, ours, later)], [0, 0, 32])

    def test_nobody_to_leave_for(self) -> None:
        """
        Nothing is done for sockets that cannot be shared, or that were not ours.
        """
        sock = self.listening(shared=False)
        self.assertFalse(Newcomers([sock]).steer([sock]))
        self.assertFalse(Newcomers([]).steer([self.listening()]))

    def test_alone(self) -> None:
        """
        Nothing is done where nobody else listens, or nobody else can.
        """
        self.assertEqual(steer([self.listening(), self.listening(shared=False)]), [])

    def test_unix(self) -> None:
        """
        UNIX sockets are taken over by their paths.
        """
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        self.assertEqual(steer([sock]), [])

    def test_counting(self) -> None:
        """
        Sockets of one address and port are counted, not those of other ones.
        """
        first = self.listening()
        self.assertEqual(count_listening(first), 1)
        self.listening(first.getsockname()[1])
        self.listening()
        self.assertEqual(count_listening(first), 2)
        first.shutdown(socket.SHUT_RD)
        self.assertEqual(count_listening(first), 0)


class Ipv6Tests(SteeringTests):
    """
    The same with IPv6.
    """

    family = socket.AF_INET6
    host = "::1"

    def setUp(self) -> None:
        try:
            socket.create_server((self.host, 0), family=self.family).close()
        except OSError as error:
            raise SkipTest(f"no IPv6 here: {error}") from None
