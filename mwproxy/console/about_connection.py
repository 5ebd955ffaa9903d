"""
Commands of the master's console about the connection itself: they print nothing when all is well,
and are run before commands are looked up, whatever the target of the connection is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mwproxy.console.state import ConsoleState, switch_prompt
from mwproxy.core.levels import Level

DENIED = "Permission denied!"
_MODES = {
    "expert-mode": "expert",
    "experimental-mode": "experimental",
    "mcli-debug-mode": "debug",
}
_SEVERITIES = ("none", "number", "string")
_PROMPT_USAGE = (
    "Usage: prompt [i | p | timed]\n"
    "  i: no prompt; p: prompt; timed: prompt with the uptime; without word, turned on or off"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How it went.

    @ivar text: What to say, empty for nothing.

    @ivar wrong: It is an error, which discards all input that has come.
    """

    text: str = ""
    wrong: bool = False


def about_connection(state: ConsoleState, words: Sequence[str]) -> Outcome | None:
    """
    Run a command about a connection.

    @param state: Of the connection, is changed.

    @param words: The command.

    @return: How it went, L{None} when it is another command.
    """
    if not words:
        return None
    name, args = words[0], list(words[1:])
    if name == "prompt":
        return Outcome() if switch_prompt(state, args, "ip") else Outcome(_PROMPT_USAGE, True)
    if name == "quit":
        state.closing = True
        return Outcome()
    if name in ("user", "operator"):
        return _lower(state, Level[name.upper()])
    if name in _MODES:
        return _switch(state, name, args)
    if name == "set" and args[:1] == ["severity-output"]:
        return _severity(state, args[1:])
    return None


def _lower(state: ConsoleState, level: Level) -> Outcome:
    if state.level < level:
        return Outcome(DENIED, True)
    state.level = level
    return Outcome()


def _switch(state: ConsoleState, name: str, args: list[str]) -> Outcome:
    if state.level < Level.ADMIN:
        return Outcome(DENIED, True)
    attribute = _MODES[name]
    if not args:
        return Outcome(f"{name} is {'ON' if getattr(state, attribute) else 'OFF'}\n")
    if args[0] not in ("on", "off"):
        return Outcome(f"'{name}' expects 'on' or 'off'.", True)
    setattr(state, attribute, args[0] == "on")
    return Outcome()


def _severity(state: ConsoleState, args: list[str]) -> Outcome:
    if not args or args[0] not in _SEVERITIES:
        return Outcome("one of 'none', 'number', 'string' is a required argument", True)
    state.severity = args[0]
    return Outcome()
