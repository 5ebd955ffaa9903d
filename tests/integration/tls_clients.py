"""
Clients of consoles over TLS: blocking sockets, each wait bounded.
"""

from __future__ import annotations

import contextlib
import socket
import ssl

from tests.integration.clients import PATIENCE


class TlsConsole:
    """
    An interactive connection to a console.

    @ivar certificate: What the console has shown, DER.
    """

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        """
        @raise ssl.SSLError: The handshake failed, as far as the client can tell.
        """
        plain = socket.create_connection(("127.0.0.1", port), 3 * PATIENCE)
        self.sock = context.wrap_socket(
            plain, server_hostname="localhost", suppress_ragged_eofs=False
        )
        self.certificate = self.sock.getpeercert(True)

    def ask(self, command: str, end: str = "\n\n") -> str:
        """
        Run a command.

        @return: The answer, with what ends it.
        """
        self.sock.sendall(command.encode() + b"\n")
        data = b""
        while not data.endswith(end.encode()):
            more = self.sock.recv(65536)
            if not more:
                raise EOFError(data)
            data += more
        return data.decode()

    def rest(self) -> str:
        """
        Take everything up to the end of TLS; an end without close_notify is an error.
        """
        pieces = []
        while data := self.sock.recv(65536):
            pieces.append(data)
        return b"".join(pieces).decode()

    def close(self) -> None:
        """
        Close it.
        """
        self.sock.close()


def tls_console(port: int, context: ssl.SSLContext, commands: str) -> str:
    """
    Run commands, leave and take everything that comes back.

    @return: The answer.
    """
    with contextlib.closing(TlsConsole(port, context)) as console:
        console.sock.sendall(f"{commands}\nquit\n".encode())
        return console.rest()
