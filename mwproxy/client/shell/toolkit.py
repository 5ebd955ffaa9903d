"""
Lines edited by C{prompt_toolkit}.
"""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import History as ToolkitHistory
from prompt_toolkit.history import InMemoryHistory

from mwproxy.client.shell.editor import Suggest
from mwproxy.client.shell.history import History
from mwproxy.client.terminal import colored


class _Remembered(ToolkitHistory):
    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def load_history_strings(self) -> Iterable[str]:
        """
        Give the lines, the newest first.
        """
        return reversed(self._history.lines)

    def store_string(self, string: str) -> None:
        """
        Keep a line.
        """
        self._history.add(string)


class _Suggested(Completer):
    def __init__(self, suggest: Suggest) -> None:
        self._suggest = suggest

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """
        Give what the word before the cursor may become.
        """
        before = document.text_before_cursor
        typed = before.rpartition(" ")[2].rpartition(";")[2]
        for word in self._suggest(before):
            yield Completion(word, -len(typed))


class ToolkitEditor:
    """
    Lines with completion, and the history searched by Ctrl-R.
    """

    def __init__(self, history: History, suggest: Suggest) -> None:
        """
        @param history: Lines typed before.

        @param suggest: Completes a line.
        """
        self._commands: PromptSession[str] = PromptSession(
            history=_Remembered(history),
            completer=_Suggested(suggest),
            complete_while_typing=False,
        )
        self._others: PromptSession[str] = PromptSession(history=InMemoryHistory())

    def read(self, prompt: str, color: str = "", *, command: bool = True) -> str:
        """
        Read a line.
        """
        session = self._commands if command else self._others
        return session.prompt(ANSI(colored(prompt, color, bool(color))))
