"""
Console commands about generations: C{show generations}, their differences, C{rollback}. All of them
are mwproxy's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.generations_view import GenerationRow, NotKept
from mwproxy.console.master_commands.reload import answer_reload, asked_by
from mwproxy.console.master_view import MasterView
from mwproxy.console.text_diff import diff_files
from mwproxy.core.families import command

_WIDTHS = (15, 20, 15, 12, 5, 15)
_HEAD = ("#<generation>", "<time>", "<what>", "<result>", "<kept>", "<workers>", "<by>")
#: Names the files as they are now.
PRESENT = "files"


@command("show generations", on="master", level="operator", usage="show generations [json]",
         text="show what was loaded, newest first [mwproxy]", changes=False)  # fmt: skip
def cmd_show_generations(invocation: Invocation) -> str:
    """
    Show the loads: when, by whom, which files, how each ended and why, which workers have it, and
    whether it can be loaded again.

    @param invocation: The command.

    @return: A table, or JSON.

    @raise CommandError: There is any other argument than C{json}.
    """
    view: MasterView = invocation.subject
    rows = view.generations.rows()
    if invocation.args == ["json"]:
        return json.dumps([_as_json(row) for row in rows], separators=(",", ":")) + "\n"
    if invocation.args:
        raise CommandError(
            "'show generations' only supports 'json' and 'diff [<old> [<new>|files]]' as argument"
        )
    lines = [_line(_HEAD)]
    for row in rows:
        lines += _lines(row)
    return "".join(f"{line}\n" for line in lines)


@command("diff", on="master", level="admin", usage="diff [<old> [<new>|files]]",
         text="the same as 'show generations diff' [mwproxy]", changes=False)  # fmt: skip
@command("show generations diff", on="master", level="admin",
         usage="show generations diff [<old> [<new>|files]]",
         text="show how configurations differ [mwproxy]", changes=False)  # fmt: skip
def cmd_show_generations_diff(invocation: Invocation) -> Iterator[str]:
    """
    Compare the texts of two generations: the one before with what serves, a number with what
    serves, two numbers, or a number with the files as they are now. It needs level admin, since the
    text may hold passwords.

    @param invocation: The command.

    @return: Unified differences.

    @raise CommandError: A text is not kept, or an argument is no number.
    """
    view: MasterView = invocation.subject
    generations, args = view.generations, invocation.args
    if len(args) > 2:
        raise CommandError(_EXPECTED)
    serving = next((row.number for row in generations.rows() if row.result == "serving"), 0)
    try:
        old = _number(args[0]) if args else generations.before(serving)
        word = args[1] if len(args) > 1 else str(serving)
        if word == PRESENT:
            after, mark = generations.present_text(), ""
        else:
            after, mark = generations.text(_number(word)), _mark(_number(word))
        return diff_files(generations.text(old), after, _mark(old), mark)
    except NotKept as error:
        raise CommandError(str(error)) from None


_EXPECTED = (
    "'show generations diff' expects at most two numbers of generations, or a number and 'files'"
)


@command("rollback", on="master", level="operator", usage="rollback <generation>",
         text="load a former configuration again [mwproxy]", changes=True)  # fmt: skip
async def cmd_rollback(invocation: Invocation) -> str:
    """
    Load the text of a former generation again, just as it was accepted; answered like C{reload}.
    Files stay as they are, and what the text refers to (maps, error pages, certificates) is read as
    it is now.

    @param invocation: The command.

    @return: How it ended.

    @raise CommandError: There is no such text.
    """
    view: MasterView = invocation.subject
    if len(invocation.args) != 1:
        raise CommandError(
            "'rollback' expects the number of a kept generation, see 'show generations'"
        )
    try:
        reload = view.generations.rollback(
            _number(invocation.args[0]), by=asked_by(invocation.state), progress=invocation.tell
        )
    except NotKept as error:
        raise CommandError(str(error)) from None
    return await answer_reload(invocation.state, reload)


def _number(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 10 and int(word)):
        raise CommandError(f"'{word}' is not the number of a generation, see 'show generations'")
    return int(word)


def _mark(number: int) -> str:
    return f" (generation {number})"


def _line(words: tuple[str, ...]) -> str:
    *first, last = words
    cells = [f"{word:<{width}}" for word, width in zip(first, _WIDTHS, strict=True)]
    return f"{' '.join(cells)} {last}".rstrip()


def _lines(row: GenerationRow) -> Iterator[str]:
    pids = ",".join(str(pid) for pid in row.pids) or "-"
    kept = "yes" if row.kept else "no"
    yield _line((str(row.number), _time(row), row.what, row.result, kept, pids, row.by or "-"))
    for name, size in row.files:
        yield f"  file: {name}" + (f" ({size} bytes)" if size is not None else "")
    if row.back_to:
        yield f"  on trial: goes back to {row.back_to} in {row.left:.0f}s unless confirmed"
    for line in row.why:
        yield f"  why: {line}"


def _time(row: GenerationRow) -> str:
    if not row.when:
        return "-"
    return datetime.fromtimestamp(row.when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _as_json(row: GenerationRow) -> dict[str, object]:
    trial = {"back_to": row.back_to, "seconds": round(row.left, 3)} if row.back_to else None
    return {
        "generation": row.number,
        "time": round(row.when, 3),
        "what": row.what,
        "result": row.result,
        "kept": row.kept,
        "workers": row.pids,
        "by": row.by,
        "files": [{"name": name, "bytes": size} for name, size in row.files],
        "trial": trial,
        "why": row.why,
    }
