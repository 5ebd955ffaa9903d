"""
C{mwproxyctl reload}: reload, and tell by the exit status how it ended.
"""

from __future__ import annotations

import argparse
import select
import sys
import time
from collections.abc import Callable, Iterable

from mwproxy.client.command import (
    DONE,
    FAILED,
    LINGERING,
    UNREACHABLE,
    ClientCommand,
    client_commands,
    complain,
    open_console,
    positive_seconds,
)
from mwproxy.client.connection import Unreachable
from mwproxy.client.console import Answer, Console
from mwproxy.client.formats.info import read_info
from mwproxy.client.formats.proc import read_proc
from mwproxy.client.formats.words import Unreadable
from mwproxy.client.raw import ask
from mwproxy.client.terminal import neutral

#: Seconds that a reload may take: longer than a master lets its workers load, and those
#: of a reload that is under way already.
TIMEOUT = 150.0
NO_ANSWER = (
    "the console hung up without saying how the reload ended: did the master end?"
    " (HAProxy before 2.7 never says it.)"
)
NO_SENSE = "this is no answer to 'reload': is it the console of a master?"
BRIEF = "The reload failed: the messages above tell why."
#: How an answer begins that tells the outcome.
_OUTCOMES = ("Success=0", "Success=1")
#: Ends the trial of a reload; no reload itself.
CONFIRMED = "confirmed"
#: Lines of something that is no answer.
MOST_SHOWN = 5
#: Seconds between looks at old workers: at first, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0


def judge(lines: Iterable[str], refused: bool = False) -> tuple[int, list[str]]:
    """
    Read the answer of C{reload}.

    @param lines: The answer; what stands before the outcome is progress and does not count.

    @param refused: Whether the console refused the command.

    @return: The exit status, and what to show: on failure the messages of the start-up log, or
        what stands in place of an answer.
    """
    answer = [line for line in lines if line.strip()]
    if not answer:
        return UNREACHABLE, [NO_ANSWER]
    found = [index for index, line in enumerate(answer) if line in _OUTCOMES]
    if refused and not found:
        return FAILED, answer
    if not found:
        return UNREACHABLE, [NO_SENSE, *answer[:MOST_SHOWN]]
    verdict, *log = answer[found[0] :]
    if verdict == "Success=1":
        return DONE, []
    return FAILED, [line for line in log if line != "--"]


class Progress:
    """
    What is told while it goes on: on standard error, each fact once.
    """

    def __init__(self, wanted: bool) -> None:
        """
        @param wanted: Whether anything is told.
        """
        self._wanted = wanted
        self._last = ""

    def tell(self, text: str) -> None:
        """
        Tell a fact, unless it is the last one.
        """
        if self._wanted and text and text != self._last:
            print(neutral(text), file=sys.stderr, flush=True)
        self._last = text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the options.
    """
    add = parser.add_argument
    add("--hard", action="store_true", default=False, help="end old workers at once (hard-reload)")
    add(
        "--wait",
        action="store_true",
        default=False,
        help="wait until the old workers are gone, too",
    )
    add(
        "--timeout",
        type=positive_seconds,
        metavar="SECONDS",
        help="give up waiting, not the reload itself, after this time"
        f" (default {TIMEOUT:g}; with --wait for both together)",
    )
    add(
        "--progress",
        action="store_true",
        default=sys.stderr.isatty(),
        help="tell what goes on, also when standard error is no terminal",
    )
    add(
        "--brief",
        action="store_true",
        default=False,
        help="do not repeat the messages of a reload that failed: standard error leads to where"
        " the master's leads, as under a service manager",
    )
    add("words", nargs="*", default=[], metavar="argument", help="as of the console's 'reload'")


def run(options: argparse.Namespace) -> int:
    """
    Reload.

    @param options: The command line.

    @return: The exit status.

    @raise Unreachable: The console cannot be asked.
    """
    progress = Progress(options.progress)
    seconds = options.timeout or TIMEOUT
    end = time.monotonic() + seconds
    with open_console(options, TIMEOUT) as console:
        command = " ".join(["hard-reload" if options.hard else "reload", *options.words])
        if options.words == [CONFIRMED]:
            return ask(console, command)
        progress.tell("loading")
        lines = _heard(console, command, progress)
        status, shown = judge(lines, console.refused)
    if options.brief and "Success=0" in lines:
        shown = [BRIEF]
    for line in shown:
        if status == UNREACHABLE:
            complain(line)
        else:
            print(neutral(line), file=sys.stderr)
    if status != DONE:
        return status
    progress.tell("ready")
    if options.wait:
        return _wait(options, end, seconds, progress)
    return DONE


def _heard(console: Console, command: str, progress: Progress) -> list[str]:
    lines: list[str] = []
    begun = b""
    decided = False
    for piece in console.stream(command):
        *ends, begun = (begun + piece).split(b"\n")
        for each in ends:
            line = each.decode("utf-8", "replace")
            lines.append(line)
            decided = decided or line in _OUTCOMES
            if not decided and not console.refused:
                progress.tell(line.strip().removeprefix("# "))
    return [*lines, begun.decode("utf-8", "replace")]


def _wait(options: argparse.Namespace, end: float, seconds: float, progress: Progress) -> int:
    left = "old workers"
    pause = FIRST_PAUSE
    while time.monotonic() < end:
        try:
            with open_console(options, TIMEOUT) as console:
                while time.monotonic() < end:
                    left = lingering(console.ask)
                    if not left:
                        progress.tell("old workers are gone")
                        return DONE
                    progress.tell(f"draining: {left}")
                    _rest(pause, end)
                    pause = min(2 * pause, LONGEST_PAUSE)
        except Unreachable as error:
            # A master that replaces itself may be away for a moment.
            left = str(error)
            _rest(LONGEST_PAUSE, end)
        except Unreadable as error:
            complain(f"reloaded, but the answer to 'show proc' makes no sense: {error}")
            return UNREACHABLE
    complain(f"reloaded, but after {seconds:g} s there is still {left}")
    return LINGERING


def lingering(ask: Callable[[str], Answer]) -> str:
    """
    Tell which old workers there still are.

    @param ask: Asks the master's console; gives the answer.

    @return: Such as C{3 connections in old worker 4711}, empty when they are gone.

    @raise Unreadable: The master's list makes no sense.
    """
    answer = ask("show proc")
    if answer.refused:
        raise Unreadable(answer.text.strip())
    rows = read_proc(answer.text)
    pids = [row["pid"] for row in rows if row["type"] == "worker" and row["old"]]
    if not pids:
        return ""
    count = 0
    for pid in pids:
        told = ask(f"@!{pid} show info")
        try:
            number = read_info(told.text).get("CurrConns")
        except Unreadable:
            continue
        count += number if isinstance(number, int) else 0
    which = "old worker" if len(pids) == 1 else "old workers"
    plural = "" if count == 1 else "s"
    return f"{count} connection{plural} in {which} {', '.join(map(str, pids))}"


def _rest(seconds: float, end: float) -> None:
    select.select([], [], [], max(0.0, min(seconds, end - time.monotonic())))


client_commands.register(
    "reload", ClientCommand("reload the configuration, and wait for its end", add_arguments, run)
)
