"""
Tests for L{mwproxy.process.channel}: a conversation that another image of the master goes on with.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet.task import Clock
from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.levels import Level
from mwproxy.process.channel import CONSOLE_PATIENCE, MasterChannel
from mwproxy.process.inheritance import ChannelFacts
from mwproxy.process.ipc import Channel, Message, OpenConsole, SendStatus
from mwproxy.process.sockets import ListenerSpec
from tests.process.memory import MemoryTransport


class Events:
    """
    Records what a worker says.
    """

    def __init__(self) -> None:
        self.log: list[Any] = []

    def said_hello(self, version: int, software: str, pid: int) -> None:
        self.log.append(("hello", version, software, pid))

    def said_status(self, status: str, facts: dict[str, Any]) -> None:
        self.log.append((status, facts))

    def said_message(self, text: str) -> None:
        self.log.append(text)

    def said_figures(self, figures: dict[str, Any]) -> None:
        self.log.append(figures)

    def needs_listener(self, spec: ListenerSpec) -> int:
        raise AssertionError

    def channel_closed(self) -> None:
        self.log.append("closed")


class SuspendTests(SynchronousTestCase):
    """
    Tests for C{suspend} and C{resume}.
    """

    def setUp(self) -> None:
        self.events = Events()
        self.clock = Clock()

    def channel(self) -> MasterChannel:
        """
        Make a channel whose connection is in memory.
        """
        channel = MasterChannel(self.events, self.clock.callLater, self.clock.seconds)
        channel.makeConnection(MemoryTransport())
        return channel

    def succeed(self, channel: MasterChannel) -> MasterChannel:
        """
        Have another image go on with a conversation.
        """
        successor = self.channel()
        successor.resume(channel.suspend())
        return successor

    def test_in_the_midst_of_a_box(self) -> None:
        """
        Wherever the exec cuts what the worker says, nothing is lost and nothing is heard twice.
        """
        worker = Channel()
        worker.makeConnection(MemoryTransport())
        worker.callRemote(Message, text="one")
        worker.callRemote(SendStatus, status="READY", facts={"a": "b" * 300})
        worker.callRemote(Message, text="")
        said = worker.transport.value()
        for place in range(len(said) + 1):
            self.events.log.clear()
            first = self.channel()
            first.dataReceived(said[:place])
            second = self.succeed(first)
            third = self.succeed(second)
            third.dataReceived(said[place:])
            self.assertEqual(self.events.log, ["one", ("READY", {"a": "b" * 300}), ""], place)

    def test_answers_to_the_predecessor(self) -> None:
        """
        Answers to what a predecessor asked are nobody's concern; later ones find who asked.
        """
        first = self.channel()
        for _ in range(20):
            first.load(1, 1, {})
        second = self.succeed(first)
        asked = second.load(2, 1, {})
        (box,) = amp.parseString(second.transport.value())
        tag = box[b"_ask"]
        self.assertEqual(int(tag, 16), 21)
        second.dataReceived(amp.Box({b"_answer": b"14"}).serialize())
        second.dataReceived(
            amp.Box({b"_error": b"3", b"_error_code": b"X", b"_error_description": b""}).serialize()
        )
        self.assertNoResult(asked)
        second.dataReceived(amp.Box({b"_answer": tag}).serialize())
        self.successResultOf(asked)
        self.assertEqual(self.events.log, [])

    def test_descriptors_go_on_counting(self) -> None:
        """
        The worker tells descriptors by their numbers: those of a successor come after those of
        its predecessor.
        """
        facts = ChannelFacts(9, descriptors=5)
        channel = self.channel()
        channel.resume(facts)
        sent: list[int] = []
        channel.transport.sendFileDescriptor = sent.append
        channel.open_console(Level.ADMIN, "n").close()
        (box,) = amp.parseString(channel.transport.value())
        self.assertEqual((box[b"_command"], box[b"fd"]), (OpenConsole.commandName, b"5"))
        self.assertEqual(channel.suspend().descriptors, 6)
        self.assertEqual(len(sent), 1)
        os.close(sent[0])

    def offered(self) -> tuple[MasterChannel, socket.socket]:
        """
        Offer a worker a console session, go on as another image 4 seconds later, and lose what the
        first one had open.

        @return: The other image's channel, and our end.
        """
        clock = self.clock
        first = self.channel()
        first.transport.sendFileDescriptor = lambda fd: None
        ours = first.open_console(Level.ADMIN, "n")
        self.addCleanup(ours.close)
        clock.advance(4)
        facts = first.suspend()
        (untaken,) = facts.untaken
        due = self.clock.seconds() - 4 + CONSOLE_PATIENCE
        self.assertEqual((untaken.question, untaken.due), (1, due))
        untaken.fd = os.dup(untaken.fd)
        first.connectionLost()
        self.assertEqual(clock.getDelayedCalls(), [])
        clock.advance(2)
        second = self.channel()
        second.resume(facts)
        return second, ours

    def test_a_session_that_is_not_taken(self) -> None:
        """
        The deadline for a worker to take note of a console session is the same in another image.
        """
        second, ours = self.offered()
        self.clock.advance(CONSOLE_PATIENCE - 6.5)
        with self.assertRaises(BlockingIOError):
            ours.recv(100)
        third = self.channel()
        facts = second.suspend()
        facts.untaken[0].fd = os.dup(facts.untaken[0].fd)
        third.resume(facts)
        second.connectionLost()
        self.clock.advance(0.5)
        self.assertEqual(ours.recv(100), b"The worker does not answer since 10 seconds.\n\n")
        self.assertEqual(ours.recv(100), b"")

    def test_a_session_that_is_taken(self) -> None:
        """
        A worker that takes note in time, or refuses, has all the time it needs; so does one whose
        channel closes, whose end the session sees.
        """
        for answer in (b"_answer", b"_error"):
            second, ours = self.offered()
            box = amp.Box({answer: b"1", b"_error_code": b"x", b"_error_description": b"y"})
            second.dataReceived(box.serialize())
            self.assertEqual(self.clock.getDelayedCalls(), [])
            self.assertEqual(ours.recv(100), b"")
            self.assertEqual(second.suspend().untaken, [])
        second, ours = self.offered()
        second.connectionLost()
        self.assertEqual((self.clock.getDelayedCalls(), ours.recv(100)), ([], b""))

    def test_unsent(self) -> None:
        """
        What the worker was not sent yet goes before all that is said later.
        """
        channel = self.channel()
        channel.resume(ChannelFacts(9, unsent=b"rest of a box", asked=3))
        channel.load(1, 1, {})
        self.assertTrue(channel.transport.value().startswith(b"rest of a box\0\x04_ask\0\x014"))

    def test_closed(self) -> None:
        """
        A channel that is closed has no descriptor.
        """
        channel = self.channel()
        channel.transport.loseConnection()
        channel.transport.connected = False
        self.assertEqual(channel.suspend(), ChannelFacts())
