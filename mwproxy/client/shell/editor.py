"""
How lines are typed: with C{prompt_toolkit} where it is installed (extra C{console}), else with the
C{readline} of the standard library, else plainly.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Protocol

from mwproxy.client.shell.history import History
from mwproxy.client.terminal import colored

#: Gives what the last word of the text before the cursor may become.
Suggest = Callable[[str], list[str]]


class Editor(Protocol):
    """
    Reads lines.
    """

    def read(self, prompt: str, color: str = "", *, command: bool = True) -> str:
        """
        Read a line.

        @param prompt: What stands before it.

        @param color: How that is colored, empty for not at all.

        @param command: Whether it is a command: completed and remembered.

        @return: The line.

        @raise EOFError: There are no more.

        @raise KeyboardInterrupt: The user does not want this one.
        """


class PlainEditor:
    """
    Lines as the terminal driver edits them.
    """

    def read(self, prompt: str, color: str = "", *, command: bool = True) -> str:
        """
        Read a line.
        """
        print(colored(prompt, color, bool(color)), end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")


class ReadlineEditor:
    """
    Lines edited by C{readline}.
    """

    def __init__(self, history: History, suggest: Suggest) -> None:
        import readline

        self._readline = readline
        self._history = history
        self._suggest = suggest
        self._found: list[str] = []
        self._command = True
        for line in history.lines:
            readline.add_history(line)
        readline.set_auto_history(False)
        readline.set_completer_delims(" ")
        readline.set_completer(self._complete)
        readline.parse_and_bind("tab: complete")
        # Else a terminal gets an escape sequence even if it is none that knows it.
        readline.parse_and_bind("set enable-bracketed-paste off")

    def read(self, prompt: str, color: str = "", *, command: bool = True) -> str:
        """
        Read a line.
        """
        self._command = command
        begin, _, end = colored("|", color, bool(color)).partition("|")
        # What is between these readline does not count.
        line = input(f"\x01{begin}\x02{prompt}\x01{end}\x02" if color else prompt)
        if command and self._history.add(line):
            self._readline.add_history(line)
        return line

    def _complete(self, text: str, state: int) -> str | None:
        if state == 0:
            end = self._readline.get_endidx()
            before = self._readline.get_line_buffer()[:end]
            self._found = self._suggest(before) if self._command else []
        return f"{self._found[state]} " if state < len(self._found) else None


def make_editor(history: History, suggest: Suggest) -> Editor:
    """
    Choose an editor.

    @param history: Lines typed before.

    @param suggest: Completes a line.

    @return: The best one that there is for this terminal.
    """
    if not sys.stdout.isatty():
        return PlainEditor()
    if os.environ.get("TERM", "dumb") not in ("dumb", ""):
        try:
            from mwproxy.client.shell.toolkit import ToolkitEditor
        except ImportError:
            pass
        else:
            return ToolkitEditor(history, suggest)
        try:
            return ReadlineEditor(history, suggest)
        except ImportError:
            pass
    return PlainEditor()
