"""
Tests for L{mwproxy.spoa.service}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.spoa.agent import Agent
from mwproxy.spoa.connection import Connection
from mwproxy.spoa.listen import Listening
from mwproxy.spoa.service import call_each
from tests.spoa.fakes import FakeReactor, Scene


class ServiceTests(SynchronousTestCase):
    """
    Tests of listening and leaving.
    """

    def setUp(self) -> None:
        self.scene = Scene(Agent())
        self.service = self.scene.service
        self.reactor = FakeReactor()
        self.service._reactor = self.reactor

    def test_listen(self) -> None:
        """
        Each connection of a port is one of the service; when it leaves nobody listens.
        """
        sock = socket.create_server(("127.0.0.1", 0))
        address = sock.getsockname()
        self.service.listen([Listening(sock, "a")])
        with socket.create_connection(address):
            self.reactor.readers[0].doRead()
        [factory] = self.reactor.adopted
        self.assertIsInstance(factory.buildProtocol(None), Connection)
        self.successResultOf(self.service.leave(0))
        self.assertEqual(self.reactor.readers, [])
        self.assertRaises(ConnectionRefusedError, socket.create_connection, address)

    def test_leave_twice(self) -> None:
        """
        Who asks again hears of the same end.
        """
        engine = self.scene.engine()
        first, second = self.service.leave(1000), self.service.leave(0)
        self.assertNoResult(first)
        engine.close()
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(self.scene.clock.getDelayedCalls(), [])

    def test_abort(self) -> None:
        """
        All connections can be cut.
        """
        engines = [self.scene.engine() for _ in range(3)]
        self.service.abort()
        self.assertTrue(all(engine.transport.aborted for engine in engines))

    def test_counters(self) -> None:
        """
        Connections are counted in and out.
        """
        engine = self.scene.engine()
        self.scene.engine()
        engine.close()
        self.assertEqual((self.scene.counters.connections, self.scene.counters.open), (2, 1))


class CallTests(SynchronousTestCase):
    """
    Tests of the functions at the start and at the end.
    """

    def test_in_order(self) -> None:
        """
        Each is called when the one before it is done; a failure does not hold up the others.
        """
        log: list[Any] = []
        waits: Deferred[None] = Deferred()

        def first() -> Deferred[None]:
            log.append("first")
            return waits

        async def second() -> None:
            log.append("second")
            raise KeyError("x")

        def failed(failure: Failure) -> None:
            log.append(failure.type)

        done = call_each([first, second, lambda: log.append("third")], failed)
        self.assertEqual(log, ["first"])
        waits.callback(None)
        self.assertEqual(log, ["first", "second", KeyError, "third"])
        self.successResultOf(done)

    def test_first_failure(self) -> None:
        """
        Where failures matter the first one ends it.
        """
        log: list[Any] = []
        done = call_each([lambda: log.append(1), lambda: 1 / 0, lambda: log.append(2)])
        self.failureResultOf(done, ZeroDivisionError)
        self.assertEqual(log, [1])
