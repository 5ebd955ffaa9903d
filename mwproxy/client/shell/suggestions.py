"""
What can come next in a line, after the usages that C{help} lists. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: A piece of a usage: something in brackets, in angle brackets, or a word.
_PIECE = re.compile(r"\[[^\]]*\]\*?|<[^>]*>[^\s]*|\S+")
_LITERAL = re.compile(r"[a-z0-9@!_][a-z0-9_-]*", re.ASCII)
#: Stands for a word that can be anything.
_ANY: frozenset[str] = frozenset()


def pieces(usage: str) -> list[frozenset[str]]:
    """
    Read a usage.

    @param usage: Such as C{show info [desc|json]*}.

    @return: For each word what it may be; the empty set for anything.
    """
    found = []
    for piece in _PIECE.findall(usage):
        inside = piece.strip("*").removeprefix("[").removesuffix("]")
        literals = frozenset(word for word in inside.split("|") if _LITERAL.fullmatch(word))
        found.append(literals if "<" not in piece or piece.startswith("[") else _ANY)
        if piece.endswith("*") and literals:
            # Several of them may follow each other.
            found.extend([literals] * 2)
    return found


def suggest(usages: Iterable[str], typed: str) -> list[str]:
    """
    Tell what the last word of a line may become.

    @param usages: What there is.

    @param typed: The line so far, up to the cursor, without prefix.

    @return: Words, sorted.
    """
    *before, last = typed.split(" ") if typed else [""]
    words = [word for word in before if word]
    found: set[str] = set()
    for usage in usages:
        places = pieces(usage)
        if len(places) <= len(words):
            continue
        if all(not place or word in place for place, word in zip(places, words, strict=False)):
            found.update(word for word in places[len(words)] if word.startswith(last))
    return sorted(found.difference(words))


def cut_prefix(line: str) -> tuple[str, str]:
    """
    Cut off what chooses who executes a command.

    @param line: As typed; of several commands the last one counts.

    @return: The prefix, empty for none, and the command.
    """
    command = line.rpartition(";")[2].lstrip(" ")
    if not command.startswith("@") or " " not in command:
        return "", command
    prefix, _, rest = command.partition(" ")
    return prefix.replace("@@", "@", 1), rest.lstrip(" ")
