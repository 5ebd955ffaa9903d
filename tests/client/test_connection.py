"""
Tests for L{mwproxy.client.connection}.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from mwproxy.client.connection import Connection, Unreachable
from mwproxy.console.tls_bridge import PLAIN_TEXT
from tests.client.consoles import ConsoleTestCase

PATIENCE = 10.0


class ConnectionTests(ConsoleTestCase):
    """
    Connections, and how they fail.
    """

    def test_lines(self) -> None:
        """
        Lines come whole whatever the pieces were, an unfinished last one too.
        """
        console = self.serve(b"a\nb", b"c\n", b"\nlast")
        with Connection(self.path, PATIENCE) as connection:
            connection.send("show proc")
            self.assertEqual(list(connection.lines()), ["a", "bc", "", "last"])
        self.assertEqual(console.heard, b"show proc\n")

    def test_addresses(self) -> None:
        """
        A console is found by a path, by a path with options as C{-S} has them, and by port.
        """
        for address in (self.path, f"unix@{self.path}", f"{self.path},mode,600"):
            console = self.serve(b"x\n")
            with Connection(address, PATIENCE) as connection:
                connection.send("y")
                self.assertEqual(list(connection.lines()), ["x"])
            console.stop()
            Path(self.path).unlink()
        with socket.create_server(("127.0.0.1", 0)) as server:
            connection = Connection(f"127.0.0.1:{server.getsockname()[1]}", PATIENCE)
            connection.send("y")
            accepted, _ = server.accept()
            with connection, accepted:
                self.assertEqual(accepted.recv(10), b"y\n")

    def test_abstract(self) -> None:
        """
        An abstract name is padded as HAProxy pads it.
        """
        name = f"mwproxy-test-{threading.get_ident()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(b"\0" + name.encode().ljust(107, b"\0"))
            server.listen()
            Connection(f"abns@{name}", PATIENCE).close()

    def _why(self, address: str, seconds: float = PATIENCE) -> str:
        return str(self.assertRaises(Unreachable, Connection, address, seconds))

    def test_nobody(self) -> None:
        """
        The message names the address and the system's reason.
        """
        self.assertEqual(
            self._why(self.path), f"cannot connect to '{self.path}': No such file or directory"
        )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
            dead.bind(self.path)
        self.assertEqual(
            self._why(self.path), f"cannot connect to '{self.path}': Connection refused"
        )

    def test_no_address(self) -> None:
        """
        What is no address is said to be none; a relative path is told how it is written.
        """
        self.assertIn("a relative path is written 'unix@run/m.sock'", self._why("run/m.sock"))
        self.assertEqual(self._why("fd@3"), "cannot connect to 'fd@3': give a path or an address")

    def test_late(self) -> None:
        """
        The time that it was given ends it, however the console stalls.
        """
        self.serve(b"Success", stalls=True)
        with Connection(self.path, 0.2) as connection:
            connection.send("reload")
            error = self.assertRaises(Unreachable, list, connection.lines())
        self.assertEqual(str(error), f"no answer: '{self.path}' took longer than 0.2 s")

    def test_drips(self) -> None:
        """
        A console that says a little all the time does not get more time.
        """
        self.serve(b"a\n", b"b\n", stalls=True)
        times = iter([0.0, 1.0, 2.0, 3.0, 11.0])
        with Connection(self.path, 10, clock=lambda: next(times)) as connection:
            connection.send("reload")
            error = self.assertRaises(Unreachable, list, connection.lines())
        self.assertEqual(str(error), f"no answer: '{self.path}' took longer than 10 s")

    def test_floods(self) -> None:
        """
        Somebody who never stops is no console.
        """
        self.serve(*[b"x" * 65536] * 300)
        with Connection(self.path, PATIENCE) as connection:
            connection.send("reload")
            error = self.assertRaises(Unreachable, list, connection.lines())
        self.assertEqual(str(error), f"'{self.path}' says too much to be a console")

    def test_speaks_tls(self) -> None:
        """
        Who answers plain text with a TLS alert, or as our consoles do, is to be asked in another
        way.
        """
        for answer in (b"\x15\x03\x03\x00\x02\x02\x46", PLAIN_TEXT):
            console = self.serve(answer)
            with Connection(self.path, PATIENCE) as connection:
                connection.send("reload")
                error = self.assertRaises(Unreachable, connection.receive)
            console.stop()
            Path(self.path).unlink()
            self.assertEqual(str(error), f"'{self.path}' speaks TLS: write tls://{self.path}")

    def test_full_backlog(self) -> None:
        """
        A console that accepts nobody is given up too.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as busy:
            busy.bind(self.path)
            busy.listen(0)
            with Connection(self.path, PATIENCE):
                self.assertEqual(
                    self._why(self.path, 0.2),
                    f"cannot connect: '{self.path}' took longer than 0.2 s",
                )
