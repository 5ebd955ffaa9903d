"""
Tests for L{mwproxy.net.handover}: two workers, one after the other.
"""

from __future__ import annotations

import socket
from pathlib import Path

from twisted.internet.defer import Deferred

from mwproxy.worker.order import Order
from mwproxy.worker.service import WorkerService
from tests.net.plane import Bench, Origin, Peer, PlaneTestCase, get, response

HTTP = (
    "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
    "backend b\n server s 127.0.0.1:{port}\n"
)


class HandoverTests(PlaneTestCase):
    """
    Tests for idle connections that go on in the successor.
    """

    origin_: Origin

    def begin(self) -> tuple[Peer, Peer]:
        """
        Let one exchange take place in the first worker.
        """
        self.origin_ = self.origin()
        self.start(HTTP.format(port=self.origin_.port))
        client = self.client()
        client.send(get())
        server = self.origin_.accept()
        server.head()
        server.send(response())
        client.message()
        return client, server

    def succeed(self) -> WorkerService:
        """
        Start a second worker on the same files, and join the two.
        """
        service = WorkerService(self.reactor, Bench())
        order = Order([str(Path(self.directory, "test.cfg"))])
        self.successResultOf(Deferred.fromCoroutine(service.load(order)))
        self.addCleanup(self.turn, 3)
        self.addCleanup(service.close)
        old, new = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        service.take_over(new)
        self.service.hand_over(old)
        return service

    def serve(self, client: Peer, path: str) -> bytes:
        """
        Let an exchange take place over a new server connection.

        @return: The head of the response.
        """
        client.send(get(path))
        server = self.origin_.accept()
        self.assertEqual(server.head(), get(path))
        server.send(response())
        head, _body = client.message()
        server.close()
        return head

    def test_idle_ones_move(self) -> None:
        """
        An idle connection is served by the successor, and the old worker ends at once.
        """
        client, _ = self.begin()
        successor = self.succeed()
        self.service.leave()
        self.turn(5)
        self.assertTrue(self.service.finished.called)
        assert successor.state is not None
        self.assertEqual(successor.state.frontends["f"].counters.scur, 1)
        self.assertNotIn(b"close", self.serve(client, "/2"))
        client.close()
        self.until(lambda: not successor.state.sessions)  # type: ignore[union-attr]
        self.assertEqual(successor.state.frontends["f"].counters.scur, 0)

    def test_active_ones_move_behind_their_answer(self) -> None:
        """
        An exchange under way ends in the old worker, and its connection moves then.
        """
        client, server = self.begin()
        client.send(get("/2"))
        server.head()
        successor = self.succeed()
        self.service.leave()
        self.turn(3)
        self.assertFalse(self.service.finished.called)
        server.send(response())
        self.assertNotIn(b"close", client.message()[0])
        self.until(lambda: bool(self.service.finished.called))
        self.serve(client, "/3")
        client.close()
        self.until(lambda: not successor.state.sessions)  # type: ignore[union-attr]

    def test_one_that_was_never_waited_for(self) -> None:
        """
        A connection whose only request came with it moves too, though nothing watches it.
        """
        self.origin_ = self.origin()
        self.start(HTTP.format(port=self.origin_.port))
        client = self.client()
        client.send(get())
        server = self.origin_.accept()
        server.head()
        successor = self.succeed()
        self.service.leave()
        server.send(response())
        self.assertNotIn(b"close", client.message()[0])
        self.until(lambda: bool(self.service.finished.called))
        self.serve(client, "/2")
        client.close()
        self.until(lambda: not successor.state.sessions)  # type: ignore[union-attr]

    def test_without_successor(self) -> None:
        """
        When the successor dies, the old worker drains by itself.
        """
        client, server = self.begin()
        client.send(get("/2"))
        server.head()
        successor = self.succeed()
        self.service.leave()
        for receiver in successor._receivers:
            receiver.close()
        self.turn(3)
        server.send(response())
        self.assertIn(b"connection: close\r\n", client.message()[0])
        client.rest()
        client.close()
        self.until(lambda: bool(self.service.finished.called))
