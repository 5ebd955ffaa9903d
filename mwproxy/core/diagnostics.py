"""
Problems are collected, not thrown: messages to operators in HAProxy's form.

A message is one line, C{[ALERT]    (pid) : text}. While configuration is being
read the text begins with C{config : } and, where a line is to blame, with
C{parsing [file:line] : }.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass


class Severity(enum.Enum):
    """
    How bad a message is; the value is the label that operators see.
    """

    DIAG = "DIAG"
    NOTICE = "NOTICE"
    WARNING = "WARNING"
    ALERT = "ALERT"


@dataclass(frozen=True, slots=True)
class Where:
    """
    A line of a configuration file.

    @ivar file: The name as given on the command line.

    @ivar line: Its number, from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


NOWHERE = Where("", 0)


class ConfigError(Exception):
    """
    The line being read is wrong; the text says how, without file and line.
    """


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """
    One message to the operator.

    @ivar text: All of the message behind C{(pid) : }.

    @ivar fatal: False for an alert with which the configuration can be used all the same.
    """

    severity: Severity
    text: str
    fatal: bool = True

    def render(self, pid: int) -> str:
        """
        Write the message as operators see it.

        @param pid: The process that speaks.

        @return: One line without line feed.
        """
        return format_message(self.severity, pid, self.text)


def format_message(severity: Severity, pid: int, text: str) -> str:
    """
    Write a message in HAProxy's form.

    @param severity: Its label.

    @param pid: The process that speaks.

    @param text: What it says.

    @return: One line without line feed, such as C{[NOTICE]   (17) : Ready.}
    """
    label = f"[{severity.value}]"
    return f"{label:<10} ({pid}) : {text}"


class Diagnostics:
    """
    The messages of one attempt to load a configuration.

    @ivar messages: All of them, in order.

    @ivar errors: How many were alerts.

    @ivar warnings: How many were warnings.
    """

    def __init__(self, emit: Callable[[Diagnostic], None] | None = None) -> None:
        """
        @param emit: Called with each message as it comes; L{None} only collects.
        """
        self.messages: list[Diagnostic] = []
        self.errors = 0
        self.warnings = 0
        self._emit = emit

    def alert(self, text: str, at: Where | None = None) -> None:
        """
        Note an error: the configuration cannot be used.

        @param text: What is wrong.

        @param at: The line to blame, or L{None} when there is no single one;
            the text is then taken as it is.
        """
        self.errors += 1
        self._note(Severity.ALERT, text, at)

    def objection(self, text: str, at: Where | None = None) -> None:
        """
        Note an error that HAProxy lives with: what the line says is not done, the rest is.

        @param text: What is wrong.

        @param at: The line to blame, or L{None}.
        """
        self._note(Severity.ALERT, text, at, fatal=False)

    def warning(self, text: str, at: Where | None = None) -> None:
        """
        Note something that works, but hardly as intended.

        @param text: What is odd.

        @param at: The line to blame, or L{None}.
        """
        self.warnings += 1
        self._note(Severity.WARNING, text, at)

    def notice(self, text: str, at: Where | None = None) -> None:
        """
        Note a fact.

        @param text: The fact.

        @param at: Its line, or L{None}.
        """
        self._note(Severity.NOTICE, text, at)

    def diag(self, text: str, at: Where | None = None) -> None:
        """
        Note a hint, shown only with C{-dD}.

        @param text: The hint.

        @param at: Its line, or L{None}.
        """
        self._note(Severity.DIAG, text, at)

    def _note(self, severity: Severity, text: str, at: Where | None, *, fatal: bool = True) -> None:
        if at is not None:
            text = f"config : parsing [{at}] : {text}"
        message = Diagnostic(severity, text, fatal)
        self.messages.append(message)
        if self._emit is not None:
            self._emit(message)
