"""
Tests for L{mwproxy.worker.service}.
"""

from __future__ import annotations

import socket
from pathlib import Path

from twisted.internet.defer import Deferred

from mwproxy.core.levels import Level
from mwproxy.live.states import set_down, set_drain, set_maint, set_ready, set_up
from mwproxy.worker.order import Order
from tests.net.plane import PlaneTestCase, get, response

HTTP = (
    "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
    "backend b\n server s 127.0.0.1:{port}\n"
)


class LoadTests(PlaneTestCase):
    """
    Tests for becoming what an order says.
    """

    def test_ready(self) -> None:
        """
        A worker says that it is ready when it accepts.
        """
        self.start(HTTP.format(port=1))
        self.assertEqual(self.host.ready, {"listeners": 1, "paused": False})
        self.assertEqual(len(self.host.reports), 1)
        self.client().close()

    def test_mistakes(self) -> None:
        """
        A configuration with mistakes ends the attempt with status 1, all of them said, and
        nothing stays open.
        """
        self.assertEqual(self.configure("frontend f\n bnid 127.0.0.1:8000\n"), 1)
        self.assertIn("unknown keyword 'bnid'", "".join(self.host.spoken))
        self.assertIsNone(self.host.ready)
        self.assertEqual(self.host.specs, [])

    def test_no_listener(self) -> None:
        """
        A configuration without listeners is refused.
        """
        self.assertEqual(self.configure("backend b\n server s 127.0.0.1:1\n"), 1)
        self.assertIn("No enabled listener found", self.host.spoken[-1])

    def test_no_listener_under_a_master(self) -> None:
        """
        Under a master there may be programs alone, as in HAProxy.
        """
        self.patch(self.host, "under_master", True)
        self.assertEqual(self.configure("backend b\n server s 127.0.0.1:1\n"), 0)

    def test_stats_socket_alone(self) -> None:
        """
        A C{stats socket} is something to listen on.
        """
        settings = f"  stats socket {self.directory}/s.sock\n"
        self.assertEqual(self.configure("backend b\n server s 127.0.0.1:1\n", settings), 0)

    def test_cannot_bind(self) -> None:
        """
        All listeners that fail are named; those that were made are closed.
        """
        self.host.refuse = {8001, 8002}
        text = "frontend f\n bind 127.0.0.1:8000\n bind 127.0.0.1:8001\nlisten l\n bind :8002\n"
        self.assertEqual(self.configure(text), 1)
        said = "".join(self.host.spoken)
        self.assertIn("for frontend f: protocol tcpv4: cannot bind socket", said)
        self.assertIn("for proxy l: protocol tcpv4: cannot bind socket", said)
        self.assertIn("Some protocols failed to start their listeners! Exiting.", said)
        with socket.socket() as sock:
            address = ("127.0.0.1", self.host.ports[8000])
            self.assertRaises(ConnectionRefusedError, sock.connect, address)

    def test_unknown_host(self) -> None:
        """
        A server whose name has no address is refused.
        """
        self.assertEqual(self.configure(HTTP.replace("127.0.0.1:{port}", "no.invalid:1")), 1)
        self.assertIn("could not resolve address 'no.invalid'", "".join(self.host.spoken))

    def test_quiet(self) -> None:
        """
        With C{-q} nothing is said while the files are read.
        """
        self.assertEqual(self.configure("nonsense\n", options={"quiet": True}), 1)
        self.assertEqual(self.host.spoken, [])

    def test_zero_warning(self) -> None:
        """
        With C{zero-warning} a warning is as good as an alert.
        """
        text = "frontend f\n bind 127.0.0.1:8000\n mode tcp\n option httplog\n"
        status = self.configure(text, options={"zero_warning": True})
        self.assertEqual(status, 1, self.host.spoken)
        self.assertIn("'zero-warning' is set", self.host.spoken[-1])

    def test_process_of_a_listener(self) -> None:
        """
        Each process listens only where it is told to.
        """
        text = "frontend f\n bind 127.0.0.1:8000 process 1\n bind 127.0.0.1:8001 process 2\n"
        self.assertEqual(self.configure(text, process=2, processes=2), 0, self.host.spoken)
        self.assertEqual([spec.port for spec in self.host.specs], [8001])


class LifeTests(PlaneTestCase):
    """
    Tests for a worker at work.
    """

    def test_pause_and_resume(self) -> None:
        """
        A paused worker refuses clients, but leaves those of an inherited socket in the backlog.
        """
        self.start(
            "frontend f\n bind fd@8000\n http-request return status 200\n"
            "listen l\n bind 127.0.0.1:8001\n"
        )
        self.service.pause()
        self.assertEqual(self.frontend().state, "PAUSED")
        self.assertRaises(ConnectionRefusedError, self.client, port=8001)
        client = self.client()
        client.send(get())
        client.quiet()
        self.service.resume()
        self.assertEqual(self.frontend().state, "OPEN")
        client.message()

    def test_paused_while_it_loads(self) -> None:
        """
        A worker that is signaled before it serves, or is told so by its order, comes up paused, and
        says so to its host and to operators.
        """
        text = "frontend f\n bind fd@8000\n http-request return status 200\n"
        self.service.pause()
        self.start(text)
        self.assertEqual(self.host.ready, {"listeners": 1, "paused": True})
        self.assertEqual((self.frontend().state, self.host.paused), ("PAUSED", True))
        self.assertIn("Paused frontend f.", self.host.spoken[-1])
        client = self.client()
        client.send(get())
        client.quiet()
        self.service.resume()
        self.assertFalse(self.host.paused)
        client.message()

    def test_what_pausing_says(self) -> None:
        """
        Each section is named once, however often it is asked.
        """
        self.start(
            "frontend f\n bind 127.0.0.1:8000\nlisten l\n bind 127.0.0.1:8001-8002\n",
            "stats socket 127.0.0.1:8003\n",
        )
        before = len(self.host.spoken)
        for action in (self.service.pause, self.service.resume):
            action()
            action()
        self.assertEqual(
            [line.partition(" : ")[2] for line in self.host.spoken[before:]],
            [
                "Paused frontend GLOBAL.",
                "Paused frontend f.",
                "Paused proxy l.",
                "Resumed frontend GLOBAL.",
                "Resumed frontend f.",
                "Resumed proxy l.",
            ],
        )

    def test_every_second(self) -> None:
        """
        Once a second rates move on, the supervisor is told, and old idle connections are closed.
        """
        origin = self.origin()
        self.start(HTTP.format(port=origin.port))
        client = self.client()
        client.send(get())
        server = origin.accept()
        server.head()
        server.send(response())
        client.message()
        self.advance(1.1)
        self.assertEqual(self.frontend().counters.request_rate.current, 1)
        self.assertEqual(self.host.reports[-1], {"connections": 1, "stopping": False})
        self.advance(3)
        self.assertEqual(len(self.server().idle), 1)
        self.advance(3)
        self.advance(1.1)
        self.assertEqual(self.server().idle, [])
        server.rest()
        self.assertEqual(self.frontend().counters.request_rate.current, 0)

    def test_server_goes_down(self) -> None:
        """
        The idle connections of a server that goes down or into maintenance are closed; those of
        one that drains are not.
        """
        for change, closes in ((set_down, True), (set_maint, True), (set_drain, False)):
            origin = self.origin()
            if self.service.plane is None:
                self.start(HTTP.format(port=origin.port))
                self.first = origin
            server_state = self.server()
            set_ready(server_state, self.clock.now)
            set_up(server_state, self.clock.now)
            client = self.client()
            client.send(get())
            server = self.first.accept()
            server.head()
            server.send(response())
            client.message()
            self.assertEqual(len(server_state.idle), 1)
            change(server_state, self.clock.now)
            self.assertEqual(len(server_state.idle), 0 if closes else 1)
            if closes:
                server.rest()
            client.close()

    def test_consoles(self) -> None:
        """
        A console session is served on the socket it comes with.
        """
        self.start("frontend f\n bind 127.0.0.1:8000\n")
        ours, theirs = socket.socketpair()
        self.service.serve_console(theirs, Level.ADMIN, "n")
        peer = self.peer(ours)
        peer.send(b"show version\n")
        self.assertNotEqual(peer.rest(), b"")

    def test_console_before_anything_is_loaded(self) -> None:
        """
        Before a configuration is loaded there is nothing to serve.
        """
        ours, theirs = socket.socketpair()
        self.service.serve_console(theirs, Level.ADMIN, "n")
        self.assertEqual(self.peer(ours).rest(), b"")
        self.assertEqual(self.service.figures(), {})

    def test_stats_socket(self) -> None:
        """
        C{stats socket} lines listen too, and cease to with a soft stop.
        """
        self.start(
            "frontend f\n bind 127.0.0.1:8000\n", "  stats socket ipv4@127.0.0.1:8001 level admin\n"
        )
        peer = self.client(8001)
        peer.send(b"show info\n")
        self.assertIn(b"Maxconn: 200\n", peer.rest())
        self.service.leave()
        self.assertRaises(ConnectionRefusedError, self.client, 8001)

    def test_stats_socket_cannot_bind(self) -> None:
        """
        One that fails is named.
        """
        self.host.refuse = {8001}
        status = self.configure(
            "frontend f\n bind 127.0.0.1:8000\n", "  stats socket ipv4@127.0.0.1:8001\n"
        )
        self.assertEqual(status, 1)
        self.assertIn("for frontend GLOBAL: protocol tcpv4: cannot bind", "".join(self.host.spoken))

    def test_leave_before_anything_is_loaded(self) -> None:
        """
        A worker that has nothing yet ends at once.
        """
        self.service.leave()
        self.assertEqual(self.successResultOf(self.service.finished), 0)

    def test_messages_of_the_start(self) -> None:
        """
        What is said while a worker starts is kept for C{show startup-logs}.
        """
        self.start("frontend f\n bind 127.0.0.1:8000\n mode tcp\n option httplog\n")
        assert self.service.state is not None
        before = len(self.service.state.startup_messages)
        self.service.pause()
        self.assertEqual(len(self.service.state.startup_messages), before)

    def test_logs(self) -> None:
        """
        Log lines go to their targets at the end of the turn.
        """
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        port = receiver.getsockname()[1]
        text = (
            f"frontend f\n bind 127.0.0.1:8000\n log 127.0.0.1:{port} format raw local0\n"
            " option httplog\n http-request return status 200\n"
        )
        path = Path(self.directory, "log.cfg")
        path.write_text("defaults\n mode http\n timeout client 10s\n" + text)
        order = Order([str(path)])
        status = self.successResultOf(Deferred.fromCoroutine(self.service.load(order)))
        self.assertEqual(status, 0, self.host.spoken)
        client = self.client()
        client.send(get("/x"))
        client.message()
        received: list[bytes] = []

        def come() -> bool:
            try:
                received.append(receiver.recv(4096))
            except BlockingIOError:
                return False
            return True

        self.until(come)
        self.assertIn(b'"GET /x HTTP/1.1"', received[0])
        receiver.close()
