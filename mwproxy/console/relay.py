"""
The master's end of a console session in a worker.

Output comes to the master's client verbatim; a client that reads slowly makes the worker wait. The
end of the session, be it the worker's death, ends just this exchange.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer


class WorkerLink(Protocol):
    """
    One session in a worker.
    """

    transport: Any

    def __init__(
        self, request: bytes, received: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        """
        @param request: What to send first.

        @param received: Called with each piece of output.

        @param ended: Called once, when there will be no more.
        """
        self._request = request
        self._received = received
        self._ended: Callable[[], None] | None = ended

    def connectionMade(self) -> None:
        """
        Send the request.
        """
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        """
        Hand output on.

        @param data: A piece of it.
        """
        self._received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Tell of the end.

        @param reason: Why.
        """
        ended, self._ended = self._ended, None
        if ended is not None:
            ended()

    def send(self, data: bytes) -> None:
        """
        Send more input.

        @param data: Bytes of the client.
        """
        self.transport.write(data)

    def input_ended(self) -> None:
        """
        Tell the worker that there will be no more input.
        """
        self.transport.loseWriteConnection()

    def pause(self) -> None:
        """
        Leave output in the worker for now.
        """
        self.transport.pauseProducing()

    def resume(self) -> None:
        """
        Take output again.
        """
        if not self.transport.disconnecting:
            self.transport.resumeProducing()

    def abandon(self) -> None:
        """
        Close the session without telling of its end.
        """
        self._ended = None
        self.transport.abortConnection()


def link(reactor: Any, sock: socket.socket, protocol: Protocol) -> None:
    """
    Give a connected socket to a protocol.

    @param reactor: The reactor.

    @param sock: A non-blocking stream socket; is closed, the reactor has a copy.

    @param protocol: It.
    """
    try:
        reactor.adoptStreamConnection(sock.fileno(), sock.family, _One(protocol))
    finally:
        sock.close()


@implementer(IPushProducer)
class Source:
    """
    A client's transport as the source of a session's input: the session's end leaves it alone.
    """

    def __init__(self, transport: Any) -> None:
        """
        @param transport: The client's.
        """
        self._transport = transport

    def pauseProducing(self) -> None:
        """
        Read no more for now.
        """
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        """
        Read again.
        """
        self._transport.resumeProducing()

    def stopProducing(self) -> None:
        """
        Go on as before: the client may have other commands.
        """
        self._transport.resumeProducing()


class _One(Factory):
    """
    A factory of one protocol.
    """

    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: Any) -> Any:
        """
        Give the protocol away.

        @param addr: Where the connection comes from.

        @return: The protocol.
        """
        return self._protocol
