"""
Tests for L{mwproxy.live.sessions}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.sessions import Session, Stream


class SessionTests(SynchronousTestCase):
    """
    Tests for L{Session} and L{Stream}.
    """

    def test_destination(self) -> None:
        """
        The address that a client connected to is empty for UNIX sockets.
        """
        session = Session()
        session.own_host, session.own_port = None, 0
        self.assertEqual(session.destination(), ("", 0))
        session.own_host, session.own_port = "192.0.2.1", 80
        self.assertEqual(session.destination(), ("192.0.2.1", 80))

    def test_fresh_stream(self) -> None:
        """
        A fresh stream has got nowhere yet.
        """
        stream = Stream(Session())
        self.assertIsNone(stream.server)
        self.assertEqual((stream.status, stream.cause, stream.phase), (-1, "-", "-"))
