"""
Messages to the service manager that started us (C{sd_notify}).

C{sdnotify} drops what is not Latin-1 without a word, so everything is made ASCII here. The texts
are HAProxy 3.2's; the figures behind C{Ready.} are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sdnotify

RELOAD_FAILED = "Reload failed!"
NOT_LOADED = "Reload failed (master failed to load or to parse new configuration)!"
#: Longest reason of a failure in a status.
LONGEST_REASON = 200
#: Seconds until a message is tried again that the service manager had no room for, and how many
#: wait for that at most.
TRY_AGAIN = 0.25
MOST_WAITING = 32


@dataclass(frozen=True, slots=True)
class Figures:
    """
    What is told of a master at work.

    @ivar current: Workers of the serving generation.

    @ivar old: Workers that are leaving.

    @ivar connections: Client connections of all of them.

    @ivar draining: Those of the workers that are leaving.

    @ivar reloads: How many reloads were asked for.

    @ivar degraded: Programs that have failed while the proxy serves on.
    """

    current: int
    old: int
    connections: int
    draining: int = 0
    reloads: int = 0
    degraded: tuple[str, ...] = ()

    def text(self) -> str:
        """
        Write them for a person.
        """
        workers = f"workers: {self.current} current, {self.old} old"
        draining = f", {self.draining} draining" if self.old else ""
        reloads = f"; reloads: {self.reloads}" if self.reloads else ""
        degraded = f"; degraded: {', '.join(self.degraded)}" if self.degraded else ""
        return f"{workers}; connections: {self.connections}{draining}{reloads}{degraded}"


class Notifier:
    """
    Sends messages to C{$NOTIFY_SOCKET}, and never waits: what a service manager that is stuck has
    no room for is sent later, in order.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], object]], Any]) -> None:
        """
        @param call_later: Calls a function after so many seconds.
        """
        self._call_later = call_later
        self._waiting: list[str] = []
        self._timer: Any = None
        self._open()
        self._wanted = self._notifier.socket is not None

    def send(self, message: str) -> None:
        """
        Send one message; without a service manager nothing happens.
        """
        if self._notifier.socket is None and self._wanted:
            self._open()
        if self._notifier.socket is None:
            return
        if message.startswith("STATUS=") and self._waiting:
            # Only the latest counts.
            self._waiting = [each for each in self._waiting if not each.startswith("STATUS=")]
        self._waiting.append(message)
        del self._waiting[:-MOST_WAITING]
        if self._timer is None:
            self._flush()

    def close(self) -> None:
        """
        Give up.
        """
        self._wanted = False
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._notifier.socket is not None:
            self._notifier.socket.close()
            self._notifier.socket = None

    def _open(self) -> None:
        self._notifier = sdnotify.SystemdNotifier()
        if self._notifier.socket is not None:
            self._notifier.socket.setblocking(False)
            # Errors are told from here on.
            self._notifier.debug = True

    def _flush(self) -> None:
        self._timer = None
        while self._waiting:
            try:
                self._notifier.notify(self._waiting[0])
            except BlockingIOError:
                self._timer = self._call_later(TRY_AGAIN, self._flush)
                return
            except OSError:
                self._send_anew(self._waiting[0])
            del self._waiting[:1]

    def _send_anew(self, message: str) -> None:
        """
        Connect again, as the service manager may have been started anew, and send if that helps.
        """
        self._notifier.socket.close()
        self._open()
        if self._notifier.socket is not None:
            with suppress(OSError):
                self._notifier.notify(message)


class ServiceManager:
    """
    What the service manager is told, and when.

    Figures are told only while nothing is under way, and only when they changed.
    """

    def __init__(self, send: Callable[[str], None] | None) -> None:
        """
        @param send: Sends one message, L{None} to tell nobody.
        """
        self._send = send
        self._settled = False
        self._status = ""
        self._word = ""
        self._last = ""

    def loading(self, seconds: float) -> None:
        """
        Tell that the service manager should be patient: a configuration is being loaded, which
        ends by itself.

        @param seconds: When it has ended at the latest.
        """
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}\n")

    def ready(self, pid: int, reloaded: float | None = None) -> None:
        """
        Tell that the configuration is being served.

        @param reloaded: Time since the epoch if this is the end of a reload, L{None} for the
            first start.
        """
        self._tell(f"READY=1\nMAINPID={pid}\nSTATUS=Ready.\n")
        self._settle("Ready.")
        if reloaded is not None:
            self._last = f", last succeeded {_date(reloaded)}"

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

    def failed(self, status: str, at: float, log: str) -> None:
        """
        Tell that a reload failed; the protocol has no word for it but that we are ready again.

        @param status: L{RELOAD_FAILED} or L{NOT_LOADED}.

        @param at: Time since the epoch.

        @param log: The messages of the reload; the first alert is the reason.
        """
        self._tell(f"READY=1\nSTATUS={status}\n")
        self._settle(status)
        reason = first_alert(log)
        self._last = f", last failed {_date(at)}" + (f": {reason}" if reason else "")

    def stopping(self) -> None:
        """
        Tell that the end begins.
        """
        self._settled = False
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """
        Tell that the reactor turns (the watchdog of the service manager).
        """
        self._tell("WATCHDOG=1")

    def figures(self, figures: Figures) -> None:
        """
        Tell live figures.
        """
        if not self._settled:
            return
        status = f"{self._word} {figures.text()}{self._last}"
        if status != self._status:
            self._status = status
            self._tell(f"STATUS={status}\n")

    def _settle(self, word: str) -> None:
        self._settled = True
        self._word = self._status = word

    def _tell(self, message: str) -> None:
        if self._send is not None:
            self._send(message.encode("ascii", "replace").decode("ascii"))


def first_alert(log: str) -> str:
    """
    Find the reason of a failure.

    @param log: Messages, one a line.

    @return: The text of the first alert, shortened; empty if there is none.
    """
    for line in log.splitlines():
        if line.startswith("[ALERT]"):
            text = line.partition(" : ")[2].strip()
            return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 3]}..."
    return ""


def _date(when: float) -> str:
    # As systemctl writes it.
    return f"{datetime.fromtimestamp(when, UTC).astimezone():%a %Y-%m-%d %H:%M:%S %Z}"
