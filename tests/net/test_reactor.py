"""
Tests for L{mwproxy.net.reactor}.
"""

from __future__ import annotations

import os
import socket

from twisted.internet.abstract import FileDescriptor

from mwproxy.net.reactor import BROKEN, READ, WRITE
from tests.net.plane import PlaneTestCase


class Owner:
    """
    Something whose handler fails.
    """

    def __init__(self, *, closing_fails: bool = False) -> None:
        self.calls: list[str] = []
        self._closing_fails = closing_fails

    def event(self, event: int) -> None:
        self.calls.append("event")
        raise ValueError("told so")

    def crashed(self) -> None:
        self.calls.append("crashed")
        if self._closing_fails:
            raise KeyError("again")


class DirectReactorTests(PlaneTestCase):
    """
    Tests for L{mwproxy.net.reactor.DirectReactor}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.ours, self.theirs = socket.socketpair()
        self.addCleanup(self.ours.close)
        self.addCleanup(self.theirs.close)
        self.fd = self.ours.fileno()
        self.events: list[int] = []

    def test_events(self) -> None:
        """
        A function hears of what its descriptor is watched for.
        """
        self.reactor.watch(self.fd, READ, self.events.append)
        self.turn()
        self.assertEqual(self.events, [])
        self.theirs.send(b"x")
        self.turn(2)
        self.assertEqual(self.events, [READ, READ])
        self.reactor.change(self.fd, WRITE)
        self.turn()
        self.assertEqual(self.events[2:], [WRITE])
        self.reactor.change(self.fd, 0)
        self.turn()
        self.assertEqual(len(self.events), 3)
        self.theirs.close()
        self.turn()
        self.assertTrue(self.events[3] & BROKEN)
        self.reactor.unwatch(self.fd)
        self.turn()
        self.assertEqual(len(self.events), 4)

    def test_replaced_handler(self) -> None:
        """
        The table may be changed while a descriptor is watched.
        """
        other: list[int] = []
        self.reactor.watch(self.fd, WRITE, self.events.append)
        self.reactor.handlers[self.fd] = other.append
        self.turn()
        self.assertEqual((self.events, other), ([], [WRITE]))
        self.reactor.unwatch(self.fd)

    def test_forgotten(self) -> None:
        """
        Forgetting what is not watched does nothing.
        """
        self.reactor.forget(self.fd)
        self.reactor.watch(self.fd, WRITE, self.events.append)
        self.reactor.forget(self.fd)
        self.turn()
        self.assertEqual(self.events, [])

    def test_turn_hooks(self) -> None:
        """
        Hooks run before and behind the events of a turn, and know its time.
        """
        order: list[object] = []
        self.reactor.turn_starts.append(order.append)
        self.reactor.turn_ends.append(lambda: order.append("end"))
        self.reactor.watch(self.fd, WRITE, order.append)
        self.clock.now = 6000.0
        self.turn()
        self.assertEqual(order, [6000.0, WRITE, "end"])
        self.assertEqual(self.reactor.now, 6000.0)
        self.reactor.unwatch(self.fd)

    def test_later(self) -> None:
        """
        What is put off runs behind the events of a turn, in order; what it puts off itself, in the
        next turn, which waits for nothing.
        """
        order: list[object] = []

        def again(number: object) -> None:
            order.append(number)
            self.reactor.later.append((order.append, "next"))

        self.reactor.turn_ends.append(lambda: order.append("end"))
        self.reactor.later += [(again, 1), (order.append, 2)]
        self.turn(2)
        self.assertEqual(order, [1, 2, "end", "next", "end"])

    def test_failing_later(self) -> None:
        """
        What fails of it is logged, its owner is told, and the rest runs.
        """
        order: list[object] = []

        class Owner:
            def fail(self, number: object) -> None:
                raise ValueError(number)

            def crashed(self) -> None:
                order.append("crashed")

        self.reactor.later += [(Owner().fail, 1), (order.append, 2)]
        self.turn()
        self.assertEqual(order, ["crashed", 2])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_failing_handler_without_owner(self) -> None:
        """
        A function that fails is logged and not called again: its events would come for ever.
        """

        def fail(event: int) -> None:
            self.events.append(event)
            raise ValueError("told so")

        self.reactor.watch(self.fd, WRITE, fail)
        self.turn(3)
        self.assertEqual(self.events, [WRITE])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        # It can be watched again, so it was let go.
        self.reactor.watch(self.fd, READ, self.events.append)
        self.reactor.unwatch(self.fd)

    def test_failing_handler_with_owner(self) -> None:
        """
        An owner that knows how is told to clean up.
        """
        owner = Owner()
        self.reactor.watch(self.fd, WRITE, owner.event)
        self.turn()
        self.assertEqual(owner.calls, ["event", "crashed"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.reactor.unwatch(self.fd)

    def test_failing_owner(self) -> None:
        """
        An owner that fails at that too is not heard of again.
        """
        owner = Owner(closing_fails=True)
        self.reactor.watch(self.fd, WRITE, owner.event)
        self.turn(3)
        self.assertEqual(owner.calls, ["event", "crashed"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError, KeyError)), 2)

    def test_selectables(self) -> None:
        """
        What Twisted watches works as ever.
        """
        read: list[bytes] = []

        class Reader(FileDescriptor):
            def fileno(reader) -> int:
                return self.fd

            def doRead(reader) -> None:
                read.append(os.read(self.fd, 10))

        reader = Reader(self.reactor)
        self.reactor.addReader(reader)
        self.theirs.send(b"abc")
        self.turn()
        self.assertEqual(read, [b"abc"])
        self.reactor.removeReader(reader)

    def test_wheel_and_timers(self) -> None:
        """
        Waiting ends when the wheel has something to do.
        """
        expired: list[float] = []

        class Thing:
            expiry = 5000.0
            parked_at = float("inf")

            def expire(self, now: float) -> None:
                expired.append(now)

        self.reactor.wheel.park(Thing(), 5000.0)
        self.clock.now = 5001.0
        self.reactor.doPoll(None)
        self.assertEqual(expired, [5001.0])
