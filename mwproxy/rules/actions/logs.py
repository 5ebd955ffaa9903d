"""
Actions on what is logged, and on the status of responses.
"""

from __future__ import annotations

from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import action
from mwproxy.protocols.http1.answers import reason
from mwproxy.rules.ruleset import Rule, RuleLine
from mwproxy.rules.texts import to_wire

_LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

#: Value of L{Stream.log_level<mwproxy.live.sessions.Stream>} for C{silent}.
SILENT = -2


@action(
    "set-log-level",
    rulesets="http-request http-response http-after-response tcp-request content "
    "tcp-response content",
)
def act_set_log_level(line: RuleLine) -> Rule:
    """
    Log the stream at another level, or not at all with C{silent}.
    """
    word = line.words[line.position] if line.position < len(line.words) else ""
    if word not in _LEVELS and word != "silent":
        raise ConfigError("expects exactly 1 argument (log level name or 'silent')")
    line.position += 1
    level = SILENT if word == "silent" else _LEVELS.index(word)

    def set_log_level(stream: Any) -> None:
        stream.log_level = level

    return set_log_level


@action("set-status", rulesets="http-response http-after-response")
def act_set_status(line: RuleLine) -> Rule:
    """
    Replace the status of the response.
    """
    if line.at_condition():
        raise ConfigError("expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>")
    word = line.words[line.position]
    line.position += 1
    if not (word.isascii() and word.isdecimal() and 100 <= int(word) <= 999):
        raise ConfigError("expects an integer status code between 100 and 999")
    status = int(word)
    phrase = reason(status)
    if line.position < len(line.words) and line.words[line.position] == "reason":
        if line.position + 1 >= len(line.words):
            raise ConfigError("missing <reason> argument")
        phrase = line.words[line.position + 1]
        line.position += 2
    text = to_wire(phrase)
    if any(byte < 32 or byte == 127 for byte in text):
        raise ConfigError("reason must not hold control characters")

    def set_status(stream: Any) -> None:
        stream.response.status = status
        stream.response.reason = text
        stream.response.line = b""

    return set_status
