"""
What the live view looks like: drawn with C{rich} (extra C{top}).
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mwproxy.client.commands.listings import age
from mwproxy.client.formats.words import Row
from mwproxy.client.terminal import neutral
from mwproxy.client.top.figures import Line, short
from mwproxy.client.top.sample import Sample
from mwproxy.client.top.view import COLUMNS, HELP, View

#: Lines of processes at most, and lines that are neither these nor rows.
MOST_PROCESSES = 5
_AROUND = 4
_LEFT = frozenset({"proxy", "name", "status", "check"})
_TEXTS = frozenset({"proxy", "name", "status", "check"})
_GOOD = ("UP", "OPEN", "no check")
_BETWEEN = ("DRAIN", "MAINT", "NOLB", "PAUSED", "FULL", "UP 1", "UP 2", "UP 3")


def draw(
    view: View, address: str, sample: Sample | None, lines: list[Line], trouble: str, height: int
) -> RenderableType:
    """
    Draw the screen.

    @param view: What is wanted; its page is set to what fits.

    @param address: The console.

    @param sample: The last look, L{None} before the first one.

    @param lines: All rows.

    @param trouble: Why there is no newer look, empty when there is one.

    @param height: Lines of the terminal; 0 for all rows, of which none is selected.

    @return: Something for rich.
    """
    if view.help:
        return Group(_title(view, address), Text(), _help())
    parts: list[RenderableType] = [_title(view, address)]
    used = _AROUND
    if sample is not None:
        parts.append(_summary(sample, lines))
        processes = _processes(sample)
        used += len(processes)
        parts += processes
    parts.append(Text())
    if not height:
        view.page = len(lines)
        parts.append(_table(view, view.arrange(lines), -1))
        return Group(*parts)
    view.page = max(1, height - used - 1)
    shown = view.arrange(lines)
    parts.append(_table(view, shown, view.selected))
    parts += [Text()] * (view.page - min(view.page, len(shown)))
    parts.append(_footer(view, trouble, len(shown), len(lines)))
    return Group(*parts)


def _title(view: View, address: str) -> Text:
    text = Text("mwproxyctl top", style="bold", no_wrap=True, overflow="ellipsis")
    text.append(f"  {neutral(address)}  every {view.interval:g} s", style="not bold")
    if view.paused:
        text.append("  PAUSED", style="bold yellow")
    return text


def _summary(sample: Sample, lines: list[Line]) -> Text:
    info = sample.info
    text = _cell(f"{info.get('Name')} {info.get('Version')}")
    if info.get("node"):
        text.append(neutral(f" on {info.get('node')}"))
    if sample.generation:
        text.append(f"  generation {sample.generation}")
    master = next((row for row in sample.processes if row["type"] == "master"), None)
    if master is not None:
        text.append(f"  {master['reloads']} reloads")
        failed = master["failed"]
        text.append(f" ({failed} failed)", style="red" if failed else "")
    requests = [line.rate for line in lines if line.kind == "frontend"]
    told = {name: info.get(name) for name in ("CurrConns", "Maxconn", "ConnRate", "Idle_pct")}
    conns, most, rate, idle = ("-" if each is None else each for each in told.values())
    text.append(neutral(f"  {conns}/{most} connections"), style="bold")
    text.append(f"  {short(sum(each or 0 for each in requests))} req/s", style="bold")
    text.append(neutral(f"  {rate} conn/s  idle {idle}%"))
    if info.get("Stopping"):
        text.append("  STOPPING", style="bold red")
    return text


def _processes(sample: Sample) -> list[Text]:
    found = []
    for row in sample.processes[: MOST_PROCESSES + 1]:
        text = _cell(f"  {_kind(row, sample):<12} {row['pid'] or '-':>8}  up {_age(row):<7}")
        text.append(neutral(f" {row['version'] or ''}"))
        count = sample.connections.get(row["pid"] if isinstance(row["pid"], int) else 0)
        if count is not None:
            text.append(f"  draining {count} connection{'' if count == 1 else 's'}")
        if row["old"]:
            text.stylize("yellow")
        found.append(text)
    more = len(sample.processes) - len(found)
    if more > 0:
        found[-1] = _cell(f"  and {more + 1} more")
    return found


def _kind(row: Row, sample: Sample) -> str:
    if row["type"] == "program":
        return neutral(str(row["name"]))[:12]
    kind = f"old {row['type']}" if row["old"] else str(row["type"])
    if row["relative"] is not None:
        kind += f" {row['relative']}"
    return f"{kind} *" if row["pid"] == sample.worker and row["relative"] is not None else kind


def _age(row: Row) -> str:
    uptime = row["uptime"]
    return age(uptime) if isinstance(uptime, int) else "?"


def _table(view: View, shown: list[Line], selected: int) -> Table:
    table = Table(box=None, pad_edge=False, expand=True, header_style="reverse", padding=(0, 1))
    for index, (title, attribute) in enumerate(COLUMNS):
        mark = (" v" if view.reverse else " ^") if view.column == index else ""
        table.add_column(
            Text(title + mark),
            justify="left" if attribute in _LEFT else "right",
            no_wrap=True,
            overflow="ellipsis",
            ratio=3 if attribute in ("proxy", "name") else None,
            min_width=6 if attribute in ("proxy", "name") else None,
        )
    first = max(0, min(view.selected - view.page // 2, len(shown) - view.page))
    for index, line in enumerate(shown[first : first + view.page], first):
        table.add_row(
            *(_figure(line, attribute) for _, attribute in COLUMNS),
            style="reverse" if index == selected else _weight(line),
        )
    return table


def _figure(line: Line, attribute: str) -> Text:
    value = getattr(line, attribute)
    if attribute == "status":
        return Text(neutral(value), style=_color(value), no_wrap=True, overflow="ellipsis")
    return _cell(value if attribute in _TEXTS else short(value))


def _cell(text: str) -> Text:
    return Text(neutral(text), no_wrap=True, overflow="ellipsis")


def _color(status: str) -> str:
    if status.startswith(_BETWEEN):
        return "yellow"
    return "green" if status.startswith(_GOOD) else "red"


def _weight(line: Line) -> str:
    return "bold" if line.kind in ("frontend", "backend") else ""


def _footer(view: View, trouble: str, shown: int, total: int) -> Text:
    if view.question is not None:
        server, state = view.question
        return Text(f"set {neutral(server)} to {state}? y: yes, any other key: no", style="bold")
    if view.typing:
        return Text(f"show only: {neutral(view.wanted)}_", style="bold")
    if trouble:
        return Text(neutral(trouble), style="bold red", no_wrap=True, overflow="ellipsis")
    if view.message:
        return _cell(view.message)
    text = _cell("h: help  q: leave  d m e: drain, maint, ready")
    if view.wanted:
        text.append(neutral(f"  showing '{view.wanted}': {shown} of {total}"), style="bold")
    return text


def _help() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for keys, meaning in HELP:
        table.add_row(Text(keys, style="bold"), Text(meaning))
    return table
