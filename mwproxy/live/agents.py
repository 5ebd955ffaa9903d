"""
The live side of a server's agent check (configuration manual 5.2, C{agent-check}).
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mwproxy.live.servers import Server

#: Reports in a row that change the state; agents have no C{rise} and C{fall}.
RISE = FALL = 1


class Agent:
    """
    What is known of a server's agent, and what the console may change of its check.

    @ivar enabled: False once C{disable agent}; the agent is then neither asked nor heeded.

    @ivar health: 1 while the agent lets the server be up, 0 once it reported it down.

    @ivar status: Short name of the last result such as C{L7OK}, with C{"* "} before it while
        another check runs; C{INI} before the first.

    @ivar code: Code of that result, L{None} for those without.

    @ivar duration_ms: How long that check took, -1 before the first.

    @ivar description: What the agent said, or what failed (C{last_agt}).

    @ivar port: The agent's port, 0 when it is not known.

    @ivar send: What it is told upon connection.

    @ivar host: Where the console moved it to, empty for what was configured.

    @ivar checker: Who asks it; an object of C{net/checks/}.
    """

    __slots__ = (
        "checker", "code", "description", "duration_ms", "enabled", "family", "health", "host",
        "port", "send", "server", "sockaddr", "status",
    )  # fmt: skip

    def __init__(self, server: Server) -> None:
        """
        @param server: The server; its settings say C{agent-check}.
        """
        settings = server.description.settings
        self.server = server
        self.enabled = True
        self.health = RISE
        self.status = "INI"
        self.code: int | None = None
        self.duration_ms = -1
        self.description = ""
        self.port = settings.agent.port or settings.check.port
        self.send = settings.agent.send
        self.checker: Any = None
        self.host = ""
        self.sockaddr: Any = None
        self.family = 0
        if settings.agent.address is not None:
            self.move(settings.agent.address.host)
            self.host = ""

    def move(self, host: str) -> None:
        """
        Ask elsewhere from now on.

        @param host: An IP address.
        """
        self.host = host
        if ":" in host:
            self.sockaddr, self.family = (host, 0, 0, 0), socket.AF_INET6
        else:
            self.sockaddr, self.family = (host, 0), socket.AF_INET

    def place(self) -> tuple[Any, int] | None:
        """
        Find out where to connect (C{agent-addr}, else C{addr}, else the server's address).

        @return: What C{connect} takes and its family; L{None} when that is not known.
        """
        server = self.server
        for sockaddr, family in (
            (self.sockaddr, self.family),
            (server.check_sockaddr, server.check_family),
            (server.sockaddr, server.family),
        ):
            if sockaddr is not None:
                if family == socket.AF_UNIX or not self.port:
                    return None
                return (sockaddr[0], self.port, *sockaddr[2:]), family
        return None

    @property
    def shown_host(self) -> str:
        """
        The address as C{show servers state} has it, empty for the server's own.
        """
        if self.sockaddr is not None:
            return str(self.sockaddr[0])
        check = self.server.check_sockaddr
        return str(check[0]) if isinstance(check, tuple) else ""
