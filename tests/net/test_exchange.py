"""
Tests for L{mwproxy.net.exchange}: queues, retries, redispatch.
"""

from __future__ import annotations

import socket

from mwproxy.live.states import set_down, set_up
from mwproxy.net.exchange import Exchange
from tests.net.plane import Origin, Peer, PlaneTestCase, get, response

FRONT = "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\nbackend b\n"


class QueueTests(PlaneTestCase):
    """
    Tests for servers with C{maxconn}.
    """

    def begin(self, words: str = "maxconn 1", lines: str = "") -> Origin:
        """
        Start with one server.
        """
        origin = self.origin()
        self.start(
            f"{FRONT} timeout queue 3s\n {lines}\n server s 127.0.0.1:{origin.port} {words}\n"
        )
        return origin

    def ask(self, path: str) -> Peer:
        """
        Send a request over a connection of its own.
        """
        client = self.client()
        client.send(get(path))
        self.turn(3)
        return client

    def test_oldest_first(self) -> None:
        """
        Streams beyond C{maxconn} wait, and get the server in the order they came.
        """
        origin = self.begin()
        clients = [self.ask(f"/{number}") for number in range(4)]
        self.assertEqual(len(self.backend().queue), 3)
        self.assertEqual(self.server().current, 1)
        for number, client in enumerate(clients):
            server = origin.accept()
            self.assertEqual(server.head()[:6], b"GET /%d" % number)
            self.assertEqual(self.server().current, 1)
            server.send(response())
            client.message()
        lines = self.logged(4)
        self.assertEqual([line[:13] for line in lines], ["f b/s -- 200 "] * 4)
        queued = [line.split()[7].rpartition("/")[2] for line in lines]
        self.assertEqual(queued, ["0", "1", "2", "3"])
        self.assertEqual(self.backend().counters.qmax, 3)

    def test_timeout(self) -> None:
        """
        C{timeout queue} ends the wait with 503 C{sQ}.
        """
        origin = self.begin()
        first = self.ask("/1")
        second = self.ask("/2")
        self.advance(3.1)
        self.assertEqual(second.head()[:12], b"HTTP/1.1 503")
        self.assertEqual(self.logged()[0][:19], "f b/<NOSRV> sQ 503 ")
        server = origin.accept()
        server.head()
        server.send(response())
        first.message()
        self.assertEqual(len(self.backend().queue), 0)

    def test_client_leaves(self) -> None:
        """
        A client that goes while it waits gives up its place: C{CQ}.
        """
        origin = self.begin()
        first, second, third = (self.ask(f"/{number}") for number in (1, 2, 3))
        second.reset()
        self.assertEqual(self.logged()[0][:15], "f b/<NOSRV> CQ ")
        server = origin.accept()
        server.head()
        server.send(response())
        first.message()
        server = origin.accept()
        self.assertEqual(server.head()[:6], b"GET /3")
        server.send(response())
        third.message()

    def test_abortonclose(self) -> None:
        """
        With C{option abortonclose} a client that has merely ended its side leaves the queue too.
        """
        origin = self.begin(lines="option abortonclose")
        self.ask("/1")
        second = self.ask("/2")
        second.half_close()
        self.assertEqual(self.logged()[0][:15], "f b/<NOSRV> CQ ")
        self.assertEqual(len(self.backend().queue), 0)
        origin.accept()

    def test_crashed_session_leaves(self) -> None:
        """
        A session that is lost while its stream waits does not stand in the queue any more.
        """
        origin = self.begin()
        first = self.ask("/1")
        self.ask("/2")
        [waiting] = self.backend().queue
        waiting.crashed()
        self.assertEqual(len(self.backend().queue), 0)
        server = origin.accept()
        server.head()
        server.send(response())
        first.message()

    def test_last_server_goes_down(self) -> None:
        """
        When nobody is left to serve them, those who wait are answered: 503 C{SQ}.
        """
        self.begin()
        self.ask("/1")
        second = self.ask("/2")
        set_down(self.server(), self.clock.now)
        self.assertEqual(second.head()[:12], b"HTTP/1.1 503")
        self.assertEqual(self.logged()[0][:19], "f b/<NOSRV> SQ 503 ")

    def test_server_comes_up(self) -> None:
        """
        A server that comes up serves those who wait for a busy one.
        """
        one, two = self.origin(), self.origin()
        self.start(
            f"{FRONT} server s 127.0.0.1:{one.port} maxconn 1\n"
            f" server t 127.0.0.1:{two.port} maxconn 1\n"
        )
        set_down(self.server(1), self.clock.now)
        self.ask("/1")
        second = self.ask("/2")
        one.accept().head()
        set_up(self.server(1), self.clock.now)
        server = two.accept()
        self.assertEqual(server.head()[:6], b"GET /2")
        server.send(response())
        second.message()

    def test_freed_by_an_abort(self) -> None:
        """
        A client that leaves within its exchange gives the server to the next; that is noticed
        with C{option abortonclose}.
        """
        origin = self.begin(lines="option abortonclose")
        first = self.ask("/1")
        second = self.ask("/2")
        origin.accept().head()
        first.reset()
        server = origin.accept()
        self.assertEqual(server.head()[:6], b"GET /2")
        server.send(response())
        second.message()


class RetryTests(PlaneTestCase):
    """
    Tests for servers that refuse connections.
    """

    def begin(self, lines: str = "", words: str = "") -> Peer:
        """
        Start with a server that refuses, and send a request.
        """
        self.port = self.dead_port()
        self.start(f"{FRONT} {lines}\n server s 127.0.0.1:{self.port} {words}\n")
        client = self.client()
        client.send(get())
        self.turn(3)
        return client

    def test_same_server(self) -> None:
        """
        A refused connection is tried again, a second apart, as often as C{retries} says; then
        it is a 503 C{SC}.
        """
        client = self.begin("retries 2")
        client.quiet()
        for _ in range(2):
            self.advance(0.9)
            client.quiet()
            self.advance(0.2)
        head, body = client.message()
        self.assertEqual(head[:12], b"HTTP/1.1 503")
        size = len(head + body)
        self.assertEqual(self.logged(), [f"f b/s SC 503 27 {size} 2 1/0/0/0/0 GET"])
        counters = self.server().counters
        self.assertEqual((counters.wretr, counters.econ, counters.connect), (2, 1, 3))

    def test_none(self) -> None:
        """
        C{retries 0} answers at once.
        """
        client = self.begin("retries 0")
        self.assertEqual(client.head()[:12], b"HTTP/1.1 503")
        self.assertEqual(self.logged()[0][:13], "f b/s SC 503 ")

    def test_server_is_back(self) -> None:
        """
        A server that listens again in time serves the request.
        """
        client = self.begin()
        origin = self.origin_at(self.port)
        self.advance(1.1)
        server = origin.accept()
        server.head()
        server.send(response())
        client.message()
        self.assertEqual(self.logged(), ["f b/s -- 200 27 43 1 1/0/0/0/0 GET"])

    def origin_at(self, port: int) -> Origin:
        """
        Listen where nobody did.
        """
        origin = self.origin()
        origin.sock.close()
        origin.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        origin.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        origin.sock.bind(("127.0.0.1", port))
        origin.sock.listen(5)
        origin.sock.setblocking(False)
        return origin

    def test_redispatch(self) -> None:
        """
        C{option redispatch 1} goes to another server at once.
        """
        origin = self.origin()
        self.start(
            f"{FRONT} option redispatch 1\n server s 127.0.0.1:{self.dead_port()}\n"
            f" server t 127.0.0.1:{origin.port}\n"
        )
        client = self.client()
        client.send(get())
        server = origin.accept()
        server.head()
        server.send(response())
        client.message()
        self.assertEqual(self.logged(), ["f b/t -- 200 27 43 +1 1/0/0/0/0 GET"])
        self.assertEqual(self.backend().counters.wredis, 1)

    def test_many_attempts(self) -> None:
        """
        Attempts that fail one after the other do not pile up within each other.
        """
        self.start(
            f"{FRONT} retries 600\n option redispatch 1\n"
            f" server s 127.0.0.1:{self.dead_port()}\n server t 127.0.0.1:{self.dead_port()}\n"
        )
        client = self.client()
        client.send(get())
        self.assertEqual(client.head()[:12], b"HTTP/1.1 503")
        self.assertEqual(self.backend().counters.wretr, 600)

    def test_many_attempts_refused_at_once(self) -> None:
        """
        Nor do attempts that the system refuses without a connection under way.
        """
        self.start(
            f"{FRONT} retries 600\n option redispatch 1\n"
            " server s /nonexistent/s\n server t /nonexistent/t\n"
        )
        client = self.client()
        client.send(get())
        self.assertEqual(client.head()[:12], b"HTTP/1.1 503")
        self.assertEqual(self.backend().counters.wretr, 600)

    def test_redispatch_at_last(self) -> None:
        """
        C{option redispatch} alone goes to another server with the last retry.
        """
        origin = self.origin()
        self.start(
            f"{FRONT} option redispatch\n retries 2\n"
            f" server s 127.0.0.1:{self.dead_port()}\n server t 127.0.0.1:{origin.port}\n"
        )
        client = self.client()
        client.send(get())
        origin.idle()
        self.advance(1.1)
        server = origin.accept()
        server.head()
        server.send(response())
        client.message()
        self.assertEqual(self.logged(), ["f b/t -- 200 27 43 +2 1/0/0/0/0 GET"])

    def test_connect_timeout(self) -> None:
        """
        A server that does not answer at all is a 503 C{sC} in the end.
        """
        origin = self.origin(backlog=0)
        # Once the backlog is full, the kernel answers no more.
        fillers = []
        for _ in range(3):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", origin.port))
            fillers.append(sock)
            self.addCleanup(sock.close)
        self.start(f"{FRONT} retries 1\n server s 127.0.0.1:{origin.port}\n")
        client = self.client()
        client.send(get())
        self.advance(5.1)
        client.quiet()
        self.advance(1.1)
        self.advance(5.1)
        self.assertEqual(client.head()[:12], b"HTTP/1.1 503")
        self.assertEqual(self.logged()[0][:13], "f b/s sC 503 ")
        for sock in fillers:
            sock.close()

    def test_no_server(self) -> None:
        """
        A backend without usable servers is a 503 C{SC} without a server.
        """
        client = self.begin(words="disabled")
        self.assertEqual(client.head()[:12], b"HTTP/1.1 503")
        self.assertEqual(self.logged()[0][:19], "f b/<NOSRV> SC 503 ")

    def test_client_leaves_between_attempts(self) -> None:
        """
        A client that goes during the wait between two attempts is C{CC}.
        """
        client = self.begin()
        client.reset()
        self.assertEqual(self.logged()[0][:9], "f b/s CC ")

    def test_port_of_the_client(self) -> None:
        """
        A server without port is asked at the port that the client connected to, an offset is
        added to it.
        """
        self.start(f"{FRONT} retries 0\n server s 127.0.0.2\n server t 127.0.0.2:+7\n")
        port = self.host.ports[8000]
        seen = []
        client = self.client()
        self.turn(3)
        [session] = self.plane.state.sessions
        stream = Exchange(session)
        for server in self.backend().servers:
            seen.append(stream._where(server))
        self.assertEqual(seen, [("127.0.0.2", port), ("127.0.0.2", port + 7)])
        client.close()


class ProxyHeaderTests(PlaneTestCase):
    """
    Tests for C{send-proxy}.
    """

    def test_versions(self) -> None:
        """
        The header goes before the first request of a connection, and only there.
        """
        one, two = self.origin(), self.origin()
        self.start(
            f"{FRONT} balance first\n server s 127.0.0.1:{one.port} send-proxy maxconn 1\n"
            f" server t 127.0.0.1:{two.port} send-proxy-v2 maxconn 1\n"
        )
        clients = [self.client(), self.client()]
        for client in clients:
            client.send(get())
            self.turn(3)
        server = one.accept()
        name = clients[0].sock.getsockname()
        port = self.host.ports[8000]
        line = b"PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\n" % (name[1], port)
        self.assertEqual(server.head(), line + get())
        other = two.accept()
        self.assertEqual(other.take(12), b"\r\n\r\n\0\r\nQUIT\n")
        self.assertEqual(len(other.take(16)), 16)
        self.assertEqual(other.head(), get())
        server.send(response())
        clients[0].message()
        clients[0].send(get())
        self.assertEqual(server.head(), get())


class BoundTests(PlaneTestCase):
    """
    Tests for queues with C{balance source}, where a client has a server of its own.
    """

    def begin(self, words: str) -> tuple[Peer, Peer, list[Origin]]:
        """
        Start with two servers, and let one client use its server while another one waits for it.

        @return: Both clients, and the servers, the client's own one first.
        """
        found = [self.origin(), self.origin()]
        lines = "".join(
            f" server s{each.port} 127.0.0.1:{each.port} maxconn 1 {words}\n" for each in found
        )
        self.start(f"{FRONT} timeout queue 3s\n balance source\n{lines}")
        one, two = self.ask(), self.ask()
        if not self.server().current:
            found.reverse()
        self.assertEqual(len(self.backend().queue), 1)
        return one, two, found

    def ask(self) -> Peer:
        """
        Send a request over a connection of its own.
        """
        client = self.client()
        client.send(get())
        self.turn(3)
        return client

    def test_maxqueue(self) -> None:
        """
        A client whose server has C{maxqueue} streams waiting goes to another one.
        """
        one, two, (own, other) = self.begin("maxqueue 1")
        three = self.ask()
        server = other.accept()
        server.head()
        server.send(response(b"other"))
        self.assertEqual(three.message()[1], b"other")
        for client in (one, two):
            server = own.accept()
            server.head()
            server.send(response(b"own"))
            self.assertEqual(client.message()[1], b"own")

    def test_without_maxqueue(self) -> None:
        """
        Otherwise it waits, and may wait in vain.
        """
        _, two, (_, other) = self.begin("")
        three = self.ask()
        other.idle()
        self.advance(3.1)
        for client in (two, three):
            self.assertTrue(client.message()[0].startswith(b"HTTP/1.1 503 "))
        self.assertEqual([line.split()[2:4] for line in self.logged(2)], [["sQ", "503"]] * 2)
