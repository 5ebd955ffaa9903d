"""
Tests for L{mwproxy.spoa.listen}.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.spoa.listen import BadAddress, Listening, inherited_listening, open_listening


class ListenTests(SynchronousTestCase):
    """
    Tests of listening.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mws"))
        self.addCleanup(shutil.rmtree, self.directory)

    def open(self, text: str) -> Listening:
        """
        Listen until the test ends.
        """
        listening = open_listening(text)
        self.addCleanup(listening.socket.close)
        return listening

    def assert_refused(self, text: str, expected: str) -> None:
        """
        An address is refused with these words.
        """
        with self.assertRaises(BadAddress) as caught:
            open_listening(text)
        self.assertEqual(str(caught.exception), expected)

    def test_tcp(self) -> None:
        """
        TCP addresses listen, of both families, and tell their port.
        """
        for text, family, host in (
            ("127.0.0.1:0", socket.AF_INET, "127.0.0.1"),
            ("ipv4@127.0.0.1:0", socket.AF_INET, "127.0.0.1"),
            (":0", socket.AF_INET, "0.0.0.0"),
            ("*:0", socket.AF_INET, "0.0.0.0"),
            ("[::1]:0", socket.AF_INET6, "[::1]"),
            ("ipv6@::1:0", socket.AF_INET6, "[::1]"),
            ("ipv6@*:0", socket.AF_INET6, "[::]"),
        ):
            listening = self.open(text)
            self.assertEqual(listening.socket.family, family)
            port = listening.socket.getsockname()[1]
            self.assertEqual(listening.name, f"{host}:{port}")
            socket.create_connection(("::1" if ":" in host else "127.0.0.1", port)).close()

    def test_shared(self) -> None:
        """
        A successor can listen on the same port.
        """
        port = self.open("127.0.0.1:0").socket.getsockname()[1]
        self.assertEqual(self.open(f"127.0.0.1:{port}").name, f"127.0.0.1:{port}")

    def test_unix(self) -> None:
        """
        A UNIX socket takes the place of an older one, whose removal then leaves it alone.
        """
        path = self.directory / "s"
        first = self.open(f"unix@{path}")
        second = self.open(str(path))
        first.remove()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            second.socket.accept()[0].close()
        second.remove()
        self.assertEqual(list(self.directory.iterdir()), [])
        second.remove()

    def test_abstract(self) -> None:
        """
        A name without a file will do.
        """
        name = f"mwproxy-{self.directory.name}"
        self.open(f"abns@{name}")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"\0{name}")

    def test_no_socket(self) -> None:
        """
        A file that is no socket stays what it is.
        """
        path = self.directory / "file"
        path.write_text("precious")
        self.assert_refused(
            str(path), f"cannot listen on '{path}': there is a file that is no socket"
        )
        self.assertEqual(path.read_text(), "precious")

    def test_long_path(self) -> None:
        """
        A path that is too long is told as such.
        """
        path = f"{self.directory}/{'x' * 100}"
        self.assert_refused(
            path, f"cannot listen on '{path}': the path is too long for a UNIX socket"
        )

    def test_no_directory(self) -> None:
        """
        A directory that is not there is told in the system's words.
        """
        path = f"{self.directory}/no/s"
        self.assert_refused(path, f"cannot listen on '{path}': No such file or directory")

    def test_inherited(self) -> None:
        """
        A socket that was handed over listens on, under the same number.
        """
        with socket.create_server(("127.0.0.1", 0)) as sock:
            number = os.dup(sock.fileno())
            port = sock.getsockname()[1]
        listening = self.open(f"fd@{number}")
        self.assertEqual(listening.name, f"127.0.0.1:{port}")

    def test_no_listening_socket(self) -> None:
        """
        A descriptor that does not listen is refused, and stays open.
        """
        first, second = socket.socketpair()
        self.addCleanup(first.close)
        self.addCleanup(second.close)
        number = first.fileno()
        self.assert_refused(f"fd@{number}", f"descriptor {number} is no listening socket")
        first.send(b"x")
        self.assert_refused("fd@99999", "cannot listen on 'fd@99999': Bad file descriptor")
        self.assert_refused("fd@x", "'fd@x' is no address; try fd@3")

    def test_no_address(self) -> None:
        """
        What is no address is told with an example.
        """
        self.assert_refused("12345", "'12345' lacks a port, as in 127.0.0.1:12345")
        self.assert_refused("a:99999", "'a:99999' lacks a port, as in 127.0.0.1:12345")
        self.assert_refused(
            "udp@127.0.0.1:1",
            "'udp@127.0.0.1:1' is no address; try 127.0.0.1:12345, unix@/path/to/socket or fd@3",
        )

    def test_taken(self) -> None:
        """
        A port that somebody has for himself is told in the system's words.
        """
        with socket.create_server(("127.0.0.1", 0)) as sock:
            address = f"127.0.0.1:{sock.getsockname()[1]}"
            self.assert_refused(address, f"cannot listen on '{address}': Address already in use")

    def test_service_manager(self) -> None:
        """
        Sockets of a service manager count only when they are for this process.
        """
        self.assertEqual(inherited_listening({}, 7), [])
        self.assertEqual(inherited_listening({"LISTEN_PID": "8", "LISTEN_FDS": "1"}, 7), [])
        with self.assertRaises(BadAddress) as caught:
            inherited_listening({"LISTEN_PID": "7", "LISTEN_FDS": "x"}, 7)
        self.assertEqual(str(caught.exception), "LISTEN_FDS is 'x', a number expected")
