"""
Console commands C{show stat}, C{show schema json} and C{clear counters}.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command
from mwproxy.core.levels import Level
from mwproxy.core.registry import UnknownName
from mwproxy.live.proxies import WorkerState
from mwproxy.observe import csv, json, stat, typed
from mwproxy.observe.rows import Writers

_FORMATS = ("typed", "json")
_RESOLVER_COLUMNS = (
    "id pid sent send_error valid update cname cname_error any_err nx timeout refused other "
    "invalid too_big truncated outdated"
)
_RESOLVERS = _RESOLVER_COLUMNS.split()


@command("show stat", on="worker", changes=False,
         usage="show stat [{<iid>|<px>} <type> <sid>] [desc|json|no-maint|typed|up]*",
         text="show the figures of proxies and servers")  # fmt: skip
def cmd_show_stat(invocation: Invocation) -> Iterator[str]:
    """
    Show figures as CSV, typed lines or JSON.

    @param invocation: The command.

    @return: The pieces of the answer.

    @raise CommandError: There is no such domain or proxy.
    """
    words = list(invocation.args)
    if words[:1] == ["domain"]:
        if words[1:2] not in (["proxy"], ["resolvers"]):
            raise CommandError("Invalid statistics domain.")
        if words[1] == "resolvers":
            return _no_resolvers(words)
        del words[:2]
    proxy, mask, number = "", -1, -1
    if len(words) >= 3 and _number(words[1]) is not None and _number(words[2]) is not None:
        proxy, mask, number = words[0], int(words[1]), int(words[2])
        del words[:3]
    selection = stat.Selection(
        proxy,
        mask,
        number,
        only_up="up" in words,
        no_maint="no-maint" in words,
        detailed=invocation.level >= Level.OPERATOR,
    )
    worker: WorkerState = invocation.subject
    try:
        proxies = stat.selected_proxies(worker, selection)
    except UnknownName:
        raise CommandError("No such proxy.") from None
    fields = stat.columns()
    rows = stat.rows(worker, proxies, selection)
    chosen = next((word for word in words if word in _FORMATS), "csv")
    explain = "desc" in words
    if chosen == "typed":
        return _lines("", Writers(fields, typed.shape(worker.process, explain=explain)), rows)
    if chosen == "json":
        shape = json.shape(worker.process, stat.NAMES, explain=explain)
        return _array(Writers(fields, shape), rows)
    return _lines(csv.header(fields), Writers(fields, csv.SHAPE), rows)


def _no_resolvers(words: list[str]) -> Iterator[str]:
    if "json" in words:
        yield "[]\n"
    elif "typed" not in words:
        yield f"# {','.join(_RESOLVERS)},\n"


def _number(word: str) -> int | None:
    return int(word) if word.removeprefix("-").isdecimal() and word.isascii() else None


def _lines(head: str, writers: Writers, rows: Iterator[stat.Row]) -> Iterator[str]:
    if head:
        yield head
    yield from writers.write_all(rows)


def _array(writers: Writers, rows: Iterator[stat.Row]) -> Iterator[str]:
    yield from json.array(map(writers.write, rows))
    yield "\n"


@command("show schema json", on="worker", changes=False, text="show the schema of answers in JSON")
def cmd_show_schema_json(invocation: Invocation) -> str:
    """
    Describe the JSON that other commands write.

    @param invocation: The command.

    @return: A JSON schema.
    """
    return json.text(json.schema()) + "\n"


@command("clear counters", on="worker", level="operator", usage="clear counters [all]",
         changes=True, text="clear maxima, or all counters")  # fmt: skip
def cmd_clear_counters(invocation: Invocation) -> None:
    """
    Begin to count anew.

    @param invocation: The command; C{all} needs level admin.

    @raise CommandError: The level does not suffice.
    """
    everything = invocation.argument(0) == "all"
    if everything:
        invocation.need(Level.ADMIN)
    worker: WorkerState = invocation.subject
    counted: list[Any] = [worker, *worker.frontends.values(), *worker.backends.values()]
    for frontend in worker.frontends.values():
        counted.extend(each for each in frontend.listeners if hasattr(each, "counters"))
    for backend in worker.backends.values():
        counted.extend(backend.servers)
    for each in counted:
        each.counters.clear(everything)
    if everything:
        for engine in worker.spoe:
            engine.clear()
