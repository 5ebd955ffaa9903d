"""
Clients that tests drive a proxy with: blocking sockets, each wait bounded.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field

#: No single wait lasts longer, in seconds.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Response:
    """
    What came back for one request.

    @ivar head: The bytes of the head, with the empty line.

    @ivar body: The body, chunks joined.

    @ivar raw: All bytes as they arrived.
    """

    head: bytes
    body: bytes
    raw: bytes

    @property
    def status(self) -> int:
        """
        The status code.
        """
        return int(self.head.split(b" ", 2)[1])

    def header(self, name: str) -> str | None:
        """
        Look a header up.

        @param name: In any case.

        @return: Its first value, or L{None}.
        """
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return None


class Connection:
    """
    One client connection.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.sock = socket.create_connection((host, port), PATIENCE)
        self._buffer = b""

    def close(self) -> None:
        """
        Close it.
        """
        self.sock.close()

    def send(self, data: bytes) -> None:
        """
        Send bytes.
        """
        self.sock.sendall(data)

    def receive(self) -> bytes:
        """
        Take what arrives next.

        @return: Some bytes, none at the end.
        """
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        return self.sock.recv(65536)

    def receive_all(self) -> bytes:
        """
        Take everything up to the end; a reset counts as an end.

        @return: The bytes.
        """
        pieces = []
        try:
            while data := self.receive():
                pieces.append(data)
        except ConnectionResetError:
            pass
        return b"".join(pieces)

    def receive_exactly(self, length: int) -> bytes:
        """
        Take a number of bytes.

        @return: That many.

        @raise EOFError: The peer ended before.
        """
        data = b""
        while len(data) < length:
            more = self.receive()
            if not more:
                raise EOFError(f"ended after {len(data)} of {length} bytes: {data!r}")
            data += more
        self._buffer = data[length:] + self._buffer
        return data[:length]

    def receive_until(self, end: bytes) -> bytes:
        """
        Take bytes up to a mark.

        @return: The bytes, with the mark.

        @raise EOFError: The peer ended before.
        """
        data = b""
        while end not in data:
            more = self.receive()
            if not more:
                raise EOFError(f"ended after {data!r}")
            data += more
        at = data.index(end) + len(end)
        self._buffer = data[at:]
        return data[:at]

    def response(self, method: str = "GET") -> Response:
        """
        Take one response, framed as its head says.

        @param method: What was asked, since C{HEAD} has no body.

        @return: The response.
        """
        head = self.receive_until(b"\r\n\r\n")
        answer = Response(head, b"", head)
        if method == "HEAD" or answer.status < 200 or answer.status in (204, 304):
            return answer
        if (answer.header("transfer-encoding") or "").lower() == "chunked":
            raw, body = b"", b""
            while True:
                line = self.receive_until(b"\r\n")
                size = int(line.split(b";")[0], 16)
                raw += line
                if size == 0:
                    break
                data = self.receive_exactly(size + 2)
                raw, body = raw + data, body + data[:-2]
            while line != b"\r\n":
                line = self.receive_until(b"\r\n")
                raw += line
            return Response(head, body, head + raw)
        length = answer.header("content-length")
        body = self.receive_all() if length is None else self.receive_exactly(int(length))
        return Response(head, body, head + body)

    def final_response(self, method: str = "GET") -> bytes:
        """
        Take one response and the interim ones before it.

        @return: All their bytes.
        """
        raw = b""
        while True:
            answer = self.response(method)
            raw += answer.raw
            if answer.status >= 200:
                return raw

    def ask(self, path: str = "/", method: str = "GET", headers: str = "") -> Response:
        """
        Send a request and take its response.

        @param headers: More header lines, each with its C{CRLF}.

        @return: The response.
        """
        self.send(f"{method} {path} HTTP/1.1\r\nhost: test\r\n{headers}\r\n".encode("latin-1"))
        return self.response(method)


def fetch(port: int, path: str = "/", headers: str = "") -> Response:
    """
    Ask once over a new connection.

    @return: The response.
    """
    connection = Connection(port)
    try:
        return connection.ask(path, headers="connection: close\r\n" + headers)
    finally:
        connection.close()


def exchange(port: int, data: bytes) -> bytes:
    """
    Send bytes, end, and take everything that comes back.

    @return: What came back.
    """
    connection = Connection(port)
    try:
        # A peer that has seen enough may be gone before the last byte.
        with contextlib.suppress(OSError):
            connection.send(data)
            connection.sock.shutdown(socket.SHUT_WR)
        return connection.receive_all()
    finally:
        connection.close()


def request(port: int, data: bytes) -> bytes:
    """
    Send one request over a new connection and take what answers it.

    @return: The response, with the interim ones before it.
    """
    connection = Connection(port)
    try:
        connection.send(data)
        return connection.final_response(data.split(b" ", 1)[0].decode("latin-1"))
    finally:
        connection.close()


def console(path: str, commands: str) -> str:
    """
    Run commands on a console as C{echo … | socat} does.

    @param path: The UNIX socket.

    @param commands: The text to send; a line feed is added.

    @return: The answer.
    """
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(3 * PATIENCE)
        sock.connect(path)
        sock.sendall(commands.encode() + b"\n")
        sock.shutdown(socket.SHUT_WR)
        pieces = []
        while data := sock.recv(65536):
            pieces.append(data)
    return b"".join(pieces).decode()


@dataclass(slots=True)
class Tally:
    """
    What a crowd of clients saw.

    @ivar refused: Connections that were not accepted.

    @ivar failed: Exchanges that broke or had another status than 200, as texts.
    """

    served: int = 0
    refused: int = 0
    failed: list[str] = field(default_factory=list)


class Crowd:
    """
    Clients in threads that ask all the time until told to finish.

    One-shot clients connect for each request; the others stay connected and
    connect again only when the proxy closed between two requests, which it may.
    """

    def __init__(self, port: int, one_shot: int = 2, persistent: int = 2) -> None:
        self.tally = Tally()
        self._port = port
        self._lock = threading.Lock()
        self._leave = threading.Event()
        self._served = threading.Condition(self._lock)
        targets = [self._one_shot] * one_shot + [self._persistent] * persistent
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()

    def wait_for(self, more: int) -> None:
        """
        Wait until so many more requests were served.
        """
        with self._served:
            aim = self.tally.served + more
            if not self._served.wait_for(lambda: self.tally.served >= aim, 3 * PATIENCE):
                raise AssertionError(f"no {more} more requests were served: {self.tally}")

    def finish(self) -> Tally:
        """
        Let the clients finish what they do.

        @return: What they saw.
        """
        self._leave.set()
        for thread in self._threads:
            thread.join(3 * PATIENCE)
        return self.tally

    def _count(self, answer: Response) -> None:
        with self._served:
            if answer.status == 200:
                self.tally.served += 1
            else:
                self.tally.failed.append(answer.head.split(b"\r\n")[0].decode())
            self._served.notify_all()

    def _fail(self, text: str) -> None:
        with self._lock:
            self.tally.failed.append(text)

    def _connect(self) -> Connection | None:
        try:
            return Connection(self._port)
        except OSError:
            with self._lock:
                self.tally.refused += 1
            return None

    def _one_shot(self) -> None:
        while not self._leave.is_set():
            connection = self._connect()
            if connection is None:
                continue
            try:
                self._count(connection.ask(headers="connection: close\r\n"))
            except (OSError, EOFError) as error:
                self._fail(f"one-shot: {error!r}")
            finally:
                connection.close()

    def _persistent(self) -> None:
        connection: Connection | None = None
        fresh = True
        while not self._leave.is_set():
            if connection is None:
                connection, fresh = self._connect(), True
                continue
            try:
                answer = connection.ask()
            except (OSError, EOFError) as error:
                # A close between two requests is allowed: RFC 9112 9.3.1 has the
                # client ask again. One before the first answer is a failure.
                if fresh or ("ended after b''" not in str(error) and isinstance(error, EOFError)):
                    self._fail(f"persistent: {error!r}")
                connection.close()
                connection = None
                continue
            self._count(answer)
            fresh = False
            if answer.header("connection") == "close":
                connection.close()
                connection = None
        if connection is not None:
            connection.close()
