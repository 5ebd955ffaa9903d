"""
Two endpoints joined: bytes pass both ways until both sides have ended (TCP mode, WebSocket and
other upgrades, CONNECT).
"""

from __future__ import annotations

from typing import Any, Protocol

from mwproxy.net.endpoint import Endpoint
from mwproxy.net.plane import Plane
from mwproxy.net.transfer import UNTIL_CLOSE, Transfer


class RelayOwner(Protocol):
    """
    Who is told how a relay goes.
    """

    def relay_moved(self) -> None:
        """
        Bytes passed: timeouts begin anew.
        """

    def relay_half_closed(self, by_client: bool) -> None:
        """
        One side has ended, the other has not.
        """

    def relay_ended(self) -> None:
        """
        Both sides have ended and everything is sent.
        """

    def relay_broken(self, by_client: bool) -> None:
        """
        A connection failed.

        @param by_client: True when it was the client's.
        """


class Relay:
    """
    Both directions of a tunnel.

    @ivar up: From the client.   @ivar down: To the client.
    """

    __slots__ = ("_client", "_link", "_open", "_owner", "down", "up")

    def __init__(self, plane: Plane, owner: RelayOwner, client: Any, link: Any) -> None:
        """
        @param client: The client's endpoint.

        @param link: The server's.
        """
        self._owner = owner
        self._client: Endpoint = client
        self._link: Endpoint = link
        self._open = 2
        self.up = Transfer(plane, self, client, link, UNTIL_CLOSE)
        self.down = Transfer(plane, self, link, client, UNTIL_CLOSE)
        client.on_read = self.up.pull
        client.on_drained = self.down.drained
        link.on_read = self.down.pull
        link.on_drained = self.up.drained

    def begin(self, from_client: bytes, from_server: bytes) -> None:
        """
        Pass on what was received already and begin to read.
        """
        self._client.resume_reading()
        self._link.resume_reading()
        if from_server:
            self.down.push(from_server)
        if from_client and not self.up.finished:
            self.up.push(from_client)

    def stop(self) -> None:
        """
        Let go of everything.
        """
        self.up.stop()
        self.down.stop()

    def transfer_done(self, transfer: Transfer) -> None:
        """
        One direction has ended: tell the other side that nothing more comes.
        """
        self._open -= 1
        transfer.sink.shut()
        if not self._open:
            self._owner.relay_ended()
        else:
            transfer.source.pause_reading()
            self._owner.relay_half_closed(transfer is self.up)

    def transfer_broken(self, transfer: Transfer, side: str) -> None:
        """
        A connection failed.
        """
        self.stop()
        failed = transfer.source if side == "source" else transfer.sink
        self._owner.relay_broken(failed is self._client)

    def transfer_moved(self, transfer: Transfer) -> None:
        """
        Bytes passed.
        """
        self._owner.relay_moved()
