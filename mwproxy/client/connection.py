"""
One connection to the master's console: blocking, and never longer than it was given.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator

from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.values import BadValue

#: Bytes taken at one time, and of one answer.
PIECE = 65536
MOST = 16 * 1024 * 1024


class Unreachable(Exception):
    """
    The console cannot be asked, or ended before it had answered; the text is the operator's
    message.
    """


class Connection:
    """
    A console that commands are sent to. Closed by C{with}.
    """

    def __init__(
        self, address: str, seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Connect.

        @param address: As of C{-S}: a path, C{unix@}, C{abns@}, or an IP address or name with its
            port; options behind a comma do not count.

        @param seconds: How long all that is done with it may take together.

        @raise Unreachable: Nobody answers there.
        """
        self.address = address.split(",", 1)[0]
        self._seconds = seconds
        self._clock = clock
        self._end = clock() + seconds
        try:
            parsed = parse_address(self.address)
            self._sock = self._connect(parsed)
        except BadValue as error:
            raise Unreachable(f"{error}") from None
        except TimeoutError:
            raise self._late("cannot connect") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unreachable(f"cannot connect to '{self.address}': {reason}") from None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Close it.
        """
        self._sock.close()

    def send(self, line: str) -> None:
        """
        Send a line of commands.

        @param line: Without its line feed.

        @raise Unreachable: The console does not take it.
        """
        try:
            self._sock.settimeout(self._left())
            self._sock.sendall(f"{line}\n".encode("utf-8", "surrogateescape"))
        except TimeoutError:
            raise self._late("no answer") from None
        except OSError as error:
            raise Unreachable(f"'{self.address}' hung up: {error.strerror}") from None

    def lines(self) -> Iterator[str]:
        """
        Take what comes, up to the end of the connection.

        @return: Lines without their line feeds, as they arrive; an unfinished last one too.

        @raise Unreachable: The time is over, or the connection broke.
        """
        begun: list[bytes] = []
        size = 0
        while piece := self._receive():
            size += len(piece)
            if size > MOST:
                raise Unreachable(f"'{self.address}' says too much to be a console")
            *ends, rest = piece.split(b"\n")
            for end in ends:
                yield _text([*begun, end])
                begun.clear()
            begun.append(rest)
        if last := _text(begun):
            yield last

    def _receive(self) -> bytes:
        try:
            self._sock.settimeout(self._left())
            return self._sock.recv(PIECE)
        except TimeoutError:
            raise self._late("no answer") from None
        except OSError as error:
            raise Unreachable(f"'{self.address}' hung up: {error.strerror}") from None

    def _left(self) -> float:
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def _late(self, what: str) -> Unreachable:
        return Unreachable(f"{what}: '{self.address}' took longer than {self._seconds:g} s")

    def _connect(self, address: Address) -> socket.socket:
        if address.is_ip:
            return socket.create_connection((address.host, address.port), self._left())
        if address.family not in ("unix", "abns", "abnsz"):
            raise BadValue(f"cannot connect to '{self.address}': give a path or an address")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Without blocking, a console that is busy would refuse at once.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(self._left()))
            sock.connect(_name(address))
        except BlockingIOError:
            sock.close()
            raise TimeoutError from None
        except BaseException:
            sock.close()
            raise
        return sock


def _text(pieces: list[bytes]) -> str:
    return b"".join(pieces).decode("utf-8", "replace")


def _timeval(seconds: float) -> bytes:
    return struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))


def _name(address: Address) -> str | bytes:
    if address.family == "unix":
        return address.host
    name = address.host.encode()
    return b"\0" + (name.ljust(107, b"\0") if address.family == "abns" else name)
