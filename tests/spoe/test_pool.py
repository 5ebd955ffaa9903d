"""
Tests for L{mwproxy.spoe.pool} and L{mwproxy.spoe.lane}: which agent is asked.
"""

from __future__ import annotations

import socket
from typing import Any

from mwproxy.live.states import set_down, set_drain, set_maint, set_ready
from mwproxy.protocols.spop.errors import Status
from tests.net.plane import Origin
from tests.rules.streams import make_stream
from tests.spoe.scene import PATIENT, WORD, EngineTestCase, Talk


class PoolTests(EngineTestCase):
    """
    Tests of servers.
    """

    def test_balanced(self) -> None:
        """
        Each question goes to the next server.
        """
        agents = [self.origin(), self.origin()]
        self.begin(agents)
        talks: list[Talk] = []
        for turn in range(4):
            client = self.request()
            if turn < 2:
                talks.append(self.talk(agents[turn], "pipelining"))
            talk = talks[turn % 2]
            talk.answer(talk.asked()[0], WORD)
            self.served(client)
        counters = [self.server(number, "agents").counters for number in (0, 1)]
        self.assertEqual([(each.stot, each.connect) for each in counters], [(2, 1), (2, 1)])
        self.assertEqual(self.backend("agents").counters.stot, 4)
        self.assertGreater(self.backend("agents").counters.bout, 0)

    def test_redispatched(self) -> None:
        """
        What waits for a server that cannot be reached goes to another one.
        """
        agent = self.origin()
        self.begin([self.dead_port(), agent])
        client = self.request()
        talk = self.talk(agent, "pipelining")
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        client = self.request()
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        self.assertEqual(self.server(1, "agents").counters.wredis, 2)

    def test_agent_comes_later(self) -> None:
        """
        One that could not be reached is tried again, less and less often; the log has a line a
        second.
        """
        port = self.dead_port()
        self.begin([port], timeouts=PATIENT)
        client = self.request()
        for _ in range(40):
            self.advance(0.1)
        failed = self.server(name="agents").counters.econ
        self.assertTrue(8 <= failed <= 20, failed)
        self.assertTrue(2 <= len(self.lines) <= 5, self.lines)
        agent = Origin.__new__(Origin)
        agent.test = self
        agent.sock = socket.socket()
        agent.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        agent.sock.bind(("127.0.0.1", port))
        agent.sock.listen()
        agent.sock.setblocking(False)
        self.origins.append(agent)
        self.advance(1.1)
        talk = self.talk(agent)
        talk.answer(talk.asked()[0], WORD)
        self.served(client)

    def test_maxconnrate(self) -> None:
        """
        Beyond C{maxconnrate} no connection is made; what waits gets those that there are.
        """
        agent = self.origin()
        self.begin([agent], options="maxconnrate 1", timeouts=PATIENT)
        clients = [self.request(), self.request()]
        talk = self.talk(agent)
        for _ in clients:
            talk.answer(talk.asked()[0], WORD)
        for client in clients:
            self.served(client)
        agent.idle()
        clients = [self.request(), self.request()]
        ids, _ = talk.asked()
        agent.idle()
        self.advance(2.1)
        other = self.talk(agent)
        other.answer(other.asked()[0], WORD)
        talk.answer(ids, WORD)
        for client in clients:
            self.served(client)

    def test_maxconn(self) -> None:
        """
        A server has no more frames to answer than its C{maxconn} allows; the others wait in the
        backend's queue.
        """
        agent = self.origin()
        self.begin([agent], server="maxconn 1")
        clients = [self.request(), self.request()]
        talk = self.talk(agent, "pipelining")
        ids, _ = talk.asked()
        talk.peer.quiet()
        self.assertEqual(len(self.backend("agents").queue), 1)
        self.assertEqual(self.figures.waiting, 1)
        talk.answer(ids, WORD)
        talk.answer(talk.asked()[0], WORD)
        for client in clients:
            self.served(client)

    def test_all_too_big(self) -> None:
        """
        However many in the queue are too large for the agent, each is told so.
        """
        agent = self.origin()
        self.begin([agent], server="maxconn 1", options="max-waiting-frames 9", timeouts=PATIENT)
        client = self.request()
        talk = Talk(agent.accept())
        talk.greet("pipelining", size=256)
        ids, _ = talk.asked()
        ask = self.frontend().events["on-frontend-http-request"]
        decided: list[object] = []
        for _ in range(1500):
            stream: Any = make_stream(b"GET /%b HTTP/1.1\r\nhost: a\r\n\r\n" % (b"x" * 300))
            stream.step = 0
            ask(stream).begin(decided.append)
        self.assertEqual(decided, [])
        talk.answer(ids, WORD)
        self.served(client)
        self.until(lambda: len(decided) == 1500)
        self.assertEqual(self.figures.codes, {3: 1500})

    def test_client_leaves_the_line(self) -> None:
        """
        What is asked for a stream that has ended is not sent.
        """
        agent = self.origin()
        self.begin([agent], timeouts=PATIENT)
        client = self.request()
        talk = Talk(agent.accept())
        client.reset()
        self.until(lambda: not self.plane.state.sessions)
        talk.greet()
        talk.peer.quiet()
        self.until(lambda: self.figures.processed == 1)
        self.assertEqual(self.figures.codes, {5: 1})

    def test_timeout_in_the_queue(self) -> None:
        """
        Who has waited too long leaves the queue.
        """
        agent = self.origin()
        self.begin([agent], server="maxconn 1")
        clients = [self.request(), self.request()]
        self.talk(agent, "pipelining").asked()
        self.advance(0.52)
        for client in clients:
            self.assertEqual(client.message()[1], b" error=1")
        self.assertEqual(len(self.backend("agents").queue), 0)

    def test_down_while_queued(self) -> None:
        """
        Who waits in the queue when the last server goes down is told so.
        """
        agent = self.origin()
        self.begin([agent], server="maxconn 1")
        first, second = self.request(), self.request()
        talk = self.talk(agent, "pipelining")
        ids, _ = talk.asked()
        set_down(self.server(name="agents"), self.plane.reactor.now)
        self.assertEqual(second.message()[1], b" error=2")
        talk.answer(ids, WORD)
        self.served(first)
        self.assertEqual(talk.parted().status, Status.NORMAL)

    def test_drain(self) -> None:
        """
        A server that drains finishes what it was asked, and is asked no more.
        """
        agents = [self.origin(), self.origin()]
        self.begin(agents)
        client = self.request()
        talk = self.talk(agents[0], "pipelining")
        ids, _ = talk.asked()
        set_drain(self.server(name="agents"), self.plane.reactor.now)
        others = [self.request(), self.request()]
        other = self.talk(agents[1], "pipelining")
        for each in others:
            other.answer(other.asked()[0], WORD)
            self.served(each)
        talk.answer(ids, WORD)
        self.served(client)
        self.assertEqual(talk.parted().status, Status.NORMAL)

    def test_maintenance_while_connecting(self) -> None:
        """
        What waits for a connection to a server that goes into maintenance goes to another one.
        """
        slow, agent = self.origin(), self.origin()
        self.begin([slow, agent], timeouts=PATIENT)
        client = self.request()
        Talk(slow.accept()).frame(1)
        set_maint(self.server(name="agents"), self.plane.reactor.now)
        talk = self.talk(agent)
        talk.answer(talk.asked()[0], WORD)
        self.served(client)
        set_ready(self.server(name="agents"), self.plane.reactor.now)

    def test_soft_stop(self) -> None:
        """
        When the worker leaves, idle connections are closed, others as soon as they are.
        """
        agent = self.origin()
        self.begin([agent])
        clients = [self.request(), self.request()]
        talks = [self.talk(agent), self.talk(agent)]
        asked = [talk.asked()[0] for talk in talks]
        talks[0].answer(asked[0], WORD)
        self.served(clients[0])
        self.service.leave()
        self.assertEqual(talks[0].parted().status, Status.NORMAL)
        talks[1].peer.quiet()
        talks[1].answer(asked[1], WORD)
        self.served(clients[1])
        self.assertEqual(talks[1].parted().status, Status.NORMAL)

    def test_end(self) -> None:
        """
        When the worker ends, agents are told.
        """
        agent = self.origin()
        self.begin([agent], timeouts=PATIENT)
        client = self.request()
        talk = self.talk(agent)
        talk.asked()
        self.service.close()
        self.assertEqual(talk.parted().status, Status.NORMAL)
        client.rest()
