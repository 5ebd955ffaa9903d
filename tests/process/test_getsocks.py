"""
Tests for L{mwproxy.process.getsocks}.
"""

from __future__ import annotations

import array
import shutil
import socket
import struct
import tempfile
import threading

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.getsocks import NoTransfer, fetch_listeners


class FetchTests(SynchronousTestCase):
    """
    Taking over the sockets of an older process.
    """

    timeout = 10

    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = f"{self.directory}/s"
        self.server = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.server.close)
        self.server.bind(self.path)
        self.server.listen()
        self.received: list[bytes] = []

    def serve(self, sockets: list[socket.socket], count: int | None = None) -> None:
        def run() -> None:
            peer, _ = self.server.accept()
            with peer:
                self.received.append(peer.recv(100))
                total = len(sockets) if count is None else count
                peer.sendall(struct.pack("=i", total))
                for sock in sockets:
                    fds = array.array("i", [sock.fileno()])
                    peer.sendmsg(
                        [b"\0" * 6], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds.tobytes())]
                    )
                    self.received.append(peer.recv(4))

        self.thread = threading.Thread(target=run)
        self.thread.start()
        self.addCleanup(self.thread.join)

    def listening(self, family: socket.AddressFamily, address: object) -> socket.socket:
        sock = socket.socket(family)
        self.addCleanup(sock.close)
        sock.bind(address)  # type: ignore[arg-type]  # any address
        sock.listen()
        return sock

    def test_all_families(self) -> None:
        """
        Sockets are known by their addresses; the temporary name of a UNIX socket is not part of it.
        """
        tcp = self.listening(socket.AF_INET, ("127.0.0.1", 0))
        port = tcp.getsockname()[1]
        path = self.listening(socket.AF_UNIX, f"{self.directory}/u.123.tmp")
        self.serve([tcp, path])
        found = fetch_listeners(self.path)
        for sock in found.values():
            self.addCleanup(sock.close)
            self.assertFalse(sock.get_inheritable())
        self.assertEqual(
            set(found),
            {("ipv4", "127.0.0.1", port, ""), ("unix", f"{self.directory}/u", 0, "")},
        )
        self.thread.join()
        self.assertEqual(self.received, [b"_getsocks\n", b"\0\0\0\0", b"\0\0\0\0"])

    def test_none(self) -> None:
        """
        An older process may have nothing to give.
        """
        self.serve([])
        self.assertEqual(fetch_listeners(f"unix@{self.path}"), {})

    def test_it_hangs_up(self) -> None:
        """
        A transfer that ends early is an error.
        """
        self.serve([], count=3)
        self.assertRaises(NoTransfer, fetch_listeners, self.path)

    def test_nobody_there(self) -> None:
        """
        A path without a process is named.
        """
        error = self.assertRaises(NoTransfer, fetch_listeners, f"{self.directory}/x")
        self.assertEqual(
            str(error),
            f"Failed to connect to the old process socket '{self.directory}/x': "
            "No such file or directory",
        )
