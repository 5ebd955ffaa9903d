"""
Tests for L{mwproxy.programs.readiness}.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from mwproxy.config.program_settings import Ready
from mwproxy.process.system import System
from mwproxy.programs.readiness import ConnectCheck, NotifyCheck
from mwproxy.protocols.spop.frames import Kind, encode_frame
from mwproxy.protocols.spop.hello import AgentHello, encode_agent_hello
from tests.process.memory import MemorySystem

SEND = (
    "import os, socket, sys; sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
    " sock.sendto(sys.argv[2].encode(), sys.argv[1].replace('@', chr(0)));"
    " print(flush=True); sys.stdin.read()"
)


class NotifyTests(SynchronousTestCase):
    """
    Tests for C{ready notify}.
    """

    timeout = 20

    def setUp(self) -> None:
        self.check = NotifyCheck(MemorySystem())
        self.addCleanup(self.check.give_up)
        self.check.begin()
        self.told: list[str] = []

    def sender(self, message: str) -> int:
        """
        Send from a living process in a group of its own.

        @return: Its group.
        """
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", SEND, self.check.address, message],
            process_group=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(process.communicate)
        assert process.stdout is not None
        process.stdout.readline()
        return process.pid

    def test_member(self) -> None:
        """
        A member of the program's group is believed, once.
        """
        group = self.sender("STATUS=x\nREADY=1")
        self.check.expect(group, lambda: self.told.append("ready"))
        self.check.doRead()
        self.check.doRead()
        self.assertEqual(self.told, ["ready"])

    def test_somebody_else(self) -> None:
        """
        Another process is not, nor is another message.
        """
        self.check.expect(os.getpgid(0), lambda: self.told.append("ready"))
        self.sender("READY=1")
        self.check.doRead()
        group = self.sender("READY=0\nSTATUS=READY=1")
        self.check.expect(group, lambda: self.told.append("ready"))
        self.check.doRead()
        self.assertEqual(self.told, [])

    def test_another_image(self) -> None:
        """
        A successor reads what was sent before.
        """
        group = self.sender("READY=1")
        check = NotifyCheck(MemorySystem(), os.dup(self.check.fileno()))
        self.addCleanup(check.give_up)
        self.assertEqual(check.address, self.check.address)
        check.expect(group, lambda: self.told.append("ready")).doRead()
        self.assertEqual(self.told, ["ready"])


class Peer(Protocol):
    """
    Something that accepts, and answers with what it was told to.
    """

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        factory: Any = self.factory
        answer = factory.answers.pop(0) if factory.answers else b""
        if answer is None:
            self.transport.loseConnection()
            return
        for index in range(len(answer)):
            self.transport.write(answer[index : index + 1])


class PeerFactory(Factory):
    """
    Makes peers.

    @ivar answers: One for each connection, L{None} to close it.
    """

    noisy = False
    protocol = Peer

    def __init__(self, answers: list[bytes | None]) -> None:
        self.answers = answers


class ConnectTests(TestCase):
    """
    Tests for C{ready listen} and C{ready spop}.
    """

    timeout = 20

    def check(self, kind: str, port: int) -> tuple[ConnectCheck, Deferred[None]]:
        from twisted.internet import reactor

        done: Deferred[None] = Deferred()
        ready = Ready(kind, f"127.0.0.1:{port}")
        check = ConnectCheck(
            System(reactor), ready, os.getpgid(0), lambda: [], lambda: done.callback(None)
        )
        self.addCleanup(check.give_up)
        check.begin()
        return check, done

    def listen(self, answers: list[bytes | None], port: int = 0) -> int:
        from twisted.internet import reactor

        factory: Any = PeerFactory(answers)
        found: Any = reactor.listenTCP(port, factory, interface="127.0.0.1")
        self.addCleanup(found.stopListening)
        return int(found.getHost().port)

    async def test_listen(self) -> None:
        """
        It is ready once somebody accepts, who did not before.
        """
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
        check, done = self.check("listen", port)
        self.assertEqual(check.missing(), f"nobody accepts at 127.0.0.1:{port}")
        self.listen([], port)
        await done

    async def test_spop(self) -> None:
        """
        It is ready once an agent says hello, whatever it answered before.
        """
        hello = encode_agent_hello(AgentHello(1000))
        wrong = [b"HTTP/1.1 400\r\n\r\n", None, encode_frame(Kind.ACK, b"")]
        _, done = self.check("spop", self.listen([*wrong, hello]))
        await done

    async def test_given_up(self) -> None:
        """
        Given up, it connects no more.
        """
        check, done = self.check("spop", self.listen([b"?"]))
        check.give_up()
        self.assertFalse(done.called)
