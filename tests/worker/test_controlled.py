"""
Tests for L{mwproxy.worker.controlled}, and with it for L{mwproxy.process.channel}: both ends of a
true control channel.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.protocols import amp
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from mwproxy.core.levels import Level
from mwproxy.process.channel import CONSOLE_PATIENCE, MasterChannel
from mwproxy.process.ipc import CHANNEL_VERSION
from mwproxy.process.sockets import CannotBind, ListenerSpec
from mwproxy.process.system import System
from mwproxy.worker import controlled
from mwproxy.worker.controlled import WorkerChannel
from mwproxy.worker.order import Order

SPEC = ListenerSpec("ipv4", "127.0.0.1", 80, interface="lo", backlog=5, v6only=None, mode=0o600)

#: What is not the channel's language.
GARBAGE = (
    b"\xff" * 4096,
    b"HTTP/1.1 200 OK\r\n\r\n",
    amp.Box({b"_answer": b"4711"}).serialize(),
)
#: What neither side can execute.
BAD_COMMANDS: tuple[tuple[bytes, dict[str, bytes]], ...] = (
    (b"Figures", {"figures": b"{"}),
    (b"Load", {"generation": b"x"}),
    (b"Dance", {}),
)


class Events:
    """
    Records what a worker tells its master, and lets a test wait for it.
    """

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.waiting: list[tuple[str, Deferred[Any]]] = []
        self.fd = -1
        self.refusal = ""

    def until(self, name: str) -> Deferred[Any]:
        waiting: Deferred[Any] = Deferred()
        self.waiting.append((name, waiting))
        return waiting

    def note(self, *event: Any) -> None:
        self.log.append(event)
        for name, waiting in list(self.waiting):
            if name == event[0]:
                self.waiting.remove((name, waiting))
                waiting.callback(event)

    def said_hello(self, version: int, software: str, pid: int) -> None:
        self.note("hello", version, pid)

    def said_status(self, status: str, facts: dict[str, Any]) -> None:
        self.note("status", status, facts)

    def said_message(self, text: str) -> None:
        self.note("message", text)

    def said_figures(self, figures: dict[str, Any]) -> None:
        self.note("figures", figures)

    def needs_listener(self, spec: ListenerSpec) -> int:
        self.note("needs", spec)
        if self.refusal:
            raise CannotBind(self.refusal)
        return self.fd

    def channel_closed(self) -> None:
        self.note("closed")


class FakeReactor:
    """
    A worker's reactor that may be stopped.
    """

    def __init__(self, gone: Deferred[int]) -> None:
        self._gone = gone
        self.callLater = reactor.callLater

    def callWhenRunning(self, function: Callable[[], None]) -> None:
        function()

    def stop(self) -> None:
        self._gone.callback(-1)


class FakeService:
    """
    Records what a worker's service is asked for.
    """

    def __init__(self, status: int = 0) -> None:
        self.state = None
        self.status = status
        self.orders: list[Order] = []
        self.consoles: list[tuple[socket.socket, Level, str]] = []
        self.opened: Deferred[None] = Deferred()

    async def load(self, order: Order) -> int:
        self.orders.append(order)
        return self.status

    def serve_console(self, sock: socket.socket, level: Level, mode: str, who: str = "") -> None:
        self.consoles.append((sock, level, mode))
        self.opened.callback(None)


class ChannelTests(TestCase):
    """
    A master and a worker that speak with each other.
    """

    timeout = 20

    def setUp(self) -> None:
        self.gone: Deferred[int] = Deferred()
        self.patch(controlled, "end_now", self.gone.callback)
        self.written: list[str] = []
        self.events = Events()
        self.clock = Clock()
        self.master = MasterChannel(self.events, self.clock.callLater)
        self.worker = WorkerChannel(FakeReactor(self.gone))
        self.worker.host.speaker._write = self.written.append
        self.service = FakeService()
        self.worker.service = self.service  # type: ignore[assignment]  # the part that is used
        system = System(reactor)
        ours, theirs = system.socketpair()
        system.adopt(ours, self.master)
        system.adopt(theirs, self.worker)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.close()))

    async def close(self) -> None:
        if self.master.transport is not None:
            closed = self.events.until("closed")
            self.master.hang_up()
            await closed
        await self.gone

    async def test_hello(self) -> None:
        """
        The first thing said is which channel the worker speaks and who it is.
        """
        await self.events.until("hello")
        self.assertEqual(self.events.log, [("hello", CHANNEL_VERSION, os.getpid())])

    async def test_order(self) -> None:
        """
        An order reaches the service; changes of the environment are applied to the worker's own,
        and facts that this version does not know are left out.
        """
        self.service.status = 3
        failed = self.events.until("status")
        self.master.load(
            7,
            1,
            {
                "files": ["a"],
                "generation": 7,
                "process": 1,
                "environment": {"HAPROXY_MWORKER": "1"},
                "from_the_future": 1,
            },
            {"a": b"global\n", "b": b""},
        )
        await failed
        # It ends when the master has taken note.
        await self.gone
        (order,) = self.service.orders
        self.assertEqual((order.files, order.generation), (["a"], 7))
        self.assertEqual(order.contents, {"a": b"global\n", "b": b""})
        self.assertEqual(order.environment["HAPROXY_MWORKER"], "1")
        self.assertEqual(order.environment["PATH"], os.environ["PATH"])
        self.assertEqual(self.events.log[-1], ("status", "FAILED", {"status": 3}))

    async def test_listener(self) -> None:
        """
        A listening socket crosses the channel, with everything that was said about it.
        """
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            self.events.fd = sock.fileno()
            fd = await self.worker.host.get_listener(SPEC)
            with socket.socket(fileno=fd) as got:
                self.assertEqual(got.getsockname(), sock.getsockname())
                self.assertFalse(os.get_inheritable(fd))
                self.assertFalse(os.get_blocking(fd))
        self.assertIn(("needs", SPEC), self.events.log)

    async def test_no_listener(self) -> None:
        """
        What the system said reaches the worker word for word.
        """
        self.events.refusal = "cannot bind socket (Address already in use) for [127.0.0.1:80]"
        try:
            await self.worker.host.get_listener(SPEC)
        except CannotBind as error:
            self.assertEqual(str(error), self.events.refusal)
        else:
            self.fail("it was bound")

    async def test_messages_before_ready(self) -> None:
        """
        What is said before READY reaches the master, introduced, and in pieces if it is long;
        what is said afterwards is only printed.
        """
        host = self.worker.host
        ready = self.events.until("status")
        host.say("[WARNING]  (1) : " + "x" * 20_000)
        host.say_ready({"listeners": 1})
        host.say("[WARNING]  (1) : later")
        await ready
        texts = [event[1] for event in self.events.log if event[0] == "message"]
        self.assertEqual(len(texts), 4)
        self.assertIn("mwproxy version is", texts[0])
        self.assertEqual(texts[2] + texts[3], "[WARNING]  (1) : " + "x" * 20_000)
        self.assertEqual(self.written[-1], "[WARNING]  (1) : later")
        self.assertEqual(self.events.log[-1], ("status", "READY", {"listeners": 1}))

    async def test_figures(self) -> None:
        """
        Figures are told when they changed, and not with every report.
        """
        told = self.events.until("figures")
        for _ in range(9):
            self.worker.host.report({"connections": 4})
        self.worker.host.say_ready({})
        await told
        await self.events.until("status")
        figures = [event for event in self.events.log if event[0] == "figures"]
        self.assertEqual(figures, [("figures", {"connections": 4})])

    async def test_console(self) -> None:
        """
        A console session is a stream of its own, with the level that the master gives it.
        """
        await self.events.until("hello")
        with self.master.open_console(Level.OPERATOR, "p") as ours:
            await self.service.opened
            ((theirs, level, mode),) = self.service.consoles
            with theirs:
                self.assertEqual((level, mode), (Level.OPERATOR, "p"))
                theirs.send(b"hello")
                ours.setblocking(True)
                self.assertEqual(ours.recv(5), b"hello")

    async def test_told_to_end_while_it_loads(self) -> None:
        """
        A load that fails since its worker has been told to end meanwhile is no fault of ours.
        """
        await self.events.until("hello")
        self.worker._end(0)
        self.worker._broken(Failure(ConnectionLost()))
        self.assertEqual(await self.gone, -1)
        self.assertEqual(self.written, [])
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_the_master_is_gone(self) -> None:
        """
        A worker that loses its channel ends at once, with status 1.
        """
        await self.events.until("hello")
        self.gone.addCallback(self.assertEqual, 1)
        closed = self.events.until("closed")
        self.master.hang_up()
        await closed
        await self.gone

    async def test_a_closed_channel_opens_no_console(self) -> None:
        """
        A worker that hung up cannot be asked for a session.
        """
        await self.events.until("hello")
        closed = self.events.until("closed")
        self.master.hang_up()
        await closed
        self.assertRaises(LookupError, self.master.open_console, Level.USER, "n")

    async def test_a_worker_that_does_not_take_the_console(self) -> None:
        """
        A session that the worker takes no note of ends with a message, and what was asked on it is
        never executed.
        """
        await self.events.until("hello")
        self.worker.transport.pauseProducing()
        with self.master.open_console(Level.ADMIN, "n") as ours:
            ours.send(b"shutdown sessions server b/s\n")
            self.clock.advance(CONSOLE_PATIENCE)
            ours.setblocking(True)
            said = ours.makefile("rb").read()
            self.assertEqual(said, b"The worker does not answer since 10 seconds.\n\n")
            self.worker.transport.resumeProducing()
            await self.service.opened
            ((theirs, _, _),) = self.service.consoles
            with theirs:
                self.assertEqual(theirs.recv(100), b"")

    async def test_a_long_command_has_its_time(self) -> None:
        """
        The worker took note of the session: from then on it may take as long as it likes.
        """
        await self.events.until("hello")
        with self.master.open_console(Level.ADMIN, "n") as ours:
            await self.service.opened
            ((theirs, _, _),) = self.service.consoles
            with theirs:
                # Its answer is on its way between these.
                for _ in range(2):
                    self.worker.host.say_ready({})
                    await self.events.until("status")
                self.clock.advance(10 * CONSOLE_PATIENCE)
                theirs.send(b"done")
                ours.setblocking(True)
                self.assertEqual(ours.recv(100), b"done")

    async def test_garbage_for_the_master(self) -> None:
        """
        A worker that does not speak the channel's language loses its channel, and nothing else
        happens: an impossible key, something else's greeting, an answer to no question.
        """
        for garbage in GARBAGE:
            closed = self.events.until("closed")
            self.worker.transport.write(garbage)
            await closed
            await self.gone
            self.assertEqual([each[0] for each in self.events.log], ["hello", "closed"])
            self.setUp()
        await self.events.until("hello")

    async def test_garbage_for_the_worker(self) -> None:
        """
        A worker that does not understand its master has none any more, and exits at once.
        """
        for garbage in GARBAGE:
            await self.events.until("hello")
            closed = self.events.until("closed")
            self.master.transport.write(garbage)
            self.assertEqual(await self.gone, 1)
            await closed
            self.assertEqual((self.service.orders, self.service.consoles), ([], []))
            self.setUp()
        await self.events.until("hello")

    async def test_a_command_that_cannot_be_executed(self) -> None:
        """
        A command with impossible arguments, or one that does not exist, is refused; the channel
        stays.
        """
        await self.events.until("hello")
        for name, arguments in BAD_COMMANDS:
            for end in (self.worker, self.master):
                refused = end.callRemoteString(name, **arguments)
                await self.assertFailure(refused, amp.UnhandledCommand, amp.RemoteAmpError)
        with self.master.open_console(Level.ADMIN, "n"):
            await self.service.opened
        self.service.consoles[0][0].close()
        self.assertEqual([each[0] for each in self.events.log], ["hello"])
        self.assertEqual(self.service.orders, [])
        self.assertEqual(len(self.flushLoggedErrors()), 2)
