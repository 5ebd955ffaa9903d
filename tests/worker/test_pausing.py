"""
Tests for L{mwproxy.worker.pausing}.
"""

from __future__ import annotations

import socket

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.worker.pausing import CONFLICT, Port, pause_all, resume_all


class Acceptor:
    """
    Notes what it is told.
    """

    def __init__(self) -> None:
        self.told: list[str] = []

    def drain(self) -> None:
        self.told.append("drain")

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")


class PortTests(SynchronousTestCase):
    """
    Ports that are released and taken back.
    """

    def setUp(self) -> None:
        self.said: list[str] = []
        self.acceptor = Acceptor()

    def listening(self, port: int = 0) -> socket.socket:
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port or self.free_port()))
        sock.listen()
        return sock

    def free_port(self) -> int:
        """
        Find a port: one that the system chooses at binding would not survive the release.
        """
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
            return port

    def make(self, sock: socket.socket, *, inherited: bool = False, owner: str = "proxy p") -> Port:
        return Port(owner, self.acceptor, sock, 5, inherited=inherited)

    def listens(self, sock: socket.socket) -> bool:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))

    def test_released(self) -> None:
        """
        Clients that wait are accepted, then the port is free for others, then it is ours again.
        """
        sock = self.listening()
        ports = [self.make(sock), self.make(sock)]
        pause_all(ports, self.said.append)
        pause_all(ports, self.said.append)
        self.assertEqual(self.acceptor.told, ["drain", "pause"] * 2)
        self.listening(sock.getsockname()[1]).close()
        resume_all(ports, self.said.append)
        resume_all(ports, self.said.append)
        self.assertTrue(self.listens(sock))
        self.assertEqual(self.acceptor.told[4:], ["resume", "resume"])
        self.assertEqual(self.said, ["Paused proxy p.", "Resumed proxy p."])

    def test_conflict(self) -> None:
        """
        What somebody else has stays paused until that one is gone; the others are resumed.
        """
        sock = self.listening()
        ports = [self.make(sock), self.make(self.listening(), owner="frontend f")]
        pause_all(ports, self.said.append)
        other = self.listening(sock.getsockname()[1])
        del self.said[:]
        resume_all(ports, self.said.append)
        self.assertEqual(self.said, ["Resumed frontend f.", CONFLICT])
        other.close()
        resume_all(ports, self.said.append)
        self.assertEqual(self.said[2:], ["Resumed proxy p."])

    def test_not_released(self) -> None:
        """
        Inherited sockets and those of paths go on to listen.
        """
        path = socket.socket(socket.AF_UNIX)
        self.addCleanup(path.close)
        path.bind("")
        path.listen()
        for port, sock in (
            (self.make(path), path),
            (self.make(inherited := self.listening(), inherited=True), inherited),
        ):
            port.pause()
            self.assertTrue(self.listens(sock))
            self.assertTrue(port.resume())
        self.assertEqual(self.acceptor.told, ["pause", "resume"] * 2)

    def test_closed(self) -> None:
        """
        What is closed is neither paused nor resumed.
        """
        sock = self.listening()
        port = self.make(sock)
        sock.close()
        pause_all([port], self.said.append)
        resume_all([port], self.said.append)
        self.assertEqual((self.said, self.acceptor.told), ([], []))
