"""
Which process a target prefix of the master's console means.
"""

from __future__ import annotations

from mwproxy.console.master_view import ProcessRow
from mwproxy.protocols.cli_lines import Target


def resolve(rows: list[ProcessRow], target: Target) -> int | None:
    """
    Find the worker that a prefix means: of those with its relative number the current one, else
    the old one with the fewest reloads. Workers that are still starting are not considered.

    @param rows: The processes.

    @param target: The prefix; not the master's.

    @return: The worker's pid, L{None} when there is none.
    """
    workers = [row for row in rows if row.kind == "worker" and not row.starting]
    if target.kind == "pid":
        return next((row.pid for row in workers if row.pid == target.number), None)
    if target.kind != "worker":
        return None
    same = [row for row in workers if row.relative == target.number]
    same.sort(key=lambda row: (row.old, row.reloads))
    return same[0].pid if same else None


def not_found(target: Target) -> str:
    """
    Say that a prefix means nobody.

    @param target: The prefix.

    @return: The message.
    """
    return f"Can't find the target PID matching the prefix '{target.word}'"
