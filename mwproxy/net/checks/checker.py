"""
What is asked of one server, again and again: its health, or its agent.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from mwproxy.live.servers import Admin, Server
from mwproxy.live.states import Message
from mwproxy.net.checks.agent import take_advice
from mwproxy.net.checks.attempt import Attempt
from mwproxy.net.checks.health import interval_ms, take_result
from mwproxy.net.checks.result import Result


class Checker:
    """
    Checks of one server; what they ask is left to subclasses.

    @ivar attempt: The check that runs, L{None} between checks.

    @ivar started: When the last check began, on the monotonic clock.

    @ivar timer: Until the next one.

    @ivar gone: True once the server was deleted.
    """

    __slots__ = ("attempt", "gone", "make_dialog", "server", "started", "timer")

    #: Whether the PROXY header of C{send-proxy} begins connections.
    proxied = False

    def __init__(self, server: Server, make_dialog: Callable[[Server], Any]) -> None:
        """
        @param server: The server.

        @param make_dialog: Makes what is said on a connection.
        """
        self.server = server
        self.make_dialog = make_dialog
        self.attempt: Attempt | None = None
        self.started = 0.0
        self.timer: Any = None
        self.gone = False

    @property
    def inter_ms(self) -> int:
        """
        The usual time between checks, which they may take too.
        """
        raise NotImplementedError

    def interval_ms(self) -> int:
        """
        Tell how long to wait for the next check, counted from the begin of the last one.
        """
        return self.inter_ms

    def wanted(self) -> bool:
        """
        Tell whether the server is to be checked at present, and can be.
        """
        raise NotImplementedError

    def place(self) -> tuple[Any, int] | None:
        """
        Find out where to connect.

        @return: What C{connect} takes, and its family; L{None} when that is not known.
        """
        raise NotImplementedError

    def begin(self) -> None:
        """
        Show that a check runs.
        """
        raise NotImplementedError

    def give_up(self) -> None:
        """
        Show that no check runs any more; its result does not count.
        """
        raise NotImplementedError

    def take(self, result: Result, duration_ms: int, now: float) -> list[Message]:
        """
        Note a result.

        @return: Messages for L{announce<mwproxy.live.states.announce>}.
        """
        raise NotImplementedError


class HealthChecker(Checker):
    """
    Health checks (C{check}): C{server.check}.
    """

    __slots__ = ()

    @property
    def inter_ms(self) -> int:
        """
        C{inter}.
        """
        return int(self.server.description.settings.check.inter_ms)

    def interval_ms(self) -> int:
        """
        C{inter}, C{fastinter} or C{downinter}.
        """
        return interval_ms(self.server)

    def wanted(self) -> bool:
        """
        Not in maintenance, nor while the console has disabled them.
        """
        server = self.server
        if not server.checked or server.admin & Admin.MAINT:
            return False
        return self.place() is not None

    def place(self) -> tuple[Any, int] | None:
        """
        C{addr} and C{port}, else the server's own.
        """
        server = self.server
        sockaddr, family = server.check_sockaddr, server.check_family
        if sockaddr is None:
            sockaddr, family = server.sockaddr, server.family
        if sockaddr is None or family == socket.AF_UNIX:
            return None if sockaddr is None else (sockaddr, family)
        port = server.check_port or sockaddr[1] or server.description.address.port
        if not port:
            return None
        return (sockaddr[0], port, *sockaddr[2:]), family

    @property
    def proxied(self) -> bool:  # type: ignore[override]  # here it depends
        """
        Not when checks go elsewhere than traffic.
        """
        server = self.server
        settings = server.description.settings
        return bool(settings.send_proxy and not server.check_port and server.check_sockaddr is None)

    def begin(self) -> None:
        """
        Put a star before the last result.
        """
        server = self.server
        server.check_started = self.started
        server.check_status = f"* {server.check_status or 'INI'}"

    def give_up(self) -> None:
        """
        Take the star away.
        """
        status = self.server.check_status.removeprefix("* ")
        self.server.check_status = "" if status == "INI" else status

    def take(self, result: Result, duration_ms: int, now: float) -> list[Message]:
        """
        Change the server's health.
        """
        return take_result(self.server, result, duration_ms, now)


class AgentChecker(Checker):
    """
    Agent checks (C{agent-check}): C{server.agent.checker}.
    """

    __slots__ = ("agent",)

    def __init__(self, server: Server, make_dialog: Callable[[Server], Any]) -> None:
        super().__init__(server, make_dialog)
        assert server.agent is not None
        self.agent = server.agent

    @property
    def inter_ms(self) -> int:
        """
        C{agent-inter}.
        """
        return int(self.server.description.settings.agent.inter_ms)

    def wanted(self) -> bool:
        """
        Not while the console has disabled them.
        """
        return self.agent.enabled and self.place() is not None

    def place(self) -> tuple[Any, int] | None:
        """
        C{agent-addr}, else C{addr}, else the server's address; and C{agent-port}.
        """
        return self.agent.place()

    def begin(self) -> None:
        """
        Put a star before the last result.
        """
        self.agent.status = f"* {self.agent.status}"

    def give_up(self) -> None:
        """
        Take the star away.
        """
        self.agent.status = self.agent.status.removeprefix("* ")

    def take(self, result: Result, duration_ms: int, now: float) -> list[Message]:
        """
        Do what the agent says.
        """
        return take_advice(self.server, result, duration_ms, now)
