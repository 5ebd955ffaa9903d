"""
What an agent says (configuration manual 5.2, C{agent-check}): one line of words.

Rules. Words are separated by blanks, tabs and commas, and may come in any order; of words about the
same thing the last one counts. A C{#} begins a description that goes on to the end of the line. An
unknown word harms nothing but itself. HAProxy knows C{fail}, not C{failed} as older manuals have
it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BETWEEN = re.compile(r"[ \t,]+")
_END = re.compile(rb"[\r\n]")
_ODD = re.compile(r"[^ -~]")

#: Words about the administrative state.
MODES = frozenset({"ready", "drain", "maint"})
#: Words that take the server down, which is also reported in these words.
DOWN = frozenset({"down", "stopped", "fail"})


@dataclass(frozen=True, slots=True)
class Advice:
    """
    One line of an agent.

    @ivar mode: C{ready}, C{drain} or C{maint}; empty to leave the administrative state.

    @ivar verdict: C{up} or one of L{DOWN} as the agent wrote it; empty for nothing.

    @ivar weight: Such as C{75%}; empty to leave it.

    @ivar maxconn: What stood behind C{maxconn:}, L{None} without that.

    @ivar remark: The description; may be empty.

    @ivar unknown: The first word that means nothing; may be empty.
    """

    mode: str = ""
    verdict: str = ""
    weight: str = ""
    maxconn: str | None = None
    remark: str = ""
    unknown: str = ""

    @property
    def up(self) -> bool:
        """
        Whether the verdict, if there is one, is in favor of the server.
        """
        return self.verdict.lower() == "up"


def line_of(data: bytes) -> str | None:
    """
    Find the line in what an agent has sent so far.

    @param data: All of it.

    @return: The line without its end, what is not printable masked; L{None} while there is none.
    """
    end = _END.search(data)
    if end is None:
        return None
    return _ODD.sub(
        lambda odd: odd[0] if odd[0] == "\t" else "?", data[: end.start()].decode("latin-1")
    )


def parse(line: str) -> Advice:
    """
    Understand what an agent says.

    @param line: Its line.

    @return: What it asks for.
    """
    mode = verdict = weight = remark = unknown = ""
    maxconn: str | None = None
    position = 0
    while position < len(line):
        between = _BETWEEN.match(line, position)
        if between is not None:
            position = between.end()
            continue
        if line[position] == "#":
            remark = line[position + 1 :].strip()
            break
        following = _BETWEEN.search(line, position)
        end = following.start() if following is not None else len(line)
        word = line[position:end]
        position = end
        lower = word.lower()
        if lower in MODES:
            mode = lower
        elif lower == "up" or lower in DOWN:
            verdict = word
        elif lower.startswith("maxconn:"):
            maxconn = word[len("maxconn:") :]
        elif word[0].isdigit() and "%" in word:
            weight = word
        elif not unknown:
            unknown = word
    return Advice(mode, verdict, weight, maxconn, remark, unknown)
