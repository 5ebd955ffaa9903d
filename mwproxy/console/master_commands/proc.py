"""
Console command C{show proc}.
"""

from __future__ import annotations

import json

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.master_view import MasterView, ProcessRow
from mwproxy.console.state import age
from mwproxy.core.families import command


def uptime_text(seconds: float) -> str:
    """
    Write an uptime as C{show proc} does.

    @param seconds: It.

    @return: Such as C{0d00h02m15s}.
    """
    days, hours, minutes, rest = age(seconds)
    return f"{days}d{hours:02}h{minutes:02}m{rest:02}s"


def _cells(words: list[str]) -> str:
    return " ".join(f"{word:<15}" for word in words)


def _header(several: bool, debug: bool) -> str:
    words = ["<type>", "<reloads>", "<uptime>", "<version>"]
    if several:
        words.insert(1, "<relative PID>")
    text = f"#{'<PID>':<14} {_cells(words)}"
    if debug:
        text += f"\t\t {_cells(['<ipc_fd[0]>', '<ipc_fd[1]>'])}"
    return text + "\n"


def _row(row: ProcessRow, several: bool, debug: bool) -> str:
    reloads = str(row.reloads)
    relative = str(row.relative)
    kind = row.kind
    if kind == "master" and (row.failed or not several):
        reloads = f"{row.reloads} [failed: {row.failed}]"
    if kind == "program":
        kind, relative = row.name, "-"
    elif row.old:
        relative = f"[was: {row.relative}]"
    words = [str(row.pid or "-"), kind, reloads, uptime_text(row.uptime), row.version]
    if several:
        words.insert(2, relative)
    text = _cells(words)
    if debug and row.kind != "program":
        text += f"\t\t {_cells([str(end) for end in row.channel])}"
    return text + "\n"


def _as_json(rows: list[ProcessRow]) -> str:
    parts: dict[str, list[dict[str, object]]] = {
        "workers": [],
        "old_workers": [],
        "programs": [],
        "old_programs": [],
    }
    master: dict[str, object] = {}
    for row in rows:
        found: dict[str, object] = {"pid": row.pid or None}
        if row.kind == "program":
            # One that does not run has a word for that in place of a version.
            found |= {"name": row.name, "state": "running" if row.pid else row.version}
        found |= {"reloads": row.reloads, "uptime": round(row.uptime, 3)}
        if row.kind != "program":
            found["version"] = row.version
        if row.kind == "master":
            master = {**found, "failed": row.failed}
            continue
        if row.kind == "worker":
            found |= {"relative": row.relative, "generation": row.generation}
            found |= {"starting": row.starting, "serving": row.serving}
        parts[("old_" if row.old else "") + row.kind + "s"].append(found)
    return json.dumps({"master": master, **parts}, separators=(",", ":")) + "\n"


@command("show proc", on="master", level="operator", usage="show proc [debug|json]",
         changes=False, text="show the processes")  # fmt: skip
def cmd_show_proc(invocation: Invocation) -> str:
    """
    Show master, workers and programs.

    @param invocation: The command.

    @return: A table; with several workers it has a column for their relative numbers. Or one line
        of JSON, which is mwproxy's own: an object with C{master} and the lists C{workers},
        C{old_workers}, C{programs}, C{old_programs}; times in seconds.

    @raise CommandError: There is any other argument than C{debug} or C{json}.
    """
    view: MasterView = invocation.subject
    rows = view.rows()
    if invocation.argument(0) == "json":
        return _as_json(rows)
    debug = invocation.argument(0) == "debug"
    if invocation.args and not debug:
        raise CommandError("'show proc' only supports 'debug' as argument")
    several = view.nbproc > 1
    parts = [
        ("", [row for row in rows if row.kind == "master"], True),
        ("# workers\n", [row for row in rows if row.kind == "worker" and not row.old], True),
        ("# old workers\n", [row for row in rows if row.kind == "worker" and row.old], False),
        ("# programs\n", [row for row in rows if row.kind == "program" and not row.old], False),
        ("# old programs\n", [row for row in rows if row.kind == "program" and row.old], False),
    ]
    text = _header(several, debug)
    for title, members, always in parts:
        if members or always:
            text += title + "".join(_row(row, several, debug) for row in members)
    return text
