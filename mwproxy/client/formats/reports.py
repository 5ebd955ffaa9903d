"""
Answers that tell rather than list: C{show errors}, C{show generations diff}, and C{@*} before a
command, whose answer is one of several.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mwproxy.client.formats.words import Unreadable

_TOTAL = re.compile(r"Total events captured on \[([^\]]*)\] : (\d+)", re.ASCII)
_EVENT = re.compile(
    r"\[([^\]]*)\] (frontend|backend) (\S+) \(#(-?\d+)\): invalid (request|response)"
)
_WHO = re.compile(
    r"  (frontend|backend) (\S+) \(#-?\d+\), server (\S+) \(#-?\d+\), event #(\d+), src (\S+)"
)
_POSITION = re.compile(r"  len (\d+), wraps at \d+, error at position (\d+)", re.ASCII)
_DATA = re.compile(r"  \d{5}([ +]) (.*)", re.ASCII)
_ESCAPE = re.compile(r"\\(x[0-9A-F]{2}|.)", re.DOTALL)
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "e": "\x1b", "\\": "\\"}
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.ASCII)
#: What stands in place of an answer, or at the end of one that was cut short.
_PROBLEMS = ("# gone without an answer", "# Can't connect to the target CLI!")
_LABEL = re.compile(r"# (\d+) \((\d+)\)", re.ASCII)


def read_errors(text: str) -> dict[str, Any]:
    """
    Read the invalid messages of C{show errors}.

    @return: C{at} and C{total}, and C{events}: for each C{time}, C{kind} (C{request} or
        C{response}), C{frontend}, C{backend}, C{server} (L{None} for none), C{event}, C{src},
        C{length}, C{position} of the error, C{reason}, and the C{data} as text, a character for
        each byte.

    @raise Unreadable: It is something else.
    """
    lines = text.splitlines()
    total = _TOTAL.fullmatch(lines[0]) if lines else None
    if total is None:
        raise Unreadable("it does not begin with 'Total events captured'")
    events: list[dict[str, Any]] = []
    for line in lines[1:]:
        if found := _EVENT.match(line):
            time, side, name, _number, kind = found.groups()
            events.append({"time": time, "kind": kind, side: name, "reason": "", "data": ""})
        elif events:
            _continue(events[-1], line)
        elif line.strip():
            raise Unreadable(f"'{line[:60]}' is no captured message")
    return {"at": total[1], "total": int(total[2]), "events": events}


def _continue(event: dict[str, Any], line: str) -> None:
    if found := _DATA.fullmatch(line):
        event["data"] += _ESCAPE.sub(_unescaped, found[2])
    elif found := _WHO.match(line):
        side, name, server, number, source = found.groups()
        event |= {side: _named(name), "server": _named(server)}
        event |= {"event": int(number), "src": source}
    elif found := _POSITION.match(line):
        event |= {"length": int(found[1]), "position": int(found[2])}
    elif line.startswith("  ") and line.strip() and not line.startswith("  buffer starts"):
        event["reason"] = (event["reason"] + " " + line.strip().removesuffix(" :")).strip()


def _named(name: str) -> str | None:
    return None if name == "<NONE>" else name


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if len(code) == 3 else _LETTERS.get(code, code)


def read_diff(text: str) -> list[dict[str, Any]]:
    """
    Read unified differences.

    @return: For each file C{old} and C{new}, its names, and C{hunks}: C{old_line}, C{new_line}, and
        C{lines} with the sign that each has before it.

    @raise Unreadable: It is something else.
    """
    files: list[dict[str, Any]] = []
    left = [0, 0]
    for line in text.split("\n"):
        if any(left):
            files[-1]["hunks"][-1]["lines"].append(line)
            left = [left[0] - (line[:1] in " -"), left[1] - (line[:1] in " +")]
        elif line.startswith("--- "):
            files.append({"old": line[4:], "new": "", "hunks": []})
        elif line.startswith("+++ ") and files and not files[-1]["hunks"]:
            files[-1]["new"] = line[4:]
        elif (found := _HUNK.match(line)) and files:
            left = [int(found[2] or 1), int(found[4] or 1)]
            files[-1]["hunks"].append(
                {"old_line": int(found[1]), "new_line": int(found[3]), "lines": []}
            )
        elif line.startswith("\\") and files and files[-1]["hunks"]:
            files[-1]["hunks"][-1]["lines"].append(line)
        elif line.strip():
            raise Unreadable(f"'{line[:60]}' is no difference")
    return files


def of_all(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """
    Make a reader of what C{@*} answers from that of a single answer.

    @return: Gives for each worker C{worker}, C{pid} and C{answer}, or C{error} where there is none.
    """

    def read_all(text: str) -> list[dict[str, Any]]:
        answers: list[tuple[dict[str, Any], list[str]]] = []
        for line in re.findall(r"[^\n]*\n|[^\n]+", text):
            if found := _LABEL.fullmatch(line.rstrip("\n")):
                row = {"worker": int(found[1]), "pid": int(found[2])}
                answers.append((row, []))
            elif answers:
                answers[-1][1].append(line)
            elif line.strip():
                raise Unreadable(f"'{line[:60].rstrip()}' is of no worker")
        return [row | _one(read, lines) for row, lines in answers]

    return read_all


def _one(read: Callable[[str], Any], lines: list[str]) -> dict[str, Any]:
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    if last in _PROBLEMS or last.startswith("# no answer within"):
        return {"error": last.removeprefix("# ")}
    text = "".join(lines)
    try:
        return {"answer": read(text)}
    except Unreadable:
        # A refusal, in the words of that worker.
        return {"error": text.strip()}
