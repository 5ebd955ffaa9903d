"""
Lines with a name and a value: of C{show info}, C{show env}, C{show activity} and their like.
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


def read_activity(text: str) -> Row:
    """
    Read what a process has been busy with.

    @param text: The answer of C{show activity}.

    @return: Values by name.

    @raise Unreadable: A line is none of it.
    """
    found: Row = {}
    for line in filled(text):
        name, colon, rest = line.partition(":")
        if not colon:
            raise Unreadable(f"'{line[:60]}' has no name")
        found[name.strip()] = value(rest.strip())
    return found


def read_described(text: str) -> list[Row]:
    """
    Read names and what is said of them.

    @param text: The answer of C{show fd} or C{show events}.

    @return: For each its C{name}, a number if it is one, and C{text}. Titles are left out.
    """
    rows: list[Row] = []
    for line in filled(text):
        name, colon, said = line.partition(" : ")
        if colon and line.startswith(" "):
            rows.append({"name": value(name.strip()), "text": said.strip()})
    return rows


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
