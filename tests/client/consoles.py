"""
A console that says what a test wants.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import socket
import sys
import tempfile
import threading
from itertools import takewhile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.main import main

#: What a scripted console says to a command.
Script = bytes | None | list[bytes | None]


class Console:
    """
    Serves one connection on a UNIX socket: takes a line, gives an answer in pieces, hangs up.

    @ivar heard: The bytes that it was sent first.
    """

    def __init__(self, path: str, *answer: bytes, stalls: bool = False) -> None:
        """
        @param stalls: After the answer it stays, and says nothing.
        """
        self.heard = b""
        self._answer = answer
        self._stalls = stalls
        self._over = threading.Event()
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.bind(path)
        self._sock.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        """
        Hang up, and be gone.
        """
        self._over.set()
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._sock.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._sock.accept()
            with connection:
                self.heard = connection.recv(1000)
                for piece in self._answer:
                    connection.sendall(piece)
                if self._stalls:
                    self._over.wait()


class Cut(bytes):
    """
    An answer without an end: the console hangs up.
    """


class Stalled(bytes):
    """
    An answer without an end: the console says no more.
    """


class Raw(bytes):
    """
    An answer with its prompt.
    """


class Prompting:
    """
    Serves connections one after the other on a UNIX socket as a console with a prompt does.

    @ivar heard: The lines that it was sent, without the greeting.

    @ivar answers: By command: what it says, without prompt. L{None} to hang up without a word.
        What is not there is unknown. A list has an answer for each time, the last one for all
        further ones.
    """

    def __init__(self, path: str, answers: dict[str, Script], *, master: bool = True) -> None:
        self.heard: list[str] = []
        self.answers: dict[str, Script] = {
            "set severity-output number": b"" if master else b"\n",
            **answers,
        }
        self._prompt = b"master> " if master else b"> "
        self._hello = b"" if master else b"\n"
        self._over = threading.Event()
        self._current: socket.socket | None = None
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.bind(path)
        self._sock.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        """
        Hang up, and be gone.
        """
        self._over.set()
        for sock in (self._sock, self._current):
            with contextlib.suppress(OSError):
                if sock is not None:
                    sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._sock.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._current, _ = self._sock.accept()
                with self._current, contextlib.suppress(OSError):
                    self._talk(self._current)

    def _talk(self, connection: socket.socket) -> None:
        lines = connection.makefile("r", encoding="utf-8", errors="surrogateescape")
        for line in lines:
            command = line.rstrip("\n")
            if command.endswith(" <<"):
                command = line + "".join(takewhile(lambda each: each != "\n", lines))
            if command == "prompt p":
                connection.sendall(self._hello + self._prompt)
                continue
            if command not in ("set severity-output number", "quit"):
                self.heard.append(command)
            answer = self._answer(command)
            if answer is None:
                return
            if isinstance(answer, Cut | Stalled):
                connection.sendall(answer)
                if isinstance(answer, Stalled):
                    self._over.wait()
                return
            connection.sendall(answer)
            if not isinstance(answer, Raw):
                connection.sendall(self._prompt)

    def _answer(self, command: str) -> bytes | None:
        script = self.answers.get(command, b"[3]: Unknown command: '%b'\n\n" % command.encode())
        if command == "quit" and command not in self.answers:
            return None
        if isinstance(script, list):
            return script.pop(0) if len(script) > 1 else script[0]
        return script


class ConsoleTestCase(SynchronousTestCase):
    """
    A test that talks to a L{Console}.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = str(self.directory / "s")

    def serve(self, *answer: bytes, stalls: bool = False) -> Console:
        """
        Start a console at C{path}.
        """
        console = Console(self.path, *answer, stalls=stalls)
        self.addCleanup(console.stop)
        return console

    def prompting(self, answers: dict[str, Script], *, master: bool = True) -> Prompting:
        """
        Start a console with a prompt at C{path}.
        """
        console = Prompting(self.path, answers, master=master)
        self.addCleanup(console.stop)
        return console

    def ctl(self, *words: str, stdin: str = "") -> tuple[int | str | None, str, str]:
        """
        Run C{mwproxyctl} on C{path}.

        @param stdin: Its standard input.

        @return: Exit status, standard output, standard error.
        """
        return ctl("-s", self.path, *words, stdin=stdin)


def ctl(*words: str, stdin: str = "") -> tuple[int | str | None, str, str]:
    """
    Run C{mwproxyctl} in this process.

    @param words: Its command line.

    @param stdin: Its standard input.

    @return: Exit status, standard output, standard error.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    before = sys.stdin
    sys.stdin = io.StringIO(stdin)
    status: int | str | None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(list(words))
    except SystemExit as error:
        status = error.code
    finally:
        sys.stdin = before
    return status, _said(out), _said(err)


def _said(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8", "surrogateescape")
