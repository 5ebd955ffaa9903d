"""
The input of a session in a worker (C{@@}): where it ends, and what of the client's input is for
the level above.

The worker closes a session by itself: after C{quit}, and in mode C{n} after a line. What it has
been sent beyond that is lost. So the master reads along with the same reader, hands over what the
session will read, and keeps the rest.
"""

from __future__ import annotations

from mwproxy.console.state import ConsoleState, switch_prompt
from mwproxy.protocols.cli_lines import LIMIT, Command, CommandReader


class SessionInput:
    """
    The input of one session.

    @ivar over: True once all was handed over that the session will read.

    @ivar tail: The beginning of a line, which was not handed over yet.
    """

    def __init__(self, mode: str) -> None:
        """
        @param mode: In which mode the session begins: C{n}, C{i} or C{p}.
        """
        self._state = ConsoleState(mode=mode)
        self._reader = CommandReader()
        self.over = False
        self.tail = b""

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """
        Take what the client has sent. A line is handed over once it is complete.

        @return: What is for the session, and what is not.
        """
        if self.over:
            return b"", data
        data = self.tail + data
        end = data.rfind(b"\n") + 1
        if len(data) - end >= LIMIT:
            end = len(data)
        whole, self.tail = data[:end], data[end:]
        reader = self._reader
        reader.feed(whole)
        while (command := reader.next()) is not None:
            if self._ends(command):
                self.over = True
                rest = reader.discard()
                taken = whole[: len(whole) - len(rest)]
                rest += self.tail
                self.tail = b""
                # What stood before a semicolon is a line now, the session's last one.
                return (taken if command.ends_line else taken + b"\n"), rest
        return whole, b""

    def _ends(self, command: Command) -> bool:
        """
        Tell whether the worker closes the session when it has executed a command.
        """
        if command.problem or command.words[:1] == ("quit",):
            return True
        if command.words[:1] == ("prompt",):
            switch_prompt(self._state, list(command.words[1:]), "nip")
        return command.ends_line and self._state.mode == "n"
