"""
A console that says what a test wants.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase


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
