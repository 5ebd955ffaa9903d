"""
Messages to the service manager that started us (C{sd_notify}).

C{sdnotify} drops what is not Latin-1 without a word, so everything is made ASCII here. The texts
are HAProxy 3.2's; the figures behind C{Ready.} are ours.
"""

from __future__ import annotations

from collections.abc import Callable

import sdnotify

RELOAD_FAILED = "Reload failed!"
NOT_LOADED = "Reload failed (master failed to load or to parse new configuration)!"


def open_notifier() -> Callable[[str], None]:
    """
    Connect to C{$NOTIFY_SOCKET}.

    @return: Sends one message; does nothing when there is no service manager.
    """
    notifier = sdnotify.SystemdNotifier()
    return notifier.notify  # type: ignore[no-any-return]  # sdnotify is untyped


class ServiceManager:
    """
    What the service manager is told, and when.

    Figures are told only between L{ready} and the next L{reloading} or L{stopping}, and only when
    they changed.
    """

    def __init__(self, send: Callable[[str], None] | None) -> None:
        """
        @param send: Sends one message, L{None} to tell nobody.
        """
        self._send = send
        self._settled = False
        self._status = ""

    def ready(self, pid: int) -> None:
        """
        Tell that the configuration is being served.
        """
        self._tell(f"READY=1\nMAINPID={pid}\nSTATUS=Ready.\n")
        self._settled = True
        self._status = "Ready."

    def reloading(self, monotonic: float) -> None:
        """
        Tell that a reload begins.

        @param monotonic: C{CLOCK_MONOTONIC} in seconds, not before the request.
        """
        self._settled = False
        self._tell(
            "RELOADING=1\nSTATUS=Reloading Configuration.\n"
            f"MONOTONIC_USEC={int(monotonic * 1_000_000)}\n"
        )

    def failed(self, status: str) -> None:
        """
        Tell that a reload failed; the protocol has no word for it but that we are ready again.

        @param status: L{RELOAD_FAILED} or L{NOT_LOADED}.
        """
        self._tell(f"READY=1\nSTATUS={status}\n")
        self._status = status

    def stopping(self) -> None:
        """
        Tell that the end begins.
        """
        self._settled = False
        self._tell("STOPPING=1")

    def figures(self, current: int, old: int, connections: int) -> None:
        """
        Tell live figures.

        @param current: Workers of the serving generation.

        @param old: Workers that are leaving.

        @param connections: Client connections of all of them.
        """
        if not self._settled:
            return
        status = f"Ready. workers: {current} current, {old} old; connections: {connections}"
        if status != self._status:
            self._status = status
            self._tell(f"STATUS={status}\n")

    def _tell(self, message: str) -> None:
        if self._send is not None:
            self._send(message.encode("ascii", "replace").decode("ascii"))
