"""
Waiting for the body of a request: C{http-request wait-for-body}, C{option http-buffer-request}.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import action
from mwproxy.core.values import BadValue, parse_size, parse_time_ms
from mwproxy.rules.ruleset import Rule, RuleLine, Wait

_SYNTAX = "expects time <time> [ at-least <bytes> ]"


@action("wait-for-body", rulesets="http-request")
def act_wait_for_body(line: RuleLine) -> Rule:
    """
    Wait until the body is there, or a number of its bytes, or the buffer is full.
    """
    time_ms: int | None = None
    least = 0
    while not line.at_condition():
        word = line.words[line.position]
        if word not in ("time", "at-least"):
            break
        line.position += 1
        if line.at_condition():
            raise ConfigError(f"missing argument for '{word}'")
        text = line.words[line.position]
        line.position += 1
        try:
            if word == "time":
                time_ms = parse_time_ms(text)
            else:
                least = parse_size(text)
        except BadValue:
            what = "time" if word == "time" else "size"
            raise ConfigError(f"invalid {what} '{text}' for '{word}'") from None
    if time_ms is None:
        raise ConfigError(_SYNTAX)
    return wait_for_body(time_ms, least)


def wait_for_body(time_ms: int | None, least: int = 0) -> Rule:
    """
    Make a rule that waits for the body of a request.

    @param time_ms: How long; L{None} or 0 for as long as C{timeout client} says.

    @param least: Bytes that are enough, 0 for the whole body.

    @return: The rule.
    """
    seconds = time_ms / 1000 if time_ms else inf

    def wait(stream: Any) -> Wait | None:
        if stream.needs_body(least):
            return Wait(partial(stream.await_body, least, seconds))
        return None

    wait.waits = True  # type: ignore[attr-defined]
    return wait
