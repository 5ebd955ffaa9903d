"""
An agent that listens: its ports, its connections, its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory
from twisted.python.failure import Failure

from mwproxy.spoa.agent import Agent
from mwproxy.spoa.connection import Connection
from mwproxy.spoa.counters import Counters
from mwproxy.spoa.listen import Listening
from mwproxy.spoa.log import Log
from mwproxy.spoa.port import Port
from mwproxy.spoa.slots import Slots

#: Seconds that a connection without work may wait for a NOTIFY when the agent leaves.
LINGER = 0.5


class Connections(ServerFactory):
    """
    Makes the connections of a service.
    """

    noisy = False

    def __init__(self, service: AgentService) -> None:
        self._service = service

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        """
        Serve an engine.
        """
        connection = Connection(self._service)
        connection.factory = self
        return connection


class AgentService:
    """
    What the connections of an agent share.

    @ivar agent: Its functions and limits.

    @ivar clock: Calls later.

    @ivar slots: Places for what is in work.
    """

    def __init__(self, agent: Agent, reactor: Any, log: Log) -> None:
        self.agent = agent
        self.clock = reactor
        self.log = log
        self.counters = Counters()
        self.slots = Slots(agent.max_in_flight)
        self._reactor = reactor
        self._ports: list[tuple[Port, Listening]] = []
        self._connections: set[Connection] = set()
        self._left: Deferred[None] | None = None
        self._limit: Any = None

    def listen(self, listening: list[Listening]) -> None:
        """
        Begin to accept engines.

        @param listening: The sockets, which belong to the service from now on.
        """
        for each in listening:
            port = Port(each.socket, Connections(self), self._reactor, self.log)
            port.start()
            self._ports.append((port, each))

    def leave(self, limit_ms: int) -> Deferred[None]:
        """
        Accept no more, answer what is in work, tell the engines, and end.

        @param limit_ms: How long that may take before connections are cut, 0 for any time.

        @return: Fires when no connection is left.
        """
        if self._left is None:
            self._left = Deferred()
            self._stop_listening()
            for connection in list(self._connections):
                connection.leave(LINGER)
            if limit_ms:
                self._limit = self.clock.callLater(limit_ms / 1000, self.abort)
            self._perhaps_left()
        waits: Deferred[None] = Deferred()
        self._left.chainDeferred(waits)
        return waits

    def abort(self) -> None:
        """
        Cut the connections that are left.
        """
        self._stop_listening()
        for connection in list(self._connections):
            connection.abort()

    def opened(self, connection: Connection) -> None:
        """
        Count a connection in.
        """
        self.counters.connections += 1
        self.counters.open += 1
        self._connections.add(connection)
        if self._left is not None:
            connection.leave(LINGER)

    def closed(self, connection: Connection) -> None:
        """
        Count a connection out.
        """
        self.counters.open -= 1
        self._connections.discard(connection)
        self._perhaps_left()

    def _stop_listening(self) -> None:
        for port, listening in self._ports:
            listening.remove()
            port.stop()
        self._ports = []

    def _perhaps_left(self) -> None:
        if self._left is None or self._connections or self._left.called:
            return
        if self._limit is not None and self._limit.active():
            self._limit.cancel()
        self._left.callback(None)


def call_each(
    functions: list[Callable[[], Any]], failed: Callable[[Failure], object] | None = None
) -> Deferred[None]:
    """
    Call functions in order, each when the one before it is done.

    @param failed: Takes the failure of one, and the others are called all the same. Without it
        the first failure ends it.

    @return: Fires when all are done.
    """

    async def call() -> None:
        for function in functions:
            try:
                result = function()
                if hasattr(result, "__await__"):
                    await result
            except Exception:
                if failed is None:
                    raise
                failed(Failure())

    return Deferred.fromCoroutine(call())
