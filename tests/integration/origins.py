"""
Origins that stand behind the proxy under test, in threads of the test's process.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable

from tests.integration.clients import PATIENCE

HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


class Origin:
    """
    An HTTP server that records each request as it arrived and answers from a function.

    @ivar requests: The bytes of each request, body included, in order.

    @ivar connections: How many were accepted.

    @ivar answer: Takes the bytes of a request, returns those to send. An answer whose head has
        C{connection: close} or no length ends the connection.
    """

    def __init__(self, answer: bytes | Callable[[bytes], bytes] = HELLO) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.answer: Callable[[bytes], bytes] = (
            answer if callable(answer) else lambda _request: answer
        )
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """
        Listen no longer.
        """
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(6 * PATIENCE)
        with sock, contextlib.suppress(OSError):
            buffer = b""
            while True:
                request, buffer = read_request(sock, buffer)
                if request is None:
                    return
                self.requests.append(request)
                answer = self.answer(request)
                sock.sendall(answer)
                head = answer.partition(b"\r\n\r\n")[0].lower()
                framed = b"content-length:" in head or b"transfer-encoding:" in head
                bare = re.match(rb"http/1\.\d (1\d\d|204|304)", head)
                if b"connection: close" in head or not (framed or bare):
                    return


def read_request(sock: socket.socket, buffer: bytes) -> tuple[bytes | None, bytes]:
    """
    Take one request.

    @param buffer: What was received before.

    @return: The request, L{None} at the end, and what follows it.
    """

    def more() -> bool:
        nonlocal buffer
        data = sock.recv(65536)
        buffer += data
        return bool(data)

    while b"\r\n\r\n" not in buffer:
        if not more():
            return None, b""
    end = buffer.index(b"\r\n\r\n") + 4
    head = buffer[:end].lower()
    if b"transfer-encoding: chunked" in head:
        # Each byte is looked at once: a search for the end from the beginning takes seconds for
        # some megabytes.
        size, line = -1, b"?"
        while size or line:
            while (stop := buffer.find(b"\r\n", end)) < 0:
                if not more():
                    return buffer, b""
            line = buffer[end:stop]
            end = stop + 2
            if size:
                size = int(line.partition(b";")[0], 16)
                end += size + 2 if size else 0
            while len(buffer) < end:
                if not more():
                    return buffer, b""
    elif length := re.search(rb"\r\ncontent-length: *(\d+)", head):
        end += int(length[1])
        while len(buffer) < end:
            if not more():
                return buffer, b""
    return buffer[:end], buffer[end:]


class EchoOrigin:
    """
    A TCP server that sends bytes back, and ends when its peer ends.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """
        Listen no longer.
        """
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            while data := sock.recv(65536):
                sock.sendall(data)
