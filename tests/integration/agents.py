"""
Agents for tests: they say what a test has them say, and misbehave when they are told to.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

_LINGER_NOT = struct.pack("ii", 1, 0)


class FakeAgent:
    """
    Listens on a free port of the loopback.

    @ivar answer: What it says next: bytes, after which it closes; L{None} to accept and say
        nothing, for ever; C{b"reset"} to reset the connection.

    @ivar asked: What it was told, one entry for each connection that ended.

    @ivar accepted: How many connections there were.
    """

    def __init__(self, answer: bytes | None = b"up\n") -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.accepted = 0
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._stopped = False
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """
        End it.
        """
        self._stopped = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._held:
            sock.close()

    def _accept(self) -> None:
        while not self._stopped:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._serve(sock, self.answer)
            self.accepted += 1

    def _serve(self, sock: socket.socket, answer: bytes | None) -> None:
        if answer is None:
            self._held.append(sock)
            return
        with contextlib.suppress(OSError):
            if answer == b"reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            else:
                sock.sendall(answer)
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(5)
                self.asked.append(sock.recv(1000))
        sock.close()
