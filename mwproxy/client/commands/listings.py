"""
C{mwproxyctl proc}, C{stat}, C{info}, C{sess} and C{servers}: what there is, for people or as JSON.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from mwproxy.client.command import (
    DONE,
    FAILED,
    UNREACHABLE,
    ClientCommand,
    client_commands,
    complain,
    open_console,
)
from mwproxy.client.console import Console
from mwproxy.client.formats.known import reader
from mwproxy.client.formats.words import Unreadable
from mwproxy.client.output import Sink, show_json, show_table

_STAT_COLUMNS = (
    ("proxy", "pxname"),
    ("name", "svname"),
    ("status", "status"),
    ("weight", "weight"),
    ("queue", "qcur"),
    ("sessions", "scur"),
    ("max", "smax"),
    ("limit", "slim"),
    ("rate/s", "rate"),
    ("total", "stot"),
    ("bytes in", "bin"),
    ("bytes out", "bout"),
    ("last check", "check_status"),
)
_SESS_COLUMNS = ("id", "proto", "src", "fe", "be", "srv", "age", "exp")
_SERVER_COLUMNS = (
    ("backend", "be_name"),
    ("server", "srv_name"),
    ("address", "srv_addr"),
    ("port", "srv_port"),
    ("state", "srv_op_state"),
    ("admin", "srv_admin_state"),
    ("weight", "srv_uweight"),
    ("since/s", "srv_time_since_last_change"),
)
_OPERATING = {0: "stopped", 1: "starting", 2: "running", 3: "stopping"}


def prefix(console: Console, worker: int) -> str:
    """
    Tell how a worker is addressed.

    @param console: A master's or a worker's own.

    @param worker: Its relative number.

    @return: What to put before the command, empty at a worker's console.
    """
    return f"@{worker} " if console.master else ""


def read_listing(console: Console, command: str) -> Any:
    """
    Ask for a listing and read it.

    @param console: Whom to ask.

    @param command: What.

    @return: Its values; L{None} when the console refuses, which has been said then.

    @raise Unreadable: The answer makes no sense.
    """
    answer = console.ask(command)
    if answer.refused:
        sink = Sink(sys.stderr)
        sink.write(answer.text.encode())
        sink.end()
        return None
    read = reader(command)
    assert read is not None  # the commands of this file have one
    return read(answer.text)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _worker_arguments(parser: argparse.ArgumentParser) -> None:
    _arguments(parser)
    parser.add_argument(
        "-w",
        "--worker",
        type=int,
        default=1,
        metavar="NUMBER",
        help="which worker, where a master has several (default 1)",
    )


def _filter_arguments(parser: argparse.ArgumentParser) -> None:
    _worker_arguments(parser)
    parser.add_argument("words", nargs="*", default=[], metavar="argument", help="as of 'show ...'")


def _listing(
    command: str, show: Callable[[Any], None], *, of_master: bool = False
) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        with open_console(options) as console:
            before = "" if of_master else prefix(console, options.worker)
            words = [] if of_master else options.words
            asked = " ".join([f"{before}{command}", *words])
            try:
                found = read_listing(console, asked)
            except Unreadable as error:
                complain(f"the answer to '{asked}' makes no sense: {error}")
                return UNREACHABLE
        if found is None:
            return FAILED
        (show_json if options.json else show)(found)
        return DONE

    return run


def show_proc(rows: list[dict[str, Any]]) -> None:
    """
    Show processes.

    @param rows: As read.
    """
    table: list[list[object]] = [["pid", "type", "name", "reloads", "failed", "uptime", "version"]]
    for row in rows:
        kind = f"old {row['type']}" if row["old"] else row["type"]
        name = row["name"] or row["relative"]
        cells = [row[each] for each in ("reloads", "failed", "uptime", "version")]
        cells[2] = age(row["uptime"])
        table.append([row["pid"], kind, name, *cells])
    show_table(table, frozenset({0, 3, 4, 5}))


def age(seconds: int) -> str:
    """
    Write a duration for people.

    @param seconds: It.

    @return: Such as C{3d2h} or C{5m10s}.
    """
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{seconds:02}s" if minutes else f"{seconds}s"


def _show_stat(rows: list[dict[str, Any]]) -> None:
    table: list[list[object]] = [[title for title, _ in _STAT_COLUMNS]]
    table += [[row.get(name) for _, name in _STAT_COLUMNS] for row in rows]
    show_table(table, frozenset(range(3, 12)))


def _show_info(found: dict[str, Any]) -> None:
    show_table([["name", "value"], *found.items()])


def _show_sess(rows: list[dict[str, Any]]) -> None:
    show_table([_SESS_COLUMNS, *([row.get(name) for name in _SESS_COLUMNS] for row in rows)])


def _show_servers(rows: list[dict[str, Any]]) -> None:
    table: list[list[object]] = [[title for title, _ in _SERVER_COLUMNS]]
    for row in rows:
        cells: list[object] = [row.get(name) for _, name in _SERVER_COLUMNS]
        cells[4] = _OPERATING.get(row.get("srv_op_state", -1), cells[4])
        cells[5] = administered(cells[5])
        table.append(cells)
    show_table(table, frozenset({3, 6, 7}))


def administered(bits: object) -> str:
    """
    Say what operators or configuration want of a server.

    @param bits: C{srv_admin_state}.

    @return: C{ready}, C{maint} or C{drain}.
    """
    if not isinstance(bits, int):
        return str(bits)
    if bits & 0x23:
        return "maint"
    return "drain" if bits & 0x18 else "ready"


def _register(
    name: str,
    text: str,
    arguments: Callable[[argparse.ArgumentParser], None],
    run: Callable[[argparse.Namespace], int],
) -> None:
    client_commands.register(name, ClientCommand(text, arguments, run))


_register(
    "proc",
    "list master, workers and programs",
    _arguments,
    _listing("show proc", show_proc, of_master=True),
)
_register(
    "stat",
    "list proxies and servers with their figures",
    _filter_arguments,
    _listing("show stat", _show_stat),
)
_register(
    "info", "list the figures of a worker", _filter_arguments, _listing("show info", _show_info)
)
_register("sess", "list sessions", _filter_arguments, _listing("show sess", _show_sess))
_register(
    "servers",
    "list servers and their state",
    _filter_arguments,
    _listing("show servers state", _show_servers),
)
