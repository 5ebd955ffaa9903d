"""
Clients and servers that do anything at any moment: whatever happens, everything is given back.
"""

from __future__ import annotations

import random

from mwproxy.live.states import set_down, set_up
from mwproxy.net.exchange import DONE
from tests.net.plane import Peer, PlaneTestCase

CONFIGURATION = (
    "frontend f\n bind 127.0.0.1:8000\n LOG\n maxconn 30\n timeout http-request 4s\n"
    " http-request deny if {{ path /deny }}\n default_backend b\n"
    "backend b\n timeout queue 3s\n http-reuse {reuse}\n option redispatch 1\n retries 2\n"
    " server s 127.0.0.1:{one} maxconn 3\n server t 127.0.0.1:{two} maxconn 2\n"
    " server u 127.0.0.1:{dead} maxconn 2\n"
    "frontend g\n mode tcp\n bind 127.0.0.1:8001\n LOG\n default_backend c\n"
    "backend c\n mode tcp\n option abortonclose\n timeout queue 3s\n retries 1\n"
    " server s 127.0.0.1:{one} maxconn 4\n server u 127.0.0.1:{dead}\n"
)

REQUESTS = (
    b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\n\r\n" * 5,
    b"GET /deny HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 500000\r\n\r\n" + b"x" * 90_000,
    b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
    b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nearly",
    b"GET / HT",
    b"nonsense\r\n\r\n",
    b"",
)

ANSWERS = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\n" + b"y" * 200_000,
    b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"y" * 100_000,
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20000\r\n" + b"y" * 70_000,
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Sure\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nwelcome",
    b"HTTP/1.1 204 None\r\nconnection: close\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 20",
    b"\0\0\0\0\r\n\r\n",
)


class DisorderTests(PlaneTestCase):
    """
    Tests with much at one time.
    """

    def act(self, choice: random.Random, reuse: str) -> None:
        """
        Do a number of random things.
        """
        one, two = self.origin(), self.origin()
        self.start(
            CONFIGURATION.format(one=one.port, two=two.port, dead=self.dead_port(), reuse=reuse)
        )
        clients: list[Peer] = []
        servers: list[Peer] = []
        for _ in range(400):
            kind = choice.randrange(12)
            if kind < 3 and len(clients) < 40:
                clients.append(self.client(choice.choice((8000, 8000, 8001)), 4096))
            elif kind < 5 and clients:
                self.say(choice.choice(clients), choice.choice(REQUESTS))
            elif kind < 8 and servers:
                self.say(choice.choice(servers), choice.choice(ANSWERS))
            elif kind < 10 and clients + servers:
                peer = choice.choice(clients + servers)
                how = choice.randrange(4)
                if how == 0:
                    self.half_close(peer)
                elif how == 1:
                    peer.pump()
                    peer.inbuf = b""
                else:
                    (peer.close if how == 2 else peer.reset)()
                    (clients if peer in clients else servers).remove(peer)
            elif kind == 10:
                self.clock.now += choice.random() * 2
            elif choice.random() < 0.2:
                server = self.server(choice.randrange(3))
                (set_down if server.up else set_up)(server, self.clock.now)
            self.turn(choice.randrange(3))
            servers += self.accept_all()
            self.check_bounds()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertGreater(len({line.split()[2] for line in self.log}), 3, self.log)

    def say(self, peer: Peer, data: bytes) -> None:
        """
        Send something, to whom it may concern.
        """
        try:
            peer.try_send(data)
        except OSError:
            peer.ended = True

    def half_close(self, peer: Peer) -> None:
        """
        End one side, if it is not ended.
        """
        try:
            peer.half_close()
        except OSError:
            peer.ended = True

    def accept_all(self) -> list[Peer]:
        """
        Accept what has come to the servers.
        """
        found = []
        for origin in self.origins:
            while True:
                try:
                    found.append(self.peer(origin.sock.accept()[0]))
                except BlockingIOError:
                    break
        return found

    def check_bounds(self) -> None:
        """
        Check that nothing holds more than it may.
        """
        most = self.plane.bufsize + self.plane.head_limit
        for session in self.plane.state.sessions:
            each: object = session
            self.assertLessEqual(len(each.inbuf), self.plane.bufsize)  # type: ignore[attr-defined]
            self.assertLessEqual(len(each.out), most)  # type: ignore[attr-defined]
            link = getattr(session.stream, "link", None)
            if link is not None:
                self.assertLessEqual(len(link.out), most)
        for backend in self.plane.state.backends.values():
            for server in backend.servers:
                self.assertLessEqual(server.current, server.maxconn or 1000)
                self.assertGreaterEqual(server.current, 0)
                streams = [session.stream for session in self.plane.state.sessions]
                used = [
                    stream
                    for stream in streams
                    if stream is not None and stream.server is server and stream.step != DONE  # type: ignore[attr-defined]
                ]
                self.assertEqual(server.current, len(used))


def _add(seed: int) -> None:
    def test(self: DisorderTests) -> None:
        self.act(random.Random(seed), ("safe", "always", "never", "aggressive")[seed % 4])

    test.__doc__ = f"Disorder number {seed} leaves nothing behind."
    setattr(DisorderTests, f"test_{seed}", test)


for _seed in range(12):
    _add(_seed)
