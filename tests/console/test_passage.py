"""
Tests for consoles that another image of the master goes on with
(L{mwproxy.console.master_session}, L{mwproxy.console.listener}).
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.console.listener import ConsoleService, make_console_services
from mwproxy.console.master_session import REPLACED, MasterConsole
from mwproxy.console.master_view import ReloadResult
from mwproxy.core.levels import Level
from mwproxy.process.inheritance import SessionFacts
from tests.console.sessions import FakeReactor, FakeView, Wire, connected

GONE = Failure(ConnectionDone())


class Full(Wire):
    """
    A transport that has written some bytes and keeps the others.
    """

    def __init__(self, kept: bytes = b"") -> None:
        super().__init__()
        self.dataBuffer = kept
        self.offset = 0

    def fileno(self) -> int:
        return 9

    def doWrite(self) -> None:
        """
        The kernel takes nothing.
        """


class SessionTests(SynchronousTestCase):
    """
    Tests for single connections.
    """

    def setUp(self) -> None:
        self.view = FakeView()
        self.reactor = FakeReactor()
        self.session = MasterConsole(self.view, self.reactor)
        self.wire = Full()
        self.session.makeConnection(self.wire)
        self.addCleanup(self.session.connectionLost, GONE)

    def say(self, text: str) -> None:
        self.session.dataReceived(text.encode())

    def facts(self, *requests: object) -> SessionFacts:
        """
        Note where the connection stands.
        """
        facts = self.session.facts(requests)
        assert facts is not None
        self.assertEqual(facts.fd, 9)
        return facts

    def succeed(self, facts: SessionFacts, reload: Any = None) -> Wire:
        """
        Go on with the connection.

        @return: Its transport.
        """
        session = MasterConsole(self.view, self.reactor)
        wire = connected(session)
        self.addCleanup(session.connectionLost, GONE)
        session.go_on(facts, reload)
        self.session = session
        return wire

    def test_modes(self) -> None:
        """
        Level, prompt, modes and the default target are what they were; nothing is said.
        """
        self.say("prompt timed\nexpert-mode on\noperator\n@!100\n")
        wire = self.succeed(self.facts())
        self.assertEqual(wire.text(), "")
        self.say("\n@master show cli level\n")
        # An empty line goes to the worker that was chosen.
        self.assertEqual(self.view.opened, [(100, Level.OPERATOR, "n")])

    def test_what_cannot_go_on(self) -> None:
        """
        A client whose command ends with this image is told so when that is certain; others are not.
        """
        self.session.farewell([])
        self.session.hold()
        self.assertIsNone(self.session.facts([]))
        self.assertEqual(self.wire.text(), "")
        self.session.farewell([])
        self.assertEqual(self.wire.text(), REPLACED)

    def test_no_farewell(self) -> None:
        """
        Who waits for a worker, or for a reload, stays.
        """
        asked = object()
        self.session.hold()
        self.session.state.awaited = asked
        self.session.farewell([object(), asked])
        self.session.release()
        self.session.state.awaited = None
        self.say("@1 show info\n")
        self.session.farewell([])
        self.assertNotIn(REPLACED, self.wire.text())

    def test_input(self) -> None:
        """
        A line that has come in part is executed when the rest has come.
        """
        self.say("show ver")
        wire = self.succeed(self.facts())
        self.say("sion\n")
        self.assertEqual(wire.text(), f"{__version__}\n\n")

    def test_unsent(self) -> None:
        """
        What the client has not got yet comes first.
        """
        self.wire.dataBuffer = b"rest of an answer\n\n"
        self.say("show version\nshow")
        wire = self.succeed(self.facts())
        self.say(" version\n")
        self.assertEqual(wire.text(), f"rest of an answer\n\n{__version__}\n\n")

    def test_reload(self) -> None:
        """
        Who asked for a reload gets its answer from the successor, and is closed then.
        """
        self.say("reload\n")
        ((_, asked),) = self.view.reloads
        facts = self.facts(object(), asked)
        self.assertEqual(facts.request, 1)
        answer: Deferred[ReloadResult] = Deferred()
        wire = self.succeed(facts, answer)
        self.assertEqual(wire.text(), "")
        answer.callback(ReloadResult(True, "log\n", 2))
        self.assertEqual(wire.text(), "Success=1\n--\nlog\n\n")
        self.assertTrue(wire.disconnecting)

    def test_reload_with_prompt(self) -> None:
        """
        With a prompt it stays open.
        """
        self.say("prompt\nreload\n")
        ((_, asked),) = self.view.reloads
        answer: Deferred[ReloadResult] = Deferred()
        wire = self.succeed(self.facts(asked), answer)
        answer.callback(ReloadResult(False, "log\n", 1))
        self.assertEqual(wire.text(), "Success=0\n--\nlog\n\nmaster> ")
        self.assertFalse(wire.disconnecting)

    def test_long_answer(self) -> None:
        """
        An answer under way is written as a whole before.
        """
        pieces = iter([f"{number}\n" for number in range(3)])
        self.session.answer(iter(pieces))
        self.facts()
        self.assertEqual(self.wire.text(), "0\n1\n2\n")

    def test_worker_answers(self) -> None:
        """
        A command that a worker executes is executed once, and its answer reaches the client.
        """
        self.say("@1 show info\nshow version\n")
        (wire, _) = self.reactor.wires[-1]
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        vars(wire)["fileno"] = ours.detach
        facts = self.facts()
        self.assertEqual(facts.input, b"show version\n")
        client = self.succeed(facts)
        inner, protocol = self.reactor.wires[-1]
        self.assertEqual((inner.text(), client.text()), ("", ""))
        protocol.dataReceived(b"information\n\n")
        self.assertEqual(client.text(), "information\n\n")
        protocol.connectionLost(GONE)
        self.assertEqual(client.text(), f"{__version__}\n\n")

    def test_session_in_a_worker(self) -> None:
        """
        A session in a worker takes the client's input further on.
        """
        self.say("@@1\n")
        (wire, _) = self.reactor.wires[-1]
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        vars(wire)["fileno"] = ours.detach
        facts = self.facts()
        assert facts.relay is not None
        self.assertTrue(facts.relay.session)
        client = self.succeed(facts)
        inner, protocol = self.reactor.wires[-1]
        self.say("show info\n")
        self.assertEqual(inner.text(), "show info\n")
        self.session.readConnectionLost()
        self.assertTrue(inner.half_closed)
        protocol.dataReceived(b"x")
        self.assertEqual(client.text(), "x")

    def test_next_command(self) -> None:
        """
        A command that begins because there is room again is not lost.
        """
        self.wire.dataBuffer = b"rest\n"
        self.session.pauseProducing()
        self.say("@1 show info\n")
        self.assertEqual(self.view.opened, [])

        def write() -> None:
            self.session.resumeProducing()
            vars(self.reactor.wires[-1][0])["fileno"] = lambda: 8

        vars(self.wire)["doWrite"] = write
        facts = self.session.facts([])
        self.assertEqual(len(self.view.opened), 1)
        assert facts is not None
        self.assertIsNotNone(facts.relay)

    def test_over(self) -> None:
        """
        A connection that is closed, or waits for what will not come, does not cross.
        """
        self.say("reload\n")
        self.assertIsNone(self.session.facts([]))
        self.say("")
        self.session.connectionLost(GONE)
        self.assertIsNone(self.session.facts([self.view.reloads[0][1]]))


class ServiceTests(SynchronousTestCase):
    """
    Tests for a listener with its connections.
    """

    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = str(Path(self.directory, "m"))
        self.reactor = FakeReactor()
        self.view = FakeView()

    def service(self) -> ConsoleService:
        """
        Listen.
        """
        (service,) = make_console_services([self.path], self.view, self.reactor)
        service.startService()
        self.addCleanup(service.stopService)
        return service

    def test_connections(self) -> None:
        """
        Connections come with their listener, those that cannot be found are left out; each counts
        for the limit.
        """
        service = self.service()
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        ours2, theirs2 = socket.socketpair()
        self.addCleanup(theirs2.close)
        gone = os.memfd_create("x")
        self.addCleanup(os.close, gone)
        answer: Deferred[ReloadResult] = Deferred()
        service.inherit(
            [
                SessionFacts(ours.detach(), level="admin", request=0),
                SessionFacts(ours2.detach(), level="emperor"),
                SessionFacts(gone),
                SessionFacts(-1),
            ],
            [answer],
        )
        (wire, _), (refused, broken) = self.reactor.wires
        self.assertTrue(refused.disconnecting)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        broken.connectionLost(GONE)
        self.assertEqual(service._gate.inside, 1)
        answer.callback(ReloadResult(True, "", 2))
        self.assertEqual(wire.text(), "Success=1\n--\n\n")

    def test_facts(self) -> None:
        """
        The listener is described with its socket and its name in the file system.
        """
        service = self.service()
        facts = service.facts([])
        self.assertEqual(facts.bound.fd, service.sock.fileno())
        found = Path(self.path).stat()
        self.assertEqual(facts.bound.inode, [found.st_dev, found.st_ino])
        self.assertEqual(facts.sessions, [])
