"""
A console that is asked one command after the other, over one connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mwproxy.client.connection import Connection, Credentials, Unreachable
from mwproxy.client.framing import Framing
from mwproxy.protocols.cli_lines import MAX_TAG

#: Bytes of an answer that is kept whole: 10,000 servers have some 4 MB of C{show stat}.
MOST = 128 * 1024 * 1024
#: Seconds that a conversation may be idle.
LASTING = 3600
#: Commands that the console hangs up after.
_LAST = ("quit", "reload", "hard-reload")


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One answer.

    @ivar text: It, without its last empty line.

    @ivar refused: Whether the console refused or the command failed.
    """

    text: str
    refused: bool = False


class Console:
    """
    A connection with a prompt. Closed by C{with}.

    @ivar prompt: What the console showed last.

    @ivar master: Whether it is a master's.

    @ivar closed: Whether it hung up.

    @ivar refused: Whether the last command was refused.

    @ivar marks: Whether it marks errors, which a master of HAProxy before 3.0 does not.

    @ivar connection: What it is asked over.
    """

    def __init__(
        self,
        address: str,
        seconds: float,
        credentials: Credentials = Credentials(),  # noqa: B008  # frozen
    ) -> None:
        """
        Connect, and have answers ended by a prompt and errors marked.

        @param address: See L{parse_place<mwproxy.client.place.parse_place>}.

        @param seconds: How long that, and then each command, may take.

        @param credentials: For TLS.

        @raise Unreachable: It cannot be asked, or is no console.
        """
        self.connection = Connection(address, seconds, credentials)
        self.master = True
        self.closed = False
        self.refused = False
        self.marks = True
        self.prompt = ""
        self._seconds = seconds
        try:
            self._greet()
        except BaseException:
            self.close()
            raise

    def _greet(self) -> None:
        said = b""
        try:
            for piece in self.stream("prompt p", self._seconds):
                said = said or piece
        except Unreachable:
            if not said:
                raise
        if said or self.closed:
            what = said.decode("utf-8", "replace").strip().splitlines()
            quoted = f": it says '{what[0][:60]}'" if what else ""
            raise Unreachable(f"'{self.connection.address}' is no console{quoted}")
        # A worker's console is nobody's: the prompt names none.
        self.master = not self.prompt.startswith(">")
        self.marks = not self.ask("set severity-output number", self._seconds).refused

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Close the connection.
        """
        self.closed = True
        self.connection.close()

    def stay(self) -> None:
        """
        Have the console not hang up while nobody asks: a worker's does after C{stats timeout}, 10 s
        unless it is set.

        @raise Unreachable: It hung up.
        """
        if not self.master:
            self.ask(f"set timeout cli {LASTING}", self._seconds)

    def stream(self, command: str, seconds: float | None = None) -> Iterator[bytes]:
        """
        Run a command.

        @param command: A line, and its payload.

        @param seconds: How long it may take; L{None} as was said when it was connected.

        @return: The answer as it comes; afterwards C{refused} tells how it was meant.

        @raise Unreachable: It hung up, or the time is over.
        """
        self.connection.allow(self._seconds if seconds is None else seconds)
        self.connection.send(command)
        framing = Framing(master=self.master)
        self.refused = False
        some = False
        while not framing.done:
            try:
                piece = self.connection.receive()
            except Unreachable:
                self.close()
                if rest := framing.hung_up():
                    yield rest
                raise
            if not piece:
                self.close()
                rest = framing.hung_up()
                self.refused = framing.refused
                if rest:
                    yield rest
                if not (framing.refused or _is_last(command)):
                    raise Unreachable(_hung_up(self.connection.address, some or bool(rest)))
                return
            text = framing.feed(piece)
            self.refused = framing.refused
            if text:
                some = True
                yield text
        self.prompt = framing.prompt

    def ask(self, command: str, seconds: float | None = None) -> Answer:
        """
        Run a command, and take its answer whole.

        @param command: A line, and its payload.

        @param seconds: How long it may take; L{None} as was said when it was connected.

        @return: The answer.

        @raise Unreachable: It hung up, the time is over, or it says more than L{MOST} bytes.
        """
        pieces = []
        size = 0
        for piece in self.stream(command, seconds):
            size += len(piece)
            if size > MOST:
                raise Unreachable(f"'{self.connection.address}' says too much to be a console")
            pieces.append(piece)
        return Answer(b"".join(pieces).decode("utf-8", "replace"), self.refused)


def payload_tag(line: str) -> str | None:
    """
    Tell whether a line has a payload.

    @param line: Commands.

    @return: What ends the payload, empty for an empty line; L{None} when there is none.
    """
    words = line.split()
    if not words or not words[-1].startswith("<<") or len(words[-1]) > MAX_TAG + 2:
        return None
    return words[-1][2:]


def split(line: str) -> list[str]:
    """
    Split a line at semicolons, as consoles do, so that each command has its own answer.

    @param line: Commands; after C{@@} the whole line belongs together.

    @return: The commands, without empty ones.
    """
    if line.lstrip().startswith("@@"):
        return [line.strip()]
    commands = [""]
    escaped = False
    for character in line:
        if character == ";" and not escaped:
            commands.append("")
            continue
        escaped = character == "\\" and not escaped
        commands[-1] += character
    return [command.strip(" \t\r") for command in commands if command.strip()]


def _is_last(command: str) -> bool:
    words = command.split()
    if words and words[0].startswith("@"):
        del words[0]
    return bool(words) and words[0] in _LAST


def _hung_up(address: str, some: bool) -> str:
    return f"'{address}' hung up {'in the middle of its answer' if some else 'without an answer'}"
