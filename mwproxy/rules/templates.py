"""
Joining the parts of a log format to one function.

Theory. A log line has some thirty variables, and a call for each would cost more than all the rest
of logging. So the function is written as source and compiled once: an f-string in which
variables that know their own source (L{mwproxy.rules.aliases.inline}) stand as expressions and only
the others are called. The source is made of that and of escaped literals alone.

Blanks. A variable that may be empty swallows the blank behind it when there is one before it too,
as HAProxy does: without captured headers C{0/0 %hr %hs "GET} is written with one blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mwproxy.rules.texts import to_text

Format = Callable[[Any], bytes]
Part = bytes | Format

#: Names that inline source may use, and what they stand for; in order of need.
LOCALS = {
    "session": "stream.session",
    "frontend": "session.frontend",
    "backend": "stream.backend",
    "server": "stream.server",
    "request": "stream.request",
    "wall": "stream.begun_wall or session.accepted_wall",
    "ended": "stream.ended_at or session.frontend.worker.now",
}


def join_parts(parts: list[Part]) -> Format:
    """
    Make one function of literal text and functions.

    @return: The function; its C{constant} attribute holds the result when it never changes.
    """
    parts = _swallow_blanks(parts)
    functions = [part for part in parts if callable(part)]
    if not functions:
        return constant(b"".join([part for part in parts if not callable(part)]))
    if len(parts) == 1:
        return functions[0]
    if any(hasattr(part, "inline") for part in functions):
        return _written(parts)
    literals = [b"%b" if callable(part) else part.replace(b"%", b"%%") for part in parts]
    return _filled(b"".join(literals), functions)


def constant(data: bytes) -> Format:
    """
    Make a function that always gives the same.

    @return: The function; its C{constant} attribute holds the data.
    """

    def fixed(stream: Any) -> bytes:
        return data

    fixed.__dict__["constant"] = data
    return fixed


def _filled(template: bytes, functions: list[Format]) -> Format:
    if len(functions) == 1:
        only = functions[0]
        return lambda stream: template % only(stream)
    if len(functions) == 2:
        first, second = functions
        return lambda stream: template % (first(stream), second(stream))
    steps = tuple(functions)
    return lambda stream: template % tuple([step(stream) for step in steps])


def _written(parts: list[Part]) -> Format:
    scope: dict[str, Any] = {}
    pieces = []
    for index, part in enumerate(parts):
        if not callable(part):
            pieces.append(_literal(part))
            continue
        source, names = getattr(part, "inline", ("", {}))
        if source and all(scope.get(name, value) is value for name, value in names.items()):
            scope.update(names)
            pieces.append(source)
        else:
            scope[f"part{index}"] = part
            pieces.append(f"{{part{index}(stream).decode('utf-8', 'surrogateescape')}}")
    body = "".join(pieces)
    lines = ["def written(stream):"]
    needed = set(re.findall(r"[a-z]\w*", body))
    for name, source in reversed(LOCALS.items()):
        if name in needed:
            needed |= set(re.findall(r"[a-z]\w*", source))
            lines.insert(1, f"    {name} = {source}")
    lines.append(f'    return f"{body}".encode("utf-8", "surrogateescape")')
    exec("\n".join(lines), scope)
    made: Format = scope["written"]
    return made


def _literal(data: bytes) -> str:
    escaped = to_text(data).encode("unicode_escape").decode("ascii")
    return escaped.replace('"', '\\"').replace("{", "{{").replace("}", "}}")


def _swallow_blanks(parts: list[Part]) -> list[Part]:
    found: list[Part] = []
    waiting = list(parts)
    blank_before = False
    while waiting:
        part = waiting.pop(0)
        if not callable(part):
            found.append(part)
            blank_before = part.endswith(b" ")
            continue
        spaced: Format | None = getattr(part, "spaced", None)
        following = waiting[0] if waiting else None
        if (
            spaced is None
            or not blank_before
            or not isinstance(following, bytes)
            or not following.startswith(b" ")
        ):
            found.append(part)
            blank_before = False
        else:
            found.append(spaced)
            waiting[:1] = [following[1:]] if len(following) > 1 else []
    return found
