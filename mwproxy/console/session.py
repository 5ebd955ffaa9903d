"""
The worker's console: what C{stats socket} speaks, and what the master relays.

Modes (management manual 9.3): C{n} executes one line and closes, C{i} stays open, C{p} prompts too.
Each answer ends with one empty line, also an empty one; the prompt follows once no more input is
waiting.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from mwproxy.console.dispatch import Invocation, run
from mwproxy.console.line_session import LineSession
from mwproxy.console.state import ConsoleState, clock
from mwproxy.core.families import worker_commands
from mwproxy.core.levels import Level
from mwproxy.live.proxies import WorkerState
from mwproxy.process.exposure import Exposure, sender
from mwproxy.protocols.cli_lines import Command

#: What a younger process says to get the listening sockets.
GET_SOCKETS = "_getsocks"


class WorkerConsole(LineSession):
    """
    One connection to a worker's console.
    """

    def __init__(
        self,
        worker: WorkerState,
        level: Level = Level.OPERATOR,
        mode: str = "n",
        timeout_ms: int | None = None,
        *,
        clock: Any = None,
        severity: str = "none",
        address: str = "",
        sockets: Callable[[], list[socket.socket]] | None = None,
        who: str = "",
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """
        @param worker: What commands are about.

        @param level: What the connection may do.

        @param mode: C{n}, C{i} or C{p}.

        @param timeout_ms: How long it may be idle, L{None} for ever.

        @param clock: A reactor, for the timeout.

        @param severity: How feedback begins: C{none}, C{number} or C{string}.

        @param address: Where it was accepted.

        @param sockets: Lists the listening sockets, for C{_getsocks}; L{None} where they are not
            given away.

        @param who: The peer, as the audit names it.

        @param say: Writes a line of the audit.
        """
        state = ConsoleState(
            level, mode, timeout_ms=timeout_ms, severity=severity, address=address, who=who
        )
        super().__init__(state, prefixes=False, clock=clock, audit=say)
        self.target = str(os.getpid())
        self.worker = worker
        self._invocation: Invocation | None = None
        self._last_of_line = True
        self._sockets = sockets
        self._exposure: Exposure | None = None

    def connectionMade(self) -> None:
        """
        Begin; a session opened in prompt mode shows its first prompt.
        """
        super().connectionMade()
        if self.state.mode != "n":
            self.send("\n")
            self._prompt()
            self.write_out()

    def execute(self, command: Command) -> None:
        """
        Run a command.

        @param command: It.
        """
        self._last_of_line = command.ends_line
        self._invocation = self.invocation = None
        if command.problem:
            self._last_of_line = True
            self.state.closing = True
            self.refuse(command.problem)
            return
        words = list(command.words)
        if words == [GET_SOCKETS]:
            self._expose()
            return
        if not words and command.payload is None and (self.state.mode == "n" or not command.raw):
            self.finish()
            return
        payload = command.payload
        invocation = Invocation(
            words,
            self.state,
            self.worker,
            worker_commands,
            payload=None if payload is None else payload.decode("utf-8", "surrogateescape"),
            session=self,
        )
        self._invocation = self.invocation = invocation
        answer = run(invocation)
        if answer is None or isinstance(answer, str) or hasattr(answer, "__next__"):
            self.answer(answer)  # type: ignore[arg-type]  # what is no awaitable is an answer
        else:
            self.answer_when(answer)

    def dataReceived(self, data: bytes) -> None:
        """
        Take input, or an acknowledgement of sockets.

        @param data: Bytes of the peer.
        """
        if self._exposure is None:
            super().dataReceived(data)
            return
        self._exposure.received(data)
        if self._exposure.over:
            self.leave()

    def _expose(self) -> None:
        """
        Give the listening sockets away, or close the connection without a word.
        """
        self.state.closing = True
        connection = getattr(self.transport, "socket", None)
        if self._sockets is None or connection is None or connection.family != socket.AF_UNIX:
            return
        if not self.state.local:
            # What looks like a UNIX peer is the near end of a TLS connection.
            return
        self.hold()
        self.write_out()
        self._exposure = Exposure(self._sockets(), sender(connection))
        self._exposure.begin()
        if self._exposure.over:
            self.leave()

    def finish(self) -> None:
        """
        End an answer with an empty line; close or prompt, as the mode says.
        """
        if self._invocation is None or not self._invocation.silent:
            self.send("\n")
        self._invocation = None
        if self.state.mode == "n" and self._last_of_line:
            self.state.closing = True
        if not self.state.closing:
            self._prompt()

    def _prompt(self) -> None:
        if self.state.mode != "p" or not self._last_of_line or self.reader.buffered:
            return
        time = clock(self.worker.now - self.worker.started) if self.state.timed else ""
        self.send(f"{time}> ")
