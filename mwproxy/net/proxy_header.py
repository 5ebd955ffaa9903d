"""
C{accept-proxy}: the PROXY header that begins a connection says who the client is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.net.reactor import READ
from mwproxy.protocols import proxy_protocol


class ProxyHeaderReader:
    """
    Reads the header of one connection, then lets the session begin.
    """

    def __init__(
        self, client: Any, begin: Callable[[], None], admit: Callable[[Any], bool] | None = None
    ) -> None:
        """
        @param client: The session.

        @param begin: What it does when the header is known.

        @param admit: Asked before that; false when it has closed the session. L{None} for nobody.
        """
        self._client = client
        self._begin = begin
        self._admit = admit
        self._on_read = client.on_read
        client.on_read = self._read
        client.want(READ)
        client.wait(client.entry.first_timeout)

    def _read(self) -> None:
        client = self._client
        try:
            data = client.recv(client.plane.bufsize - len(client.inbuf))
        except BlockingIOError:
            return
        except OSError:
            client.close()
            return
        if not data:
            client.close()
            return
        client.inbuf += data
        try:
            found = proxy_protocol.parse(client.inbuf)
        except proxy_protocol.BadHeader:
            client.close()
            return
        if found is None:
            return
        header, size = found
        client.inbuf = client.inbuf[size:]
        if header is not None:
            client.client_host = header.client_host
            client.client_port = header.client_port
            client.own_host = header.own_host
            client.own_port = header.own_port
        client.handshaken = client.plane.reactor.now
        client.on_read = self._on_read
        if self._admit is not None and not self._admit(client):
            return
        if client.inbuf and hasattr(client, "process"):
            client.process()
        else:
            self._begin()
