"""
C{mwproxyctl reload}: reload, and tell by the exit status how it ended.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from mwproxy.client.command import (
    DONE,
    FAILED,
    UNREACHABLE,
    ClientCommand,
    client_commands,
    positive_seconds,
)
from mwproxy.client.connection import Connection, Unreachable

#: Seconds that a reload may take: longer than a master lets its workers load, and those
#: of a reload that is under way already.
TIMEOUT = 150.0
NO_ANSWER = (
    "the console hung up without saying how the reload ended: did the master end?"
    " (HAProxy before 2.7 never says it.)"
)
NO_SENSE = "this is no answer to 'reload': is it the console of a master?"
#: How a console says that it will not: the level is too low, or it is not a master's.
REFUSALS = ("Permission denied", "Unknown command")
#: Lines of something that is no answer.
MOST_SHOWN = 5


def judge(lines: Iterable[str]) -> tuple[int, list[str]]:
    """
    Read the answer of C{reload}.

    @param lines: The answer.

    @return: The exit status, and what to show: on failure the messages of the start-up log, or
        what stands in place of an answer.
    """
    answer = [line for line in lines if line.strip()]
    if not answer:
        return UNREACHABLE, [NO_ANSWER]
    verdict, *log = answer
    if verdict == "Success=1":
        return DONE, []
    if verdict == "Success=0":
        return FAILED, [line for line in log if line != "--"]
    if verdict.startswith(REFUSALS):
        return FAILED, answer
    return UNREACHABLE, [NO_SENSE, *answer[:MOST_SHOWN]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the options.
    """
    parser.add_argument("--hard", action="store_true", help="end old workers at once (hard-reload)")
    parser.add_argument(
        "--timeout",
        type=positive_seconds,
        default=TIMEOUT,
        metavar="SECONDS",
        help=f"give up waiting, not the reload itself, after this time (default {TIMEOUT:g})",
    )


def run(options: argparse.Namespace) -> int:
    """
    Reload.

    @param options: The command line.

    @return: The exit status.
    """
    try:
        with Connection(options.socket, options.timeout) as console:
            console.send("hard-reload" if options.hard else "reload")
            status, shown = judge(console.lines())
    except Unreachable as error:
        status, shown = UNREACHABLE, [str(error)]
    if status == UNREACHABLE:
        shown = [f"mwproxyctl: {line}" for line in shown]
    for line in shown:
        print(line, file=sys.stderr)
    return status


client_commands.register(
    "reload", ClientCommand("reload the configuration, and wait for its end", add_arguments, run)
)
