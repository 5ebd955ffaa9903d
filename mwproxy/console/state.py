"""
What a console connection remembers: level, prompt and modes.
"""

from __future__ import annotations

from dataclasses import dataclass

from mwproxy.core.levels import Level

#: Severity numbers and words of feedback, as in syslog.
SEVERITIES = {3: "err", 4: "warning", 5: "notice", 6: "info"}


@dataclass(slots=True)
class ConsoleState:
    """
    The state of one connection.

    @ivar level: What it may do.

    @ivar mode: C{n} (one line, then close), C{i} (stays open) or C{p} (stays open, prompts).

    @ivar timed: Whether the prompt shows the uptime.

    @ivar timeout_ms: How long it may be idle, L{None} for ever.

    @ivar severity: C{none}, C{number} or C{string}: how feedback begins.

    @ivar expert: Whether C{expert-mode} is on.   @ivar experimental: C{experimental-mode}.

    @ivar debug: C{mcli-debug-mode}.

    @ivar closing: True when it is to be closed after the present answer.

    @ivar address: Where it was accepted, as C{show cli sockets} names it.

    @ivar who: The peer, as the audit names it.

    @ivar awaited: The reload that it waits for, L{None} for none.
    """

    level: Level = Level.OPERATOR
    mode: str = "n"
    timed: bool = False
    timeout_ms: int | None = None
    severity: str = "none"
    expert: bool = False
    experimental: bool = False
    debug: bool = False
    closing: bool = False
    address: str = ""
    who: str = ""
    awaited: object = None

    @property
    def local(self) -> bool:
        """
        Whether the peer is a process on this machine, by a UNIX socket.
        """
        return self.who.startswith("uid=")

    def decorate(self, text: str, severity: int) -> str:
        """
        Put the severity before a piece of feedback, if that is wanted.

        @param text: The feedback.

        @param severity: Its number.

        @return: The text.
        """
        if self.severity == "number":
            return f"[{severity}]: {text}"
        if self.severity == "string":
            return f"[{SEVERITIES[severity]}]: {text}"
        return text


def age(seconds: float) -> tuple[int, int, int, int]:
    """
    Split a duration.

    @param seconds: It.

    @return: Days, hours, minutes, seconds.
    """
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return days, hours, minutes, rest


def clock(seconds: float) -> str:
    """
    Write an uptime for the prompt.

    @param seconds: It.

    @return: Such as C{[0:00:02:15] }.
    """
    days, hours, minutes, rest = age(seconds)
    return f"[{days}:{hours:02}:{minutes:02}:{rest:02}] "


def switch_prompt(state: ConsoleState, args: list[str], modes: str) -> bool:
    """
    Do what C{prompt} asks for.

    @param state: Is changed.

    @param args: The words behind C{prompt}.

    @param modes: The modes that this console has: C{nip} or C{ip}.

    @return: False when the words mean nothing.
    """
    if not args:
        on, off = "p", "n" if "n" in modes else "i"
        state.mode = off if state.mode == "p" else on
    elif args[0] == "timed":
        state.timed = not state.timed
        state.mode = "p"
    elif len(args[0]) == 1 and args[0] in modes:
        state.mode = args[0]
    else:
        return False
    return True
