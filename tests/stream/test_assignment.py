"""
Tests for L{mwproxy.stream.assignment}.
"""

from __future__ import annotations

from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.servers import Server
from mwproxy.live.sessions import Stream
from mwproxy.live.states import set_down, set_drain
from mwproxy.stream.assignment import (
    enqueue,
    leave_queue,
    may_wait,
    pick,
    pick_instead,
    release,
    serve_queue,
    take,
)
from tests.live.backends import START, Client, make_backend


class Waiter:
    """
    Somebody in a queue.
    """

    def __init__(self, host: str = "192.0.2.1") -> None:
        self.stream: Stream | None = new_stream(host)
        self.got: list[str] = []

    def server_free(self, server: Server) -> None:
        self.got.append(server.name)


def new_stream(host: str = "192.0.2.1") -> Stream:
    """
    Make a stream that any algorithm can look at.
    """
    return Stream(cast("Any", Client(host)))


class AssignmentTests(SynchronousTestCase):
    """
    Tests for places of servers and for the queue.
    """

    def test_picked(self) -> None:
        """
        A picked server has one place less, and is counted.
        """
        backend = make_backend({})
        stream = new_stream()
        server = pick(stream, backend)
        self.assertIs(server, backend.servers[0])
        self.assertIs(stream.server, server)
        assert server is not None
        counters = server.counters
        self.assertEqual((server.current, counters.scur, counters.smax, counters.stot), (1,) * 4)
        self.assertEqual((counters.lbtot, backend.counters.lbtot), (1, 1))
        release(server)
        self.assertEqual((server.current, counters.scur, counters.smax), (0, 0, 1))

    def test_full(self) -> None:
        """
        L{None} is picked when all are full; waiting makes sense as long as one is usable.
        """
        backend = make_backend({"maxconn": 1})
        self.assertIsNotNone(pick(new_stream(), backend))
        self.assertIsNone(pick(new_stream(), backend))
        self.assertTrue(may_wait(backend))
        set_down(backend.servers[0], START)
        self.assertFalse(may_wait(backend))

    def test_another_one(self) -> None:
        """
        The server to avoid is picked only when there is no other.
        """
        backend = make_backend({}, {})
        one, two = backend.servers
        for _ in range(4):
            self.assertIs(pick(new_stream(), backend, one), two)
        set_down(two, START)
        self.assertIs(pick(new_stream(), backend, one), one)

    def test_load_is_told(self) -> None:
        """
        Algorithms that go by the load hear of each change.
        """
        backend = make_backend({}, {}, balance="leastconn")
        one, two = backend.servers
        take(one, new_stream())
        self.assertIs(pick(new_stream(), backend), two)
        release(one)
        self.assertIs(pick(new_stream(), backend), one)

    def test_oldest_first(self) -> None:
        """
        A place that is given back goes to the oldest one that waits.
        """
        backend = make_backend({"maxconn": 1})
        server = backend.servers[0]
        take(server, new_stream())
        waiters = [Waiter() for _ in range(3)]
        for number, waiter in enumerate(waiters):
            assert waiter.stream is not None
            enqueue(waiter, waiter.stream, backend)
            self.assertEqual(waiter.stream.backend_queue, number + 1)
        self.assertEqual(backend.counters.qmax, 3)
        leave_queue(waiters[0], backend)
        leave_queue(waiters[0], backend)
        release(server)
        self.assertEqual([waiter.got for waiter in waiters], [[], ["s1"], []])
        self.assertEqual((server.current, len(backend.queue)), (1, 1))
        self.assertEqual(server.counters.lbtot, 1)

    def test_unusable_server_is_not_given_on(self) -> None:
        """
        A server that drains keeps its place to itself.
        """
        backend = make_backend({"maxconn": 1}, {"maxconn": 1})
        one, two = backend.servers
        take(one, new_stream())
        take(two, new_stream())
        waiter = Waiter()
        assert waiter.stream is not None
        enqueue(waiter, waiter.stream, backend)
        set_drain(one, START)
        release(one)
        self.assertEqual(waiter.got, [])
        release(two)
        self.assertEqual(waiter.got, ["s2"])

    def test_sticky_algorithm_decides(self) -> None:
        """
        An algorithm that has one right server for each client is asked who gets the place.
        """
        backend = make_backend({"maxconn": 1}, balance="source")
        server = backend.servers[0]
        take(server, new_stream())
        waiter = Waiter()
        assert waiter.stream is not None
        enqueue(waiter, waiter.stream, backend)
        serve_queue(backend)
        self.assertEqual(waiter.got, [])
        release(server)
        self.assertEqual(waiter.got, ["s1"])

    def test_others_are_not_held_up(self) -> None:
        """
        With a sticky algorithm, who waits for a full server does not hold up those that wait
        for another one.
        """
        backend = make_backend({"maxconn": 1}, {"maxconn": 1}, balance="source")
        one, two = backend.servers
        first, second = "192.0.2.1", "192.0.2.2"
        own = pick(new_stream(first), backend)
        other = pick(new_stream(second), backend)
        assert own is not None and other is not None
        self.assertEqual({own, other}, {one, two})
        waiters = [Waiter(first), Waiter(second)]
        for waiter in waiters:
            assert waiter.stream is not None
            enqueue(waiter, waiter.stream, backend)
        release(other)
        self.assertEqual([waiter.got for waiter in waiters], [[], [other.name]])
        release(own)
        self.assertEqual(waiters[0].got, [own.name])

    def test_maxqueue(self) -> None:
        """
        When as many wait for a client's server as its C{maxqueue} says, the next one goes
        to another server if one has room, and waits otherwise.
        """
        settings = {"maxconn": 1, "maxqueue": 2}
        backend = make_backend(settings, settings, balance="source")
        own = pick(new_stream(), backend)
        for _ in range(2):
            self.assertIsNone(pick_instead(new_stream(), backend))
            waiter = Waiter()
            assert waiter.stream is not None
            enqueue(waiter, waiter.stream, backend)
        other = pick_instead(new_stream(), backend)
        self.assertEqual({own, other}, set(backend.servers))
        self.assertIsNone(pick_instead(new_stream(), backend))

    def test_no_maxqueue(self) -> None:
        """
        Without C{maxqueue} all wait for their own server.
        """
        backend = make_backend({"maxconn": 1}, {}, balance="source")
        backend.servers[1].maxconn = 1
        take(backend.servers[0], new_stream())
        for _ in range(5):
            waiter = Waiter()
            assert waiter.stream is not None
            enqueue(waiter, waiter.stream, backend)
        self.assertIsNone(pick_instead(new_stream(), backend))
