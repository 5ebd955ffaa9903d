"""
The last invalid request and response of each proxy, for C{show errors}.

Nothing is kept of good messages, and of bad ones no more than one of each kind and proxy, so what
this takes is bounded: by C{tune.bufsize} for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwproxy.live.proxies import Backend, Frontend
    from mwproxy.live.servers import Server


@dataclass(frozen=True, slots=True)
class CapturedError:
    """
    One message that was refused.

    @ivar event: Counts all of them, from 0.

    @ivar wall: When, in seconds since the epoch.

    @ivar request: True for a request, False for a response.

    @ivar source: The client's address, empty for a UNIX socket.   @ivar port: Its port.

    @ivar data: What there was of the message.

    @ivar position: Where in it the offending byte is.

    @ivar reason: What is wrong with it.
    """

    event: int
    wall: float
    request: bool
    frontend: Frontend
    backend: Backend | None
    server: Server | None
    source: str
    port: int
    data: bytes
    position: int
    reason: str


class ErrorBook:
    """
    The errors of one worker.

    @ivar total: How many were captured so far.
    """

    def __init__(self) -> None:
        self.total = 0
        self._last: dict[tuple[str, bool], CapturedError] = {}

    def capture(
        self,
        wall: float,
        frontend: Frontend,
        client: tuple[str, int],
        data: bytes,
        position: int,
        reason: str,
        *,
        backend: Backend | None = None,
        server: Server | None = None,
    ) -> None:
        """
        Note an invalid message; it takes the place of the proxy's last one.

        @param wall: The time, in seconds since the epoch.

        @param client: The client's address and port.

        @param data: The message.

        @param position: Where it is wrong, -1 when that is no single place.

        @param reason: What is wrong.

        @param backend: Whose server sent it, L{None} for a request.
        """
        name = frontend.name if backend is None else backend.name
        self._last[name, backend is None] = CapturedError(
            self.total,
            wall,
            backend is None,
            frontend,
            backend,
            server,
            *client,
            bytes(data),
            position if position >= 0 else len(data),
            reason,
        )
        self.total += 1

    def listed(self) -> list[CapturedError]:
        """
        List what is kept, oldest first.
        """
        return sorted(self._last.values(), key=lambda each: each.event)
