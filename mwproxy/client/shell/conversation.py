"""
Commands typed one after the other, over a connection that is made again when it was lost.
"""

from __future__ import annotations

import argparse
import contextlib
import select
import sys
from collections.abc import Callable

from mwproxy.client.command import DONE, TIMEOUT, complain, open_lasting
from mwproxy.client.connection import TooLate, Unreachable
from mwproxy.client.console import Console, payload_tag, split
from mwproxy.client.formats.usage import read_usage
from mwproxy.client.output import Sink
from mwproxy.client.shell.editor import Editor, Suggest, make_editor
from mwproxy.client.shell.history import History, history_file
from mwproxy.client.shell.suggestions import cut_prefix, suggest
from mwproxy.client.terminal import colored, wants_color

#: Seconds that an answer may take when C{--timeout} says nothing: there is Ctrl-C.
PATIENCE = 86400.0
#: Seconds that somebody who wants a word completed waits for the console.
_MOMENT = 2.0
#: How soon a connection that was closed is known to be.
_AT_ONCE = 0.02
GONE = "the console has gone away; connecting again"
BACK = "connected again: target, level and modes are as at the beginning"


class Conversation:
    """
    What goes on between a person and a console.
    """

    def __init__(
        self,
        connect: Callable[[], Console],
        make: Callable[[Suggest], Editor],
        *,
        seconds: float = PATIENCE,
        color: bool = False,
    ) -> None:
        """
        @param connect: Gives a console.

        @param make: Gives an editor, given what completes a line.

        @param seconds: How long an answer may take.

        @param color: Whether to color.
        """
        self._connect = connect
        self._console = connect()
        self._editor = make(self.suggest)
        self._seconds = seconds
        self._color = color
        self._usages: dict[str, list[str]] = {}

    def run(self) -> int:
        """
        Read commands and run them until there are no more.

        @return: The exit status.
        """
        try:
            while True:
                try:
                    line = self._editor.read(*self._prompt())
                    commands = self._commands(line)
                except EOFError:
                    print()
                    return DONE
                except KeyboardInterrupt:
                    print("^C")
                    continue
                if any(self._ask(command) for command in commands):
                    return DONE
        finally:
            self._console.close()

    def suggest(self, typed: str) -> list[str]:
        """
        Complete a line by what the console says that it knows.

        @param typed: The text before the cursor.

        @return: What its last word may become.
        """
        prefix, command = cut_prefix(typed)
        # A target that was chosen for all commands is shown by the prompt.
        key = prefix or self._console.prompt
        if key not in self._usages:
            with contextlib.suppress(Unreachable):
                if not self._console.closed:
                    told = self._console.ask(f"{prefix} help".strip(), _MOMENT)
                    usages = [str(row["usage"]) for row in read_usage(told.text)]
                    self._usages[key] = [] if told.refused else usages
        return suggest(self._usages.get(key, []), command)

    def _prompt(self) -> tuple[str, str]:
        prompt = "(not connected)> " if self._console.closed else self._console.prompt
        if not self._color or self._console.closed:
            return prompt, ""
        return prompt, "red" if "ReloadFailed" in prompt else "green"

    def _commands(self, line: str) -> list[str]:
        commands = split(line)
        if not commands:
            return []
        tag = payload_tag(commands[-1])
        if tag is not None:
            inside = []
            with contextlib.suppress(EOFError):
                while (text := self._editor.read("+ ", command=False)) != tag:
                    inside.append(text)
            commands[-1] = "\n".join([commands[-1], *inside, tag])
        return commands

    def _ask(self, command: str) -> bool:
        """
        Run a command.

        @return: Whether the conversation is over.
        """
        # In a session in a worker it leads back to the master, which may show a last prompt.
        leaves = command == "quit" and not (
            self._console.master and self._console.prompt.startswith(">")
        )
        if command == "exit":
            return True
        try:
            if not self._ready():
                print(colored(GONE, "yellow", self._color), file=sys.stderr)
                self._console.close()
                self._console = self._connect()
                self._usages.clear()
                print(colored(BACK, "yellow", self._color), file=sys.stderr)
            self._show(command)
        except Unreachable as error:
            complain(str(error))
            self._console.close()
        except KeyboardInterrupt:
            # The rest of the answer would come before the next one.
            self._console.close()
            print("^C", file=sys.stderr)
        return leaves

    def _show(self, command: str) -> None:
        sink = Sink(sys.stdout)
        red = False
        try:
            for piece in self._console.stream(command, self._seconds):
                if self._console.refused and self._color and not red:
                    red = True
                    print("\x1b[31m", end="")
                sink.write(piece)
        finally:
            if red:
                print("\x1b[0m", end="")
            sink.end()

    def _ready(self) -> bool:
        if self._console.closed:
            return False
        connection = self._console.connection
        # Nothing is to come now but the end of the connection.
        if not select.select([connection], [], [], 0)[0]:
            return True
        connection.allow(_AT_ONCE)
        try:
            while connection.receive():
                pass
        except TooLate:
            return True
        except Unreachable:
            pass
        return False


def converse(options: argparse.Namespace) -> int:
    """
    Talk to a console.

    @param options: The command line.

    @return: The exit status.

    @raise Unreachable: It cannot be asked at first.
    """
    history = History(history_file())
    conversation = Conversation(
        lambda: open_lasting(options, TIMEOUT),
        lambda suggest: make_editor(history, suggest),
        seconds=options.timeout or PATIENCE,
        color=wants_color(sys.stdout),
    )
    try:
        return conversation.run()
    finally:
        history.save()
