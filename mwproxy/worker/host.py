"""
What a worker needs of whoever runs it: a master behind a control channel, or nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from mwproxy.config.model import Global
from mwproxy.process.sockets import ListenerSpec


class Host(Protocol):
    """
    The surroundings of one worker.

    @ivar under_master: Whether there is a master.

    @ivar owns_environment: Whether the environment of the process becomes that of the
        configuration.
    """

    under_master: bool
    owns_environment: bool

    def get_listener(self, spec: ListenerSpec) -> Awaitable[int]:
        """
        Get a bound, listening, non-blocking socket.

        @return: A descriptor that the caller now owns.

        @raise CannotBind: With the text that operators see.
        """

    def drop_privileges(self, settings: Global) -> None:
        """
        Give up rights as C{chroot}, C{group}, C{gid}, C{user} and C{uid} say.

        @raise StartFailed: That failed; it was said already.
        """

    def say_ready(self, facts: dict[str, Any]) -> None:
        """
        Tell that traffic is being accepted.
        """

    def say(self, text: str) -> None:
        """
        Print a message for operators and add it to the start-up log.

        @param text: The rendered line.
        """

    def say_paused(self, paused: bool) -> None:
        """
        Tell that the worker was signaled to pause (SIGTTOU), or to resume (SIGTTIN).
        """

    def report(self, figures: dict[str, Any]) -> None:
        """
        Tell figures for the supervisor's status line.
        """
