"""
Commands sent as they were typed: from the command line, or line by line from standard input.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterable, Iterator

from mwproxy.client.command import DONE, FAILED, UNREACHABLE, USAGE, complain, open_console
from mwproxy.client.connection import Unreachable
from mwproxy.client.console import Console, payload_tag, split
from mwproxy.client.formats.known import asked, names, reader
from mwproxy.client.formats.words import Unreadable
from mwproxy.client.output import Sink, show_json


class BadInput(Exception):
    """
    What is to be sent makes no sense; the text is the operator's message.
    """


def run_words(options: argparse.Namespace, words: list[str]) -> int:
    """
    Run what stands on the command line.

    @param options: The command line.

    @param words: One word is a line as it would be typed at the console; of several each is a word
        of the command, so blanks in it are protected.

    @return: The exit status.

    @raise Unreachable: The console cannot be asked.
    """
    line = words[0] if len(words) == 1 else " ".join(map(_protected, words))
    return _run(options, commands(iter(line.splitlines()), _input()))


def run_input(options: argparse.Namespace) -> int:
    """
    Run what standard input says.

    @param options: The command line.

    @return: The exit status: of the worst that happened.

    @raise Unreachable: The console cannot be asked.
    """
    return _run(options, commands(_input(), None))


def commands(lines: Iterator[str], payload: Iterable[str] | None) -> Iterator[str]:
    """
    Read commands.

    @param lines: What was typed. A line that ends with C{<<} has its payload on the next ones.

    @param payload: Where a payload is when it is not on the next lines; L{None} if it has to be
        there.

    @return: A command at a time, with its payload and what ends that.

    @raise BadInput: A payload is there that the console would end too early.
    """
    for line in lines:
        typed = line.strip(" \t\r\n")
        if not typed or typed.startswith("#"):
            continue
        each = split(typed)
        tag = payload_tag(each[-1])
        yield from each[:-1] if tag is not None else each
        if tag is not None:
            inside = _payload(lines, tag)
            if not inside and payload is not None:
                inside = _whole(payload, tag)
            yield "\n".join([each[-1], *inside, tag])


def _input() -> Iterator[str]:
    # What is no UTF-8 is the console's to judge.
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    return iter(sys.stdin)


def _payload(lines: Iterator[str], tag: str) -> list[str]:
    inside = []
    for line in lines:
        text = line.rstrip("\r\n")
        if text == tag:
            break
        inside.append(text)
    return inside


def _whole(payload: Iterable[str], tag: str) -> list[str]:
    inside = [line.rstrip("\r\n") for line in payload]
    while inside and inside[-1] in ("", tag):
        inside.pop()
    if tag in inside:
        what = f"the line '{tag}'" if tag else "an empty line"
        raise BadInput(
            f"{what} in the middle of the payload would end it there:"
            " choose another end with <<TAG (at most 7 characters)"
        )
    return inside


def _protected(word: str) -> str:
    return word.replace(" ", "\\ ").replace("\t", "\\\t")


def _run(options: argparse.Namespace, typed: Iterator[str]) -> int:
    status = DONE
    console: Console | None = None
    try:
        for command in typed:
            if options.json and reader(command) is None:
                complain(f"'{command}' has no JSON; these have: {', '.join(names())}")
                return USAGE
            if console is None:
                console = open_console(options)
            if console.closed:
                raise Unreachable(f"the console has closed the connection; not run: '{command}'")
            status = max(status, ask(console, command, as_json=options.json))
    except BadInput as error:
        complain(str(error))
        return USAGE
    finally:
        if console is not None:
            console.close()
    return status


def ask(console: Console, command: str, *, as_json: bool = False) -> int:
    """
    Run a command and show its answer: on standard error if it is a refusal.

    @param console: Whom to ask.

    @param command: What.

    @param as_json: Whether a listing is shown as JSON.

    @return: The exit status.

    @raise Unreachable: The console cannot be asked.
    """
    if as_json:
        return _ask_json(console, command)
    sink: Sink | None = None
    try:
        for piece in console.stream(command):
            if sink is None:
                sink = Sink(sys.stderr if console.refused else sys.stdout)
            sink.write(piece)
    finally:
        if sink is not None:
            sink.end()
    return FAILED if console.refused else DONE


def _ask_json(console: Console, command: str) -> int:
    answer = console.ask(asked(command))
    if answer.refused:
        sink = Sink(sys.stderr)
        sink.write(answer.text.encode())
        sink.end()
        return FAILED
    read = reader(command)
    assert read is not None  # or it had not been sent
    try:
        show_json(read(answer.text))
    except Unreadable as error:
        complain(f"the answer to '{command}' makes no sense: {error}")
        return UNREACHABLE
    return DONE
