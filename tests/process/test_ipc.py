"""
Tests for L{mwproxy.process.ipc}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.ipc import Channel, Descriptor


class DescriptorTests(SynchronousTestCase):
    """
    Tests for descriptors that come through the channel.
    """

    def setUp(self) -> None:
        self.channel = Channel()
        self.argument = Descriptor()

    def take(self, number: int) -> int:
        """
        Read the argument that says which descriptor it is.

        @return: The descriptor.
        """
        return self.argument.fromStringProto(b"%d" % number, self.channel)

    def test_received(self) -> None:
        """
        Descriptors are told by their numbers, and each is taken once.
        """
        self.channel.fileDescriptorReceived(7)
        self.channel.fileDescriptorReceived(8)
        self.assertEqual([self.take(1), self.take(0)], [8, 7])

    def test_lost(self) -> None:
        """
        One that the receiver had no room for is -1, and the next is still found.
        """
        self.channel.fileDescriptorReceived(7)
        self.assertEqual([self.take(0), self.take(1)], [7, -1])
        self.channel.fileDescriptorReceived(9)
        self.assertEqual(self.take(2), 9)
