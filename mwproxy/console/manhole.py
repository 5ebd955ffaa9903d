"""
A Python prompt on a console connection: C{twisted.conch}'s interpreter over the lines that come.

Lines are executed in the process that has the console, between two turns of its reactor: whatever
blocks there blocks everything. The prompt ends with C{quit()}, C{exit()}, Ctrl-D, the end of the
input, or the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.console.audit import COMMAND
from mwproxy.core.levels import shown

#: Longest line that is taken, in bytes.
LIMIT = 65536
#: What of a line of the audit is for other words.
MARGIN = 32
CTRL_C, CTRL_D = b"\x03", b"\x04"
GREETING = """\
Python inside the master. Names: {names}.
What you do here happens at once, also if it is wrong; what waits or loops stops the master's work.
quit() or Ctrl-D returns to the console.
"""


class NoManhole(Exception):
    """
    There is no interpreter; the text says what is missing.
    """


def pieces(line: str) -> list[str]:
    """
    Cut a line for the audit, which would leave out the end of a long one.

    @return: The pieces in order, at least one.
    """
    found = [""]
    room = COMMAND - MARGIN
    for each in line:
        cost = len(shown(each))
        if cost > room:
            found.append("")
            room = COMMAND - MARGIN
        found[-1] += each
        room -= cost
    return found


class PythonPrompt:
    """
    The prompt.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        write: Callable[[bytes], None],
        note: Callable[[str], None],
        ended: Callable[[bytes], None],
    ) -> None:
        """
        @param namespace: The names that are known.

        @param write: Gets what is to be shown.

        @param note: Told each line before it is executed.

        @param ended: Called once at the end, with what came after it.

        @raise NoManhole: Twisted was installed without C{conch}.
        """
        try:
            from twisted.conch.manhole import ManholeInterpreter
        except ImportError as error:
            raise NoManhole(
                f"The Python prompt needs twisted.conch ({error}): install mwproxy[manhole]."
            ) from None
        self._write = write
        self._note = note
        self._ended = ended
        self._data = b""
        self._over = False
        self._within = False
        self._last = b"\n"
        names = {**namespace, "quit": self._quit, "exit": self._quit}
        self._interpreter: Any = ManholeInterpreter(self, names)
        self.addOutput(GREETING.format(names=", ".join(sorted(namespace))))
        self._prompt(more=False)

    def feed(self, data: bytes) -> None:
        """
        Take input.
        """
        self._data += data
        while not self._over and not self._within:
            line, found, rest = self._data.partition(b"\n")
            if line.startswith(CTRL_D):
                self._end(self._data[1:].removeprefix(b"\n"))
            elif CTRL_C in line:
                self._data = self._data.rpartition(CTRL_C)[2]
                self._interpreter.resetBuffer()
                self.addOutput("KeyboardInterrupt\n")
                self._prompt(more=False)
            elif found:
                self._data = rest
                self._execute(line.removesuffix(b"\r"))
            else:
                if len(self._data) > LIMIT:
                    self._data = b""
                    self.addOutput("The line is too long.\n")
                    self._prompt(more=False)
                return

    def input_ended(self) -> None:
        """
        Take notice that no more will come.
        """
        if not self._over and not self._within:
            self._end(b"")

    def abandon(self) -> None:
        """
        Show no more: the connection is gone.
        """
        self._over = True

    def addOutput(self, data: str | bytes, isAsync: bool | None = None) -> None:
        """
        Show text; the interpreter calls this.

        @param isAsync: It comes by itself, and the prompt is to be shown again.
        """
        if self._over:
            return
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        if isAsync:
            self._show(b"\n" + data)
            self._prompt(more=bool(self._interpreter.buffer))
        else:
            self._show(data)

    def _execute(self, line: bytes) -> None:
        self._note(line.decode("utf-8", "surrogateescape"))
        more = False
        # A line that lets the reactor run may bring more input.
        self._within = True
        try:
            more = bool(self._interpreter.push(line))
        except SystemExit:
            self._within = False
            self._end(self._data)
            return
        except UnicodeDecodeError:
            self._interpreter.resetBuffer()
            self.addOutput("This is no UTF-8.\n")
        finally:
            self._within = False
        self._prompt(more=more)

    def _quit(self, *ignored: object) -> None:
        raise SystemExit

    def _prompt(self, *, more: bool) -> None:
        if not self._over:
            self._show(b"" if self._last.endswith(b"\n") else b"\n")
            self._show(b"... " if more else b">>> ")
            # Where the answer to what is typed begins.
            self._last = b"\n"

    def _show(self, data: bytes) -> None:
        if data:
            self._last = data[-1:]
            self._write(data)

    def _end(self, rest: bytes) -> None:
        self._data = b""
        self._over = True
        self._ended(rest)
