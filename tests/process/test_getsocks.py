"""
Tests for L{mwproxy.process.getsocks}.
"""

from __future__ import annotations

import array
import os
import shutil
import socket
import struct
import tempfile
import threading
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.getsocks import NoTransfer, fetch_listeners, key_of


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

    def test_by_other_ways(self) -> None:
        """
        The console may be an abstract socket, or what an inherited descriptor leads to.
        """
        for name, kind in ((b"\0mwp-console".ljust(108, b"\0"), "abns"), (b"\0mwp-con", "abnsz")):
            self.server.close()
            self.server = self.listening(socket.AF_UNIX, name)
            self.serve([])
            host = name.strip(b"\0").decode()
            self.assertEqual(fetch_listeners(f"{kind}@{host}"), {})
            self.thread.join()
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)

        def serve() -> None:
            data, fds, _, _ = socket.recv_fds(ours, 10, 1)
            with socket.socket(fileno=fds[0]) as peer:
                self.received += [data, peer.recv(100)]
                peer.sendall(bytes(4))

        thread = threading.Thread(target=serve)
        thread.start()
        self.assertEqual(fetch_listeners(f"sockpair@{theirs.fileno()}"), {})
        thread.join()
        self.assertEqual(self.received[-2:], [b"\0\0", b"_getsocks\n"])

    def test_no_address(self) -> None:
        """
        What cannot be an address is refused.
        """
        for path in ("sockpair@x", "sockpair@999", "x" * 200, "a\0b"):
            error = self.assertRaises(NoTransfer, fetch_listeners, path)
            self.assertIn("Failed to connect to the old process socket", str(error))

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

    def answer(self, data: bytes, *fds: int) -> str:
        """
        Get the error for an answer, with descriptors beside it.
        """

        def run() -> None:
            peer, _ = self.server.accept()
            with peer:
                peer.recv(100)
                if fds:
                    socket.send_fds(peer, [data], fds)
                else:
                    peer.sendall(data)
                peer.recv(100)

        thread = threading.Thread(target=run)
        thread.start()
        error = self.assertRaises(NoTransfer, fetch_listeners, self.path)
        thread.join()
        return str(error)

    def test_no_sense(self) -> None:
        """
        Numbers that are none, and announcements that are not kept, are told apart; descriptors that
        came are closed.
        """
        before = len(list(Path("/proc/self/fd").iterdir()))
        for count in (-1, 1 << 30):
            self.assertIn("did not answer with its sockets", self.answer(struct.pack("=i", count)))
        self.assertIn("it does not answer", self.answer(b"\0\0"))
        with socket.create_server(("127.0.0.1", 0)) as sock:
            # One comes beside the number, where none belongs; another never does.
            text = self.answer(struct.pack("=i", 2) + bytes(6), sock.fileno())
        self.assertIn("sent fewer sockets than it announced", text)
        self.assertEqual(len(list(Path("/proc/self/fd").iterdir())), before)

    def test_other_descriptors(self) -> None:
        """
        What is no stream socket of a family that is had here is left out.
        """
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = self.listening(socket.AF_INET, ("127.0.0.1", 0))
        ends = socket.socket(fileno=os.dup(datagram.fileno()))
        self.addCleanup(ends.close)
        self.addCleanup(datagram.close)
        with Path(os.devnull).open("rb") as file:
            ours = [datagram.fileno(), file.fileno(), tcp.fileno(), tcp.fileno()]

            def run() -> None:
                peer, _ = self.server.accept()
                with peer:
                    peer.recv(100)
                    peer.sendall(struct.pack("=i", len(ours)))
                    socket.send_fds(peer, [bytes(6 * len(ours))], ours)

            thread = threading.Thread(target=run)
            thread.start()
            found = fetch_listeners(self.path)
            thread.join()
        [(key, sock)] = found.items()
        self.addCleanup(sock.close)
        self.assertEqual(key, ("ipv4", "127.0.0.1", tcp.getsockname()[1], ""))

    def test_abstract(self) -> None:
        """
        Abstract names are told by the padding of the one kind.
        """
        padded = self.listening(socket.AF_UNIX, b"\0mwp-padded".ljust(108, b"\0"))
        exact = self.listening(socket.AF_UNIX, b"\0mwp-exact")
        self.assertEqual(key_of(padded), ("abns", "mwp-padded", 0, ""))
        self.assertEqual(key_of(exact), ("abnsz", "mwp-exact", 0, ""))

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
