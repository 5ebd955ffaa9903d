"""
One connection to a console: blocking, and never longer than it was given.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mwproxy.client.place import Place, parse_place
from mwproxy.core.addresses import Address
from mwproxy.core.values import BadValue

#: Bytes taken at one time, and of one answer that is kept whole.
PIECE = 65536
MOST = 16 * 1024 * 1024
#: How what a TLS port says to plain text begins: an alert, or our own consoles' words.
_SPEAKS_TLS = (b"\x15\x03", b"This console speaks TLS only.")


class Unreachable(Exception):
    """
    The console cannot be asked, or ended before it had answered; the text is the operator's
    message.
    """


class TooLate(Unreachable):
    """
    It took longer than it was given.
    """


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    What TLS needs; empty for what was not given.

    @ivar cert: File of the client's certificate, and of its key unless C{key} has it.

    @ivar key: File of the client's key.

    @ivar ca: File of the authorities to trust instead of those of the system.

    @ivar server_name: Name that the server's certificate must have, instead of that of the address.
    """

    cert: str = ""
    key: str = ""
    ca: str = ""
    server_name: str = ""


class Connection:
    """
    A console that commands are sent to. Closed by C{with}.

    @ivar place: Where it is.   @ivar address: The same as the operator wrote it.
    """

    def __init__(
        self,
        address: str,
        seconds: float,
        credentials: Credentials = Credentials(),  # frozen
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Connect.

        @param address: See L{parse_place}.

        @param seconds: How long all that is done with it may take together, until L{allow}.

        @param credentials: For TLS.

        @raise Unreachable: Nobody answers there, or it is not who it should be.
        """
        self.address = address.split(",", 1)[0]
        self._clock = clock
        self._heard = False
        self.allow(seconds)
        try:
            self.place = parse_place(address)
            self._sock = self._connect(self.place)
        except BadValue as error:
            raise Unreachable(f"{error}") from None
        except TimeoutError:
            raise self._late("cannot connect") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unreachable(f"cannot connect to '{self.address}': {reason}") from None
        if self.place.tls:
            self._secure(credentials)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def allow(self, seconds: float) -> None:
        """
        Give it more time.

        @param seconds: How long all that is done from now on may take.
        """
        self._seconds = seconds
        self._end = self._clock() + seconds

    def close(self) -> None:
        """
        Close it.
        """
        self._sock.close()

    def abort(self) -> None:
        """
        End it from another thread, which wakes who waits for it.
        """
        self._sock.shutdown(socket.SHUT_RDWR)

    def fileno(self) -> int:
        """
        Get its descriptor, to wait for.
        """
        return self._sock.fileno()

    def send(self, text: str) -> None:
        """
        Send a line of commands, or several.

        @param text: Without its last line feed.

        @raise Unreachable: The console does not take it.
        """
        try:
            self._sock.settimeout(self._left())
            self._sock.sendall(f"{text}\n".encode("utf-8", "surrogateescape"))
        except TimeoutError:
            raise self._late("no answer") from None
        except OSError as error:
            raise Unreachable(self._broken(error)) from None

    def receive(self) -> bytes:
        """
        Take what came, waiting for it.

        @return: Bytes, none when the console hung up.

        @raise Unreachable: The time is over, or the connection broke.
        """
        try:
            self._sock.settimeout(self._left())
            piece = self._sock.recv(PIECE)
        except TimeoutError:
            raise self._late("no answer") from None
        except OSError as error:
            raise Unreachable(self._broken(error)) from None
        if piece.startswith(_SPEAKS_TLS) and not self.place.tls:
            raise Unreachable(f"'{self.address}' speaks TLS: write tls://{self.place.address}")
        self._heard = True
        return piece

    def lines(self) -> Iterator[str]:
        """
        Take what comes, up to the end of the connection.

        @return: Lines without their line feeds, as they arrive; an unfinished last one too.

        @raise Unreachable: The time is over, or the connection broke.
        """
        begun: list[bytes] = []
        size = 0
        while piece := self.receive():
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

    def _left(self) -> float:
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def _late(self, what: str) -> TooLate:
        return TooLate(f"{what}: '{self.address}' took longer than {self._seconds:g} s")

    def _broken(self, error: OSError) -> str:
        if self.place.tls and not self._heard:
            from mwproxy.client.tls import refusal

            return refusal(self._sock, error, self.place)
        return f"'{self.address}' hung up: {error.strerror or error}"

    def _secure(self, credentials: Credentials) -> None:
        # Imported here: most connections are plain, and this takes longer than all the rest.
        from mwproxy.client.tls import Untrusted, secure

        plain = self._sock
        try:
            plain.settimeout(self._left())
            self._sock = secure(plain, self.place, credentials)
        except Untrusted as error:
            plain.close()
            raise Unreachable(str(error)) from None
        except TimeoutError:
            plain.close()
            raise Unreachable(
                f"no TLS handshake with '{self.address}' within {self._seconds:g} s:"
                f" does it speak TLS? If not: tcp://{self.place.address}"
            ) from None

    def _connect(self, place: Place) -> socket.socket:
        address = place.address
        if address.is_ip:
            return socket.create_connection((address.host, address.port), self._left())
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
