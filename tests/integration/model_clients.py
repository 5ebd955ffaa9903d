"""
Clients of the model: connections that last, console sessions, callers of C{reload}.
"""

from __future__ import annotations

import re
import select
import socket
import threading
from dataclasses import dataclass, field

from tests.integration.clients import PATIENCE, Connection, console


@dataclass(eq=False, slots=True)
class Client:
    """
    A connection of a client that lasts.

    @ivar kind: C{"idle"} for one that may move; C{"tunnel"}, or the path of a held request.

    @ivar pid: The worker that had it when last seen.

    @ivar sure: Whether an idle one has to survive a reload; not if its worker was ever stopped.
    """

    kind: str
    connection: Connection
    pid: int = 0
    sure: bool = True

    @property
    def pins(self) -> bool:
        """
        Whether it keeps its worker from going.
        """
        return self.kind != "idle"

    def closed(self) -> bool:
        """
        Tell whether the proxy closed it.
        """
        sock = self.connection.sock
        if not select.select([sock], [], [], 0)[0]:
            return False
        try:
            return not sock.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


@dataclass(eq=False, slots=True)
class Console:
    """
    A session on the master's console that stays open, with a prompt.
    """

    sock: socket.socket
    said: bytes = b""

    def ask(self, command: str) -> str:
        """
        Run a command.

        @return: What it answered, with the prompt behind it.
        """
        self.sock.sendall(command.encode() + b"\n")
        said = b""
        while not re.search(rb"master\S*> \Z", said):
            data = self.sock.recv(65536)
            if not data:
                raise EOFError(f"the console ended after {said!r}")
            said += data
        return said.decode()


@dataclass(eq=False)
class Asker:
    """
    A C{reload} in a thread of its own.
    """

    path: str
    answers: list[str] = field(default_factory=list)
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        """
        Ask.
        """
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.thread.start()

    def answer(self) -> str:
        """
        Wait for the answer.

        @return: It, or what went wrong.
        """
        self.thread.join(4 * PATIENCE)
        return self.answers[0] if self.answers else "no answer"

    def _ask(self) -> None:
        try:
            self.answers.append(console(self.path, "reload"))
        except OSError as error:
            self.answers.append(repr(error))
