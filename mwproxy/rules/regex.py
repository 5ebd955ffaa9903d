"""
Regular expressions: PCRE's spelling, as HAProxy's configurations use it, run by Python's C{re}.

Theory. The two dialects agree on nearly everything. What Python would read differently without a
word is translated (POSIX classes, C{\\h}, C{\\z}, C{\\Q...\\E}, named groups); what it cannot
do is refused with the pattern quoted. A pattern is matched against bytes.
"""

from __future__ import annotations

import re
import warnings

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.texts import to_wire

_POSIX = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": r"\w",
    "cntrl": r"\x00-\x1f\x7f",
    "print": r"\x20-\x7e",
    "graph": r"\x21-\x7e",
}
_ESCAPES = {
    "h": r"[ \t]",
    "H": r"[^ \t]",
    "z": r"\Z",
    "Z": r"(?=\n?\Z)",
    "R": r"(?:\r\n|[\n\v\f\r])",
    "e": r"\x1b",
}
_REFUSED = {"K", "G", "C", "X", "p", "P", "g", "k", "N"}


def compile_regex(text: str, ignore_case: bool = False) -> re.Pattern[bytes]:
    """
    Compile a regular expression.

    @param text: As written in the configuration.

    @param ignore_case: Whether letters match either case.

    @return: The compiled pattern.

    @raise ConfigError: It is no regular expression, or one that only PCRE can run.
    """
    flags = re.IGNORECASE if ignore_case else 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return re.compile(to_wire(_translate(text)), flags)
        except re.error as error:
            place = error.pos if error.pos is not None else 0
            raise ConfigError(
                f"regex '{text}' is invalid (error={error.msg}, erroffset={place})"
            ) from None
        except (Warning, OverflowError, RecursionError) as error:
            raise ConfigError(f"regex '{text}' is invalid (error={error}, erroffset=0)") from None


def _translate(text: str) -> str:
    parts: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\" and position + 1 < len(text):
            done, position = _escape(text, position)
            parts.append(done)
        elif char == "[":
            done, position = _bracket(text, position)
            parts.append(done)
        elif text.startswith("(?<", position) and text[position + 3 : position + 4] not in "=!":
            parts.append("(?P<")
            position += 3
        else:
            parts.append(char)
            position += 1
    return "".join(parts)


def _escape(text: str, position: int) -> tuple[str, int]:
    letter = text[position + 1]
    if letter == "Q":
        end = text.find("\\E", position)
        stop = len(text) if end < 0 else end
        return re.escape(text[position + 2 : stop]), len(text) if end < 0 else end + 2
    if letter in _REFUSED:
        raise ConfigError(
            f"regex '{text}' is invalid (error='\\{letter}' is not supported by mwproxy, "
            f"erroffset={position})"
        )
    if letter == "E":
        return "", position + 2
    return _ESCAPES.get(letter, text[position : position + 2]), position + 2


def _bracket(text: str, position: int) -> tuple[str, int]:
    parts = ["["]
    position += 1
    if text[position : position + 1] == "^":
        parts.append("^")
        position += 1
    if text[position : position + 1] == "]":
        parts.append("\\]")
        position += 1
    while position < len(text) and text[position] != "]":
        named = re.compile(r"\[:([a-z]+):\]").match(text, position)
        if named is not None and named[1] in _POSIX:
            parts.append(_POSIX[named[1]])
            position = named.end()
        elif text[position] == "\\" and position + 1 < len(text):
            letter = text[position + 1]
            parts.append(r" \t" if letter == "h" else text[position : position + 2])
            position += 2
        else:
            # Python warns of a future meaning of these inside a set; PCRE takes them literally.
            parts.append("\\" + text[position] if text[position] in "[&|~" else text[position])
            position += 1
    if position >= len(text):
        return "".join(parts), position
    return "".join(parts) + "]", position + 1


def expand_references(text: str) -> list[bytes | int]:
    """
    Read a replacement with back-references such as C{\\1}.

    @param text: As written.

    @return: Literal bytes, and numbers of groups.
    """
    parts: list[bytes | int] = []
    literal = bytearray()
    data = to_wire(text)
    position = 0
    while position < len(data):
        following = data[position + 1 : position + 2]
        if data[position] == 0x5C and following.isdigit():
            if literal:
                parts.append(bytes(literal))
                literal.clear()
            parts.append(int(following))
            position += 2
        elif data[position] == 0x5C and following == b"\\":
            literal += b"\\"
            position += 2
        elif data[position] == 0x5C and following == b"x":
            try:
                literal.append(int(data[position + 2 : position + 4], 16))
                position += 4
            except ValueError:
                literal += b"\\"
                position += 1
        else:
            literal.append(data[position])
            position += 1
    if literal:
        parts.append(bytes(literal))
    return parts


def fill_references(parts: list[bytes | int], found: re.Match[bytes]) -> bytes:
    """
    Write a replacement.

    @param parts: What L{expand_references} made.

    @param found: The match that groups come from.

    @return: The text; a group that does not exist or did not take part is empty.
    """
    groups = found.re.groups
    return b"".join(
        [
            part
            if isinstance(part, bytes)
            else (found.group(part) or b"")
            if part <= groups
            else b""
            for part in parts
        ]
    )
