"""
A whole data plane for tests: real loopback sockets, a reactor that the test turns by hand, and a
clock that stands still until the test moves it.

The reactor is not the process's. Nothing here waits for time: L{PlaneTestCase.until} turns the
reactor until a fact holds, and fails when it does not come true within L{PATIENCE} real seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import socket
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import Global
from mwproxy.live.proxies import Backend, Frontend
from mwproxy.live.servers import Server
from mwproxy.net import reactor as reactor_module
from mwproxy.net.plane import Plane
from mwproxy.net.reactor import DirectReactor
from mwproxy.process.sockets import CannotBind, ListenerSpec
from mwproxy.worker.order import Order
from mwproxy.worker.service import WorkerService

#: Real seconds after which a fact that did not come true fails its test.
PATIENCE = 10.0

LOG = 'log-format "%f %b/%s %ts %ST %U %B %rc %fc/%bc/%sc/%sq/%bq %HM"\n'

DEFAULTS = (
    "global\n"
    "  maxconn 200\n"
    "{settings}"
    "defaults\n"
    "  mode http\n"
    "  timeout client 10s\n"
    "  timeout server 20s\n"
    "  timeout connect 5s\n"
)


class Clock:
    """
    A monotonic clock that stands still.
    """

    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """
    Runs the worker: gives it sockets that the test has bound, and keeps what it says.

    @ivar spoken: Messages for operators.

    @ivar ready: What it said of being ready, L{None} before.
    """

    under_master = False
    owns_environment = False

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.ready: dict[str, Any] | None = None
        self.reports: list[dict[str, Any]] = []
        self.ports: dict[int, int] = {}
        self.specs: list[ListenerSpec] = []
        self.refuse: set[int] = set()

    def get_listener(self, spec: ListenerSpec) -> Deferred[int]:
        """
        Bind a socket of the system's choice in place of the port that was asked for.
        """
        self.specs.append(spec)
        if spec.port in self.refuse:
            raise CannotBind("cannot bind socket (Address already in use)")
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.bind(("127.0.0.1", 0))
        sock.listen(128)
        sock.setblocking(False)
        self.ports[spec.port] = sock.getsockname()[1]
        return succeed(sock.detach())

    def drop_privileges(self, settings: Global) -> None:
        """
        Tests have none to drop.
        """

    def say_ready(self, facts: dict[str, Any]) -> None:
        """
        Note that traffic is being accepted.
        """
        self.ready = facts

    def say(self, text: str) -> None:
        """
        Keep a message.
        """
        self.spoken.append(text)

    def say_paused(self, paused: bool) -> None:
        """
        Note it.
        """
        self.paused = paused

    def report(self, figures: dict[str, Any]) -> None:
        """
        Keep the figures.
        """
        self.reports.append(figures)


class Peer:
    """
    The test's end of a connection.

    @ivar inbuf: What was received and not taken yet.

    @ivar ended: True once the proxy has said that nothing more comes; C{was_reset} if it
        did so with a reset.
    """

    def __init__(self, test: PlaneTestCase, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.test = test
        self.sock = sock
        self.inbuf = b""
        self.ended = False
        self.was_reset = False

    def send(self, data: bytes) -> None:
        """
        Send everything, letting the proxy work in between.
        """
        rest = memoryview(data)

        def sent() -> bool:
            nonlocal rest
            try:
                rest = rest[self.sock.send(rest) :]
            except BlockingIOError:
                return False
            return not rest

        self.test.until(sent)

    def try_send(self, data: bytes) -> int:
        """
        Send what the kernel takes without the proxy's help.

        @return: How many bytes.
        """
        total = 0
        rest = memoryview(data)
        while rest:
            try:
                sent = self.sock.send(rest)
            except BlockingIOError:
                break
            total += sent
            rest = rest[sent:]
        return total

    def pump(self) -> None:
        """
        Receive what is there.
        """
        while not self.ended:
            try:
                data = self.sock.recv(262144)
            except BlockingIOError:
                return
            except ConnectionError:
                self.was_reset = self.ended = True
                return
            if not data:
                self.ended = True
            self.inbuf += data

    def take(self, count: int) -> bytes:
        """
        Receive a number of bytes.
        """
        self.test.until(lambda: self._has(count), lambda: f"only {self.inbuf[:300]!r}")
        data, self.inbuf = self.inbuf[:count], self.inbuf[count:]
        return data

    def _has(self, count: int) -> bool:
        self.pump()
        if len(self.inbuf) >= count:
            return True
        self.test.assertFalse(self.ended, f"ended after {self.inbuf[:300]!r}")
        return False

    def take_until(self, mark: bytes) -> bytes:
        """
        Receive up to a mark, and no more.
        """

        def there() -> bool:
            self.pump()
            if mark in self.inbuf:
                return True
            self.test.assertFalse(self.ended, f"ended after {self.inbuf[:300]!r}")
            return False

        self.test.until(there, lambda: f"no {mark!r} in {self.inbuf[:300]!r}")
        end = self.inbuf.find(mark) + len(mark)
        data, self.inbuf = self.inbuf[:end], self.inbuf[end:]
        return data

    def head(self) -> bytes:
        """
        Receive the head of a message.
        """
        return self.take_until(b"\r\n\r\n")

    def message(self) -> tuple[bytes, bytes]:
        """
        Receive a message whose body has a length.

        @return: Its head and its body.
        """
        head = self.head()
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return head, self.take(length)

    def digest(self, count: int) -> str:
        """
        Receive a number of bytes and hash them.
        """
        found = hashlib.sha256()
        left = count

        def done() -> bool:
            nonlocal left
            self.pump()
            piece, self.inbuf = self.inbuf[:left], self.inbuf[left:]
            found.update(piece)
            left -= len(piece)
            return not left or self.ended

        self.test.until(done)
        self.test.assertEqual(left, 0)
        return found.hexdigest()

    def rest(self) -> bytes:
        """
        Receive everything until the end.
        """

        def over() -> bool:
            self.pump()
            return self.ended

        self.test.until(over, lambda: f"still open after {self.inbuf[:300]!r}")
        data, self.inbuf = self.inbuf, b""
        return data

    def quiet(self) -> None:
        """
        Check that nothing is received and the connection stays open.
        """
        self.test.turn(3)
        self.pump()
        self.test.assertEqual((self.inbuf, self.ended), (b"", False))

    def half_close(self) -> None:
        """
        Send nothing more.
        """
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """
        Close the connection in peace.
        """
        self.sock.close()

    def reset(self) -> None:
        """
        Break the connection.
        """
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Origin:
    """
    A server that the test plays.
    """

    def __init__(self, test: PlaneTestCase, backlog: int = 64) -> None:
        self.test = test
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(backlog)
        self.sock.setblocking(False)
        self.port: int = self.sock.getsockname()[1]

    def accept(self) -> Peer:
        """
        Wait for the next connection.
        """
        found: list[socket.socket] = []

        def come() -> bool:
            try:
                found.append(self.sock.accept()[0])
            except BlockingIOError:
                return False
            return True

        self.test.until(come, lambda: "nobody connects")
        found[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.test.peer(found[0])

    def idle(self) -> None:
        """
        Check that nobody connects.
        """
        self.test.turn(3)
        self.test.assertRaises(BlockingIOError, self.sock.accept)

    def stop(self) -> None:
        """
        Refuse connections from now on.
        """
        self.sock.close()


class PlaneTestCase(SynchronousTestCase):
    """
    A test with a worker at work.

    @ivar log: Log lines of streams, without line feed.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.patch(reactor_module, "monotonic", self.clock)
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.descriptors = open_descriptors()
        self.addCleanup(self._check_descriptors)
        self.reactor = DirectReactor()
        self.addCleanup(self._close_reactor)
        self.patch(self.reactor, "seconds", self.clock)
        self.log: list[str] = []
        self.peers: list[Peer] = []
        self.origins: list[Origin] = []
        self.host = Bench()
        self.service = WorkerService(self.reactor, self.host)
        self.addCleanup(self._end)

    def configure(self, text: str, settings: str = "", **facts: object) -> int:
        """
        Load a configuration and run it.

        @param text: Sections behind C{global} and C{defaults}. C{LOG} in it stands for a
            log-format that shows what tests look at.

        @param settings: Lines of C{global}.

        @return: The exit status of an attempt that failed, 0 when it runs.
        """
        path = Path(self.directory, "test.cfg")
        path.write_text(DEFAULTS.format(settings=settings) + text.replace("LOG\n", LOG))
        order = Order([str(path)], **facts)  # type: ignore[arg-type]
        status: int = self.successResultOf(Deferred.fromCoroutine(self.service.load(order)))
        if not status:
            assert self.service.state is not None
            for frontend in self.service.state.frontends.values():
                frontend.log = self._log
        return status

    def start(self, text: str, settings: str = "") -> None:
        """
        Load a configuration that is right.
        """
        self.assertEqual(self.configure(text, settings), 0, self.host.spoken)

    def _log(self, level: int, line: bytes) -> None:
        self.log.append(line.decode("latin-1"))

    @property
    def plane(self) -> Plane:
        assert self.service.plane is not None
        return self.service.plane

    @property
    def session(self) -> Any:
        """
        The one session there is.
        """
        [found] = self.plane.state.sessions
        return found

    def frontend(self, name: str = "f") -> Frontend:
        return self.plane.state.frontends[name]

    def backend(self, name: str = "b") -> Backend:
        return self.plane.state.backends[name]

    def server(self, number: int = 0, name: str = "b") -> Server:
        return self.backend(name).servers[number]

    def origin(self, backlog: int = 64) -> Origin:
        """
        Play a server.
        """
        made = Origin(self, backlog)
        self.origins.append(made)
        return made

    def dead_port(self) -> int:
        """
        Get a port where nobody listens.
        """
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return int(sock.getsockname()[1])

    def client(self, port: int = 8000, buffer: int = 0) -> Peer:
        """
        Connect to the proxy.

        @param port: As C{bind} has it.

        @param buffer: Size of the receive buffer, 0 for the system's.
        """
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        made = self.peer(sock)
        sock.setblocking(True)
        sock.connect(("127.0.0.1", self.host.ports[port]))
        sock.setblocking(False)
        return made

    def peer(self, sock: socket.socket) -> Peer:
        made = Peer(self, sock)
        self.peers.append(made)
        return made

    def turn(self, times: int = 1) -> None:
        """
        Turn the reactor.
        """
        for _ in range(times):
            self.reactor.runUntilCurrent()
            self.reactor.doPoll(0)

    def until(
        self, fact: Callable[[], bool], describe: Callable[[], str] = lambda: "no change"
    ) -> None:
        """
        Turn the reactor until a fact holds.
        """
        end = monotonic() + PATIENCE
        while not fact():
            if monotonic() > end:
                self.fail(describe())
            self.reactor.runUntilCurrent()
            self.reactor.doPoll(0.001)

    def advance(self, seconds: float) -> None:
        """
        Let time pass at once.
        """
        self.turn(2)
        self.clock.now += seconds
        self.turn(2)

    def logged(self, count: int = 1) -> list[str]:
        """
        Wait for log lines and take them.
        """
        self.until(lambda: len(self.log) >= count, lambda: f"only {self.log}")
        lines, self.log = self.log, []
        return lines

    def settled(self) -> None:
        """
        Wait until no session is left, then check that nothing is counted as present.
        """
        state = self.plane.state
        self.until(lambda: not state.sessions, lambda: f"{len(state.sessions)} sessions left")
        self.assertEqual(self.present(), [])

    def present(self) -> list[tuple[str, int]]:
        """
        List figures of the present that are not zero.
        """
        state = self.plane.state
        found = [("process", state.counters.scur)]
        for frontend in state.frontends.values():
            found.append((frontend.name, frontend.counters.scur))
            found += [(each.name, each.current) for each in frontend.listeners]
        for backend in state.backends.values():
            found.append((backend.name, backend.counters.scur))
            found.append((f"{backend.name} queue", len(backend.queue)))
            for server in backend.servers:
                found.append((server.name, server.current))
                found.append((f"{server.name} counter", server.counters.scur))
        found.append(("pipes", self.plane.pipes.used))
        return [(name, count) for name, count in found if count]

    def _end(self) -> None:
        for peer in self.peers:
            peer.close()
        for origin in self.origins:
            origin.stop()
        try:
            if self.service.plane is not None:
                for _ in range(20):
                    if self.plane.state.sessions:
                        self.advance(10)
                self.settled()
        finally:
            self.service.close()

    def _close_reactor(self) -> None:
        for call in self.reactor.getDelayedCalls():
            call.cancel()
        for each in self.reactor.removeAll():
            each.connectionLost(None)
        for each in list(self.reactor._internalReaders):
            self.reactor.removeReader(each)
            each.connectionLost(None)
        self.reactor._poller.close()

    def _check_descriptors(self) -> None:
        # What an earlier test left may be closed at any moment, so only new ones matter.
        self.assertEqual(open_descriptors() - self.descriptors, set(), "descriptors leak")


def open_descriptors() -> set[tuple[int, str]]:
    """
    List the descriptors of this process.

    @return: Numbers and what is behind each, which tells a reused number from one kept open.
    """
    found = set()
    for entry in list(Path("/proc/self/fd").iterdir()):
        # The one that read the directory is closed again.
        with contextlib.suppress(FileNotFoundError):
            found.add((int(entry.name), str(entry.readlink())))
    return found


def response(body: bytes = b"hello", head: bytes = b"") -> bytes:
    """
    Write a response with a length.
    """
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n%b\r\n%b" % (len(body), head, body)


def get(path: str = "/", lines: str = "") -> bytes:
    """
    Write a GET request.
    """
    return f"GET {path} HTTP/1.1\r\nhost: a\r\n{lines}\r\n".encode()
