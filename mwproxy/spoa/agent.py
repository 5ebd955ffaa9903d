"""
An agent: functions for messages, and its limits.

::

    from ipaddress import IPv4Address, IPv6Address
    from mwproxy.spoa.actions import set_var
    from mwproxy.spoa.agent import Agent

    agent = Agent()

    @agent.message("check-client")
    def check_client(ip: IPv4Address | IPv6Address) -> object:
        return set_var("txn", "trusted", ip.is_private)

C{mwproxy spoa module:agent} runs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mwproxy.protocols.spop.frames import DEFAULT_FRAME_SIZE, MIN_FRAME_SIZE
from mwproxy.spoa.binding import Binding

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What an agent does for a message.

    @ivar timeout_ms: How long its function may take, 0 for any time, L{None} for the agent's.
    """

    name: str
    binding: Binding
    timeout_ms: int | None


class Agent:
    """
    Functions for messages.

    @ivar entries: By name of the message.

    @ivar name: What it calls itself in its log.

    @ivar max_frame_size: The longest frame in bytes; the engine may want shorter ones.

    @ivar max_in_flight: How many NOTIFY frames may be in work at a time, 0 for any number.
        Functions that answer at once do not count. Beyond it connections are not read.

    @ivar timeout_ms: How long a function may take, 0 for any time.

    @ivar hello_timeout_ms: How long an engine may take to say its hello.
    """

    def __init__(
        self,
        name: str = "agent",
        *,
        max_frame_size: int = DEFAULT_FRAME_SIZE,
        max_in_flight: int = 1000,
        timeout_ms: int = 0,
        hello_timeout_ms: int = 10_000,
    ) -> None:
        """
        @raise ValueError: A limit makes no sense.
        """
        if not MIN_FRAME_SIZE <= max_frame_size < 2**31:
            raise ValueError(f"max_frame_size {max_frame_size} is not at least {MIN_FRAME_SIZE}")
        if min(max_in_flight, timeout_ms) < 0 or hello_timeout_ms <= 0:
            raise ValueError("a limit is negative")
        self.name = name
        self.max_frame_size = max_frame_size
        self.max_in_flight = max_in_flight
        self.timeout_ms = timeout_ms
        self.hello_timeout_ms = hello_timeout_ms
        self.entries: dict[str, Entry] = {}
        self.starting: list[Callable[[], Any]] = []
        self.stopping: list[Callable[[], Any]] = []
        self.reloading: list[Callable[[], Any]] = []

    def message(
        self, name: str, *, timeout_ms: int | None = None
    ) -> Callable[[Function], Function]:
        """
        Make a decorator: the function is called for each message of this name, with its arguments
        by name. It is plain, C{async def}, or returns a Deferred; it gives an action, several, or
        L{None}.

        @param name: Of the C{spoe-message} section.

        @param timeout_ms: How long it may take, 0 for any time, L{None} for the agent's.

        @return: The decorator; the function itself stays as it is.

        @raise ValueError: The message has a function already.
        """

        def register(function: Function) -> Function:
            if name in self.entries:
                raise ValueError(f"message '{name}' has a function already")
            self.entries[name] = Entry(name, Binding(function), timeout_ms)
            return function

        return register

    def at_start(self, function: Function) -> Function:
        """
        Call a function before the agent says that it is ready.

        @param function: Takes nothing; may return a Deferred or be C{async def}.

        @return: The function.
        """
        self.starting.append(function)
        return function

    def at_stop(self, function: Function) -> Function:
        """
        Call a function when the last connection has ended.

        @param function: Takes nothing; may return a Deferred or be C{async def}.

        @return: The function.
        """
        self.stopping.append(function)
        return function

    def at_reload(self, function: Function) -> Function:
        """
        Call a function at each SIGHUP.

        @param function: Takes nothing; may return a Deferred or be C{async def}.

        @return: The function.
        """
        self.reloading.append(function)
        return function

    def run(self, *argv: str) -> int:
        """
        Run the agent until it is told to stop, as C{mwproxy spoa} does.

        @param argv: Options of the command line, such as C{"--listen", "127.0.0.1:12345"}.

        @return: The exit status.
        """
        from mwproxy.spoa.run import run_agent

        return run_agent(self, list(argv))
