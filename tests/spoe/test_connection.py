"""
Tests for L{mwproxy.spoe.connection}.
"""

from __future__ import annotations

import socket
from typing import Any

from mwproxy.protocols.spop.errors import Status
from tests.net.plane import Origin, Peer, get
from tests.rules.streams import make_stream
from tests.spoe.scene import MESSAGE, PATIENT, WORD, EngineTestCase, Talk


class ConnectionTests(EngineTestCase):
    """
    Tests of connections to agents.
    """

    def test_pipelining(self) -> None:
        """
        An agent that takes many frames gets many on one connection, up to
        C{max-waiting-frames}; it may answer in any order.
        """
        agent = self.origin()
        self.begin([agent], options="max-waiting-frames 3")
        clients = [self.request()]
        talk = self.talk(agent, "pipelining")
        clients += [self.request() for _ in range(3)]
        asked = [talk.asked()[0] for _ in range(3)]
        other = self.talk(agent, "pipelining")
        ids, _ = other.asked()
        self.assertEqual(self.figures.in_flight, 4)
        other.answer(ids, WORD)
        for each in reversed(asked):
            talk.answer(each, WORD)
        for client in clients:
            self.served(client)
        self.assertEqual((self.figures.connections, self.figures.idle), (2, 2))

    def test_one_send_for_a_turn(self) -> None:
        """
        What is asked in one turn of the reactor leaves at once when it ends.
        """
        agent = self.origin()
        self.begin([agent], timeouts=PATIENT)
        client = self.request()
        talk = self.talk(agent, "pipelining")
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        sends: list[int] = []
        [lane] = self.engines[0].pool._lanes.values()
        [connection] = lane.connections
        write = connection.link.write

        def noting(link: Any, data: bytes) -> bool:
            sends.append(len(data))
            return bool(write(data))

        self.patch(type(connection.link), "write", noting)
        ask = self.frontend().events["on-frontend-http-request"]
        decided: list[object] = []
        for _ in range(3):
            stream: Any = make_stream()
            stream.step = 0
            ask(stream).begin(decided.append)
        self.assertEqual(sends, [])
        asked = [talk.asked()[0] for _ in range(3)]
        self.assertEqual(len(sends), 1)
        for ids in asked:
            talk.answer(ids, WORD)
        self.until(lambda: len(decided) == 3)

    def test_no_pipelining(self) -> None:
        """
        One that takes one frame at a time gets a connection for each; those that are free are used
        again.
        """
        agent = self.origin()
        self.begin([agent], timeouts=PATIENT)
        clients = [self.request()]
        first = self.talk(agent)
        ids, _ = first.asked()
        clients.append(self.request())
        second = self.talk(agent)
        again, _ = second.asked()
        first.answer(ids, WORD)
        self.served(clients[0])
        clients.append(self.request())
        ids, _ = first.asked()
        agent.idle()
        for talk, each in ((first, ids), (second, again)):
            talk.answer(each, WORD)
        self.served(clients[1])
        self.served(clients[2])

    def test_option_pipelining(self) -> None:
        """
        With C{no option pipelining} it is not offered.
        """
        agent = self.origin()
        self.begin([agent], options="no option pipelining", timeouts=PATIENT)
        clients = [self.request(), self.request()]
        talks = [Talk(agent.accept()), Talk(agent.accept())]
        for talk in talks:
            self.assertEqual(talk.greet("pipelining").capabilities, frozenset())
        for talk in talks:
            talk.answer(talk.asked()[0], WORD)
        for client in clients:
            self.served(client)

    def test_hello_timeout(self) -> None:
        """
        An agent that does not greet in C{timeout hello} is left.
        """
        silent, agent = self.origin(), self.origin()
        self.begin([silent, agent], timeouts=PATIENT)
        client = self.request()
        talk = Talk(silent.accept())
        talk.frame(1)
        self.advance(1.1)
        self.assertEqual(talk.parted().status, Status.TIMEOUT)
        self.assertTrue(talk.peer.rest() == b"" or talk.peer.was_reset)
        talk = self.talk(agent)
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        self.assertIn("connection failed: no hello from the agent in time", self.lines[0][1])

    def test_connect_timeout(self) -> None:
        """
        So is one that does not take the connection in C{timeout connect}.
        """
        agent = self.origin(backlog=0)
        fillers = []
        for _ in range(3):
            sock = socket.socket()
            self.addCleanup(sock.close)
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", agent.port))
            fillers.append(sock)
        self.begin([agent])
        client = self.request()
        self.advance(0.6)
        self.assertEqual(client.message()[1], b" error=1")
        self.advance(5.0)
        self.assertIn("Connection timed out", self.lines[-1][1])

    def test_refused_hello(self) -> None:
        """
        An agent that refuses is told from one that cannot be reached by its words.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        talk = Talk(agent.accept())
        talk.frame(1)
        talk.leave(42, "go away")
        self.until(lambda: len(self.lines) == 1)
        self.assertIn(
            "connection failed: disconnected by the agent: go away (status 42)", self.lines[0][1]
        )
        self.advance(0.6)
        self.assertEqual(client.message()[1], b" error=1")

    def test_idle(self) -> None:
        """
        A connection that is idle for C{timeout idle} is closed, with a word.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        talk = self.talk(agent)
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        self.advance(9.5)
        client = self.request()
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        self.advance(9.5)
        talk.peer.quiet()
        self.advance(1.0)
        self.assertEqual(talk.parted().status, Status.TIMEOUT)
        talk.leave()
        self.until(lambda: not self.engines[0].pool._lanes[self.server(name="agents")]._parting)
        self.assertEqual((self.figures.connections, self.figures.idle), (0, 0))
        self.assertEqual(len(self.lines), 2)

    def test_parting_is_not_waited_for(self) -> None:
        """
        An agent that does not answer the last word is not waited for.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        talk = self.talk(agent)
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        self.advance(10.1)
        self.assertEqual(talk.parted().status, Status.TIMEOUT)
        self.advance(1.1)
        self.assertEqual(talk.peer.rest(), b"")

    def test_agent_ends_while_idle(self) -> None:
        """
        A connection that the agent ends while it is idle costs nobody anything.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        talk = self.talk(agent)
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        talk.leave()
        self.until(lambda: self.figures.connections == 0)
        client = self.request()
        talk = self.talk(agent)
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        self.assertEqual(self.figures.failed, 0)

    def test_hung_agent(self) -> None:
        """
        A connection on which no answer comes to as many frames as may wait is given up.
        """
        agent = self.origin()
        self.begin([agent], options="max-waiting-frames 2")
        clients = [self.request()]
        talk = self.talk(agent, "pipelining")
        clients.append(self.request())
        talk.asked()
        talk.asked()
        self.advance(0.52)
        for client in clients:
            self.assertEqual(client.message()[1], b" error=1")
        self.assertEqual(talk.parted().status, Status.TIMEOUT)
        self.assertEqual(self.figures.connections, 0)

    def test_late_without_pipelining(self) -> None:
        """
        An agent that takes one frame at a time is not asked before it has answered the one that
        nobody waits for any more.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        talk = self.talk(agent)
        late, _ = talk.asked()
        self.advance(0.52)
        self.assertEqual(client.message()[1], b" error=1")
        client = self.request()
        other = self.talk(agent)
        other.answer(other.asked()[0], WORD)
        self.served(client)
        talk.peer.quiet()
        talk.answer(late, WORD)
        self.until(lambda: self.figures.strays == 1)
        self.assertEqual(self.figures.idle, 2)

    def test_answered_twice(self) -> None:
        """
        A second answer is nobody's, and so is one to nothing.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        talk = self.talk(agent, "pipelining")
        ids, _ = talk.asked()
        talk.answer(ids, WORD)
        talk.answer(ids, WORD)
        talk.answer((2**60, 2**60), WORD)
        self.served(client)
        self.until(lambda: self.figures.strays == 2)
        self.assertEqual((self.figures.processed, self.figures.connections), (1, 1))

    def test_agent_that_does_not_read(self) -> None:
        """
        No more is written to an agent that does not read; others are asked.
        """
        agent = self.origin()
        message = MESSAGE.replace("args path=path", "args path=path body=req.hdr(x)")
        self.begin([agent], messages=message, options="max-waiting-frames 10000", timeouts=PATIENT)
        agent.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client = self.request()
        talk = self.talk(agent, "pipelining")
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        [lane] = self.engines[0].pool._lanes.values()
        [connection] = lane.connections
        connection.link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        clients: list[Peer] = []
        while not connection.link.out and len(clients) < 150:
            each = self.client()
            each.send(get("/", f"x: {'y' * 12000}\r\n"))
            clients.append(each)
            self.turn(2)
        self.assertTrue(connection.link.out)
        each = self.client()
        each.send(get())
        other = self.talk(agent, "pipelining")
        other.answer(other.asked()[0], WORD)
        self.served(each)
        for each in clients:
            talk.answer(talk.asked()[0], WORD)
            self.served(each)

    def test_unix(self) -> None:
        """
        Agents may listen on UNIX sockets.
        """
        path = f"{self.directory}/agent"
        agent = Origin.__new__(Origin)
        agent.test = self
        agent.sock = socket.socket(socket.AF_UNIX)
        agent.sock.bind(path)
        agent.sock.listen()
        agent.sock.setblocking(False)
        self.origins.append(agent)
        self.begin([], backend=f"  server u unix@{path}\n")
        client = self.request()
        found: list[socket.socket] = []

        def come() -> bool:
            try:
                found.append(agent.sock.accept()[0])
            except BlockingIOError:
                return False
            return True

        self.until(come)
        talk = Talk(self.peer(found[0]))
        talk.greet()
        talk.answer(talk.asked()[0], WORD)
        self.served(client)

    def test_proxy_protocol(self) -> None:
        """
        C{send-proxy} says that the connection is the proxy's own.
        """
        agent = self.origin()
        self.begin([agent], server="send-proxy")
        client = self.request()
        talk = Talk(agent.accept())
        self.assertEqual(talk.peer.take_until(b"\r\n"), b"PROXY UNKNOWN\r\n")
        talk.greet()
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
