"""
Tests for L{mwproxy.demo.origin}.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.demo.origin import Connections, HTTPOrigin, TCPOrigin, parse_arguments
from mwproxy.demo.pages import Origin
from mwproxy.demo.websocket import frame
from tests.demo.test_websocket import masked


class OriginTests(SynchronousTestCase):
    """
    Tests for the connections of an origin.
    """

    def setUp(self) -> None:
        self.clock = Clock()

    def _connect(self, protocol: type[Any] = HTTPOrigin) -> tuple[Any, StringTransport]:
        self.factory = Connections(protocol, Origin("a"), self.clock.callLater)
        connection: Any = self.factory.buildProtocol(None)
        transport = StringTransport()
        connection.makeConnection(transport)
        return connection, transport

    def test_pipelined(self) -> None:
        """
        Requests that arrive together are answered in order.
        """
        connection, transport = self._connect()
        connection.dataReceived(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
        self.clock.advance(0)
        sent = transport.value()
        self.assertLess(sent.index(b"asked for /1"), sent.index(b"asked for /2"))
        self.assertFalse(transport.disconnecting)

    def test_slow(self) -> None:
        """
        A slow answer is sent when its delay is over.
        """
        connection, transport = self._connect()
        connection.dataReceived(b"GET /slow?ms=50 HTTP/1.1\r\nConnection: close\r\n\r\n")
        self.assertEqual(transport.value(), b"")
        self.clock.advance(0.05)
        self.assertIn(b"slow hello", transport.value())
        self.assertTrue(transport.disconnecting)

    def test_peer_leaves_during_delay(self) -> None:
        """
        A peer that leaves takes its delayed answer with it.
        """
        connection, _ = self._connect()
        connection.dataReceived(b"GET /slow?ms=50 HTTP/1.1\r\n\r\n")
        connection.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_large_body_is_pulled(self) -> None:
        """
        A large body is written as the peer reads.
        """
        connection, transport = self._connect()
        connection.dataReceived(b"GET /bytes/200000 HTTP/1.1\r\n\r\n")
        self.assertIs(transport.producer, connection)
        while transport.producer is not None:
            connection.resumeProducing()
        self.assertEqual(len(transport.value().partition(b"\r\n\r\n")[2]), 200000)

    def test_chunks(self) -> None:
        """
        A body without a length ends with the empty chunk.
        """
        connection, transport = self._connect()
        connection.dataReceived(b"GET /chunked?n=1 HTTP/1.1\r\n\r\n")
        while transport.producer is not None:
            connection.resumeProducing()
        self.assertTrue(transport.value().endswith(b"\r\nf\r\npiece 0 from a\n\r\n0\r\n\r\n"))

    def test_bad_request(self) -> None:
        """
        What is no request gets 400 and the connection ends.
        """
        connection, transport = self._connect()
        connection.dataReceived(b"nonsense\r\n\r\n")
        self.assertTrue(transport.value().startswith(b"HTTP/1.1 400 "))
        self.assertTrue(transport.disconnecting)

    def test_websocket(self) -> None:
        """
        After the upgrade, messages come back.
        """
        connection, transport = self._connect()
        connection.dataReceived(
            b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"
            + masked(1, b"hi")
        )
        self.assertTrue(transport.value().startswith(b"HTTP/1.1 101 "))
        self.assertTrue(transport.value().endswith(frame(1, b"hi")))
        connection.dataReceived(masked(8, b""))
        self.assertTrue(transport.disconnecting)

    def test_tcp(self) -> None:
        """
        In TCP mode bytes come back.
        """
        connection, transport = self._connect(TCPOrigin)
        connection.dataReceived(b"abc")
        self.assertEqual(transport.value(), b"abc")

    def test_drain(self) -> None:
        """
        Idle connections end at once, busy ones behind their answer; the last one tells.
        """
        connection, transport = self._connect()
        drained: list[bool] = []
        connection.dataReceived(b"GET /slow?ms=50 HTTP/1.1\r\n\r\n")
        self.factory.drain(lambda: drained.append(True))
        self.assertFalse(transport.disconnecting)
        self.clock.advance(0.05)
        self.assertTrue(transport.disconnecting)
        self.assertEqual(drained, [])
        connection.connectionLost()
        self.assertEqual(drained, [True])

    def test_arguments(self) -> None:
        """
        The command line has defaults for everything.
        """
        options = parse_arguments(["--port", "0", "--mode", "tcp"])
        self.assertEqual((options.port, options.mode, options.host), (0, "tcp", "127.0.0.1"))

    def test_taken_port(self) -> None:
        """
        An origin whose port is taken says which, and how to choose another.
        """
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            command = [sys.executable, "-m", "mwproxy.demo.origin", "--name", "a"]
            command += ["--port", str(port), "--hint", "A_PORT=9091 make run"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr,
            f"origin a: cannot listen on 127.0.0.1:{port} (Address already in use); "
            "choose another port with A_PORT=9091 make run\n",
        )
