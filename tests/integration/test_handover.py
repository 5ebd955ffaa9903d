"""
Connections that outlive their worker: C{mwproxy/net/handover.py}, with true processes.
"""

from __future__ import annotations

from tests.integration.clients import Connection
from tests.integration.configs import BOTH_MODES, NAMED
from tests.integration.harness import ProcessTestCase
from tests.integration.origins import EchoOrigin, Origin


class HandoverTests(ProcessTestCase):
    """
    Tests of idle connections over a reload.
    """

    def test_idle_connection_goes_on(self) -> None:
        """
        A client between two requests notices nothing of a reload: its connection stays, and the
        next answer is the new configuration's. The old worker is gone at once.
        """
        proxy = self.start(NAMED, word="one")
        client = Connection(proxy.port("web"))
        self.addCleanup(client.close)
        self.assertEqual(client.ask().body, b"one")
        for word in ("two", "three"):
            (old,) = proxy.worker_pids()
            proxy.configure(NAMED, word=word)
            self.assertTrue(proxy.reload().startswith("Success=1"))
            proxy.wait(lambda old=old: old not in proxy.processes())  # type: ignore[misc]
            self.assertEqual(client.ask().body, word.encode())

    def test_many(self) -> None:
        """
        More connections than one packet carries move all.
        """
        proxy = self.start(NAMED, word="one")
        clients = [Connection(proxy.port("web")) for _ in range(300)]
        for client in clients:
            self.addCleanup(client.close)
            self.assertEqual(client.ask().body, b"one")
        (old,) = proxy.worker_pids()
        proxy.configure(NAMED, word="two")
        self.assertTrue(proxy.reload().startswith("Success=1"))
        proxy.wait(lambda: old not in proxy.processes())
        for client in clients:
            self.assertEqual(client.ask().body, b"two")

    def test_busy_connection_moves_when_it_is_idle(self) -> None:
        """
        An exchange under way ends in the old worker, without C{connection: close}; then its
        connection moves.
        """
        origin, echo = Origin(), EchoOrigin()
        self.addCleanup(origin.stop)
        self.addCleanup(echo.stop)
        proxy = self.start(BOTH_MODES, origin=origin.address, echo=echo.address)
        client = Connection(proxy.port("web"))
        self.addCleanup(client.close)
        client.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab")
        (old,) = proxy.worker_pids()
        self.assertTrue(proxy.reload().startswith("Success=1"))
        self.assertIn(old, proxy.processes())
        client.send(b"cde")
        answer = client.response("POST")
        self.assertEqual(answer.status, 200)
        self.assertIsNone(answer.header("connection"))
        proxy.wait(lambda: old not in proxy.processes())
        self.assertEqual(client.ask().status, 200)

    def test_frontend_is_gone(self) -> None:
        """
        A connection whose frontend the new configuration does not have is closed.
        """
        proxy = self.start(NAMED, word="one")
        client = Connection(proxy.port("web"))
        self.addCleanup(client.close)
        self.assertEqual(client.ask().body, b"one")
        proxy.configure(NAMED.replace("frontend web", "frontend other"), word="two")
        self.assertTrue(proxy.reload().startswith("Success=1"))
        self.assertEqual(client.receive(), b"")
