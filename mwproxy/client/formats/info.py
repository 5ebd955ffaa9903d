"""
Lines C{name: value} of C{show info}, and C{name=value} of C{show env}.
"""

from __future__ import annotations

from mwproxy.client.formats.words import Row, Unreadable, filled, value

_TEXTS = frozenset(
    {"Name", "Version", "Release_date", "Uptime", "node", "description", "Build info"}
)


def read_info(text: str) -> Row:
    """
    Read the figures of a process.

    @param text: The answer of C{show info}.

    @return: Values by name: numbers where they are whole, L{None} where there is nothing.

    @raise Unreadable: A line is none of it.
    """
    found: Row = {}
    for line in filled(text):
        name, colon, rest = line.partition(":")
        if not colon:
            raise Unreadable(f"'{line[:60]}' has no name")
        rest = rest.strip()
        found[name] = rest if name in _TEXTS else value(rest)
    if "Pid" not in found:
        raise Unreadable("figures of a process have a 'Pid:'")
    return found


def read_env(text: str) -> Row:
    """
    Read environment variables.

    @param text: The answer of C{show env}.

    @return: Values by name, all as text. Lines without C{=} belong to the value before.

    @raise Unreadable: It begins with such a line.
    """
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        before, sign, rest = line.partition("=")
        if sign:
            name = before
            found[name] = rest
        elif name:
            found[name] += f"\n{line}"
        elif line.strip():
            raise Unreadable(f"'{line[:60]}' is no variable")
    return {key: text.rstrip("\n") for key, text in found.items()}
