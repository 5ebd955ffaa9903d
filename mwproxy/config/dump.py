"""
C{-dC}: the configuration cut into words, as the reader sees it.

The argument may hold a key, which replaces what is private (names, addresses, file names) by words
made with it, and C{line}, which puts line numbers in front.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mwproxy.config.environment import Variables
from mwproxy.config.lexer import LexError, tokenize
from mwproxy.config.sections import KINDS

#: A fetch or converter with arguments, and what follows it.
_CALL = re.compile(r"([\w.-]+)\((.*?)\)([,)]?)")
_PLAIN = re.compile(r"[-+]?\d+(?:\.\d+)?(?:us|ms|s|m|h|d|k|K|g|G|%)?|[^\w]+")


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """
    How to dump.

    @ivar key: Replaces what is private, empty to show all.

    @ivar numbers: Whether to show line numbers.
    """

    key: str = ""
    numbers: bool = False


def parse_dump_options(text: str) -> DumpOptions:
    """
    Read what stands behind C{-dC}.

    @param text: Such as C{secret,line}; may be empty.

    @return: The options.
    """
    words = [word for word in text.split(",") if word]
    numbers = "line" in words
    return DumpOptions("".join(word for word in words if word != "line"), numbers)


def dump_file(
    name: str,
    text: str,
    environment: dict[str, str],
    options: DumpOptions,
    public: Iterable[str] = (),
) -> Iterator[str]:
    """
    Dump a file.

    @param name: The file's name.

    @param text: What it contains.

    @param environment: The variables.

    @param options: How to dump.

    @param public: Words that are no secret: the language's own.

    @return: Lines without line feed; a line that cannot be read stays as it is.
    """
    variables = Variables(environment)
    variables.file = name
    known = frozenset(public)
    for number, line in enumerate(text.splitlines(), 1):
        variables.line = number
        try:
            words = tokenize(line, variables.lookup).words
        except LexError:
            words = line.split()
        if not words:
            continue
        front = f"{number}\t" if options.numbers else ""
        shown = [words[0], *(_shown(word, options.key, known) for word in words[1:])]
        indent = "" if words[0] in KINDS or words[0].startswith(".") else "    "
        yield f"{front}{indent}{' '.join(_quoted(word) for word in shown)}"


def _shown(word: str, key: str, public: frozenset[str]) -> str:
    if not key or word in public or _PLAIN.fullmatch(word):
        return word
    call = _CALL.fullmatch(word)
    if call is not None and call[1] in public:
        return f"{call[1]}({_shown(call[2], key, public)}){call[3]}"
    digest = hashlib.blake2s(word.encode("utf-8", "surrogateescape"), key=key.encode()[:32])
    return digest.hexdigest()[:8].upper()


def _quoted(word: str) -> str:
    return re.sub(r"([ \\#'\"])", r"\\\1", word) if word else "''"
