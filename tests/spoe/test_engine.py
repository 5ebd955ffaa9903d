"""
Tests for L{mwproxy.spoe.engine}: what becomes of a stream.
"""

from __future__ import annotations

from mwproxy.live.states import set_ready
from mwproxy.net.exchange import DONE
from mwproxy.protocols.spop.actions import Scope, SetVar
from mwproxy.protocols.spop.frames import Kind, encode_frame
from tests.net.plane import Peer, get
from tests.spoe.scene import FRONTEND, MESSAGE, EngineTestCase, Talk

POLICY = MESSAGE + "    failure {}\n"
TWO_EVENTS = MESSAGE + "spoe-message again\n    event on-http-response\n"
WORD = SetVar(Scope.txn, "word", "hello")
DENY = SetVar(Scope.txn, "deny", True)


class EngineTests(EngineTestCase):
    """
    Tests for L{Engine<mwproxy.spoe.engine.Engine>}.
    """

    def request(self) -> Peer:
        """
        Send a request.
        """
        client = self.client()
        client.send(get("/path"))
        return client

    def status(self, client: Peer) -> int:
        """
        Receive an answer.
        """
        head, self.body = client.message()
        return int(head[9:12])

    def test_answer(self) -> None:
        """
        What the agent says is there for the rules.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        talk = self.talk(agent)
        ids, [message] = talk.asked()
        self.assertEqual((message.name, message.arguments), ("ask", [("path", "/path")]))
        talk.answer(ids, WORD)
        self.assertEqual((self.status(client), self.body), (200, b"hello error="))
        client.send(get("/other"))
        ids, [message] = talk.asked()
        self.assertEqual(message.arguments, [("path", "/other")])
        talk.answer(ids, DENY)
        self.assertEqual(self.status(client), 403)
        self.assertEqual([severity for severity, _ in self.lines], [5, 5])
        self.assertRegex(
            self.lines[0][1],
            r"^SPOE: \[agent\] <EVENT:on-frontend-http-request> sid=\d+ st=0"
            r" 0/0/0/0/0 1/1 0/0 0/1$",
        )
        self.assertEqual(self.figures.latencies.count, 2)

    def test_timeout(self) -> None:
        """
        Without an answer the stream goes on, the variable says why, and the answer that comes too
        late is nobody's.
        """
        agent = self.origin()
        self.begin([agent], options="option set-process-time took\n option set-total-time total")
        client = self.request()
        talk = self.talk(agent, "pipelining")
        ids, _ = talk.asked()
        self.advance(0.52)
        self.assertEqual((self.status(client), self.body), (200, b" error=1"))
        talk.answer(ids, DENY)
        self.until(lambda: self.figures.strays == 1)
        self.assertEqual(self.figures.codes, {1: 1})
        self.assertRegex(self.lines[0][1], r"st=1 0/0/-1/-1/520 1/1 0/0 1/1$")
        self.assertEqual(self.lines[0][0], 4)

    def test_times(self) -> None:
        """
        Variables tell how long the last event took, and all of them.
        """
        agent = self.origin()
        self.begin(
            [agent], messages=MESSAGE + "spoe-message first\n event on-frontend-tcp-request\n",
            options="option set-process-time took\n option set-total-time total",
            proxies=FRONTEND.replace("txn.e.word", "txn.e.took").replace(".error", ".total"),
        )  # fmt: skip
        client = self.request()
        talk = self.talk(agent)
        for seconds in (0.1, 0.2):
            ids, _ = talk.asked()
            self.advance(seconds)
            talk.answer(ids)
        self.assertEqual((self.status(client), self.body), (200, b"200 error=300"))

    def test_message_timeout(self) -> None:
        """
        A message may have a timeout of its own, shorter or longer.
        """
        agent = self.origin()
        self.begin([agent], messages=MESSAGE + "    timeout 2s\n")
        client = self.request()
        talk = self.talk(agent, "pipelining")
        ids, _ = talk.asked()
        self.advance(1.9)
        client.quiet()
        talk.answer(ids, WORD)
        self.assertEqual((self.status(client), self.body), (200, b"hello error="))

    def test_no_agent(self) -> None:
        """
        While no agent can be reached the stream waits for C{timeout processing}.
        """
        self.begin([self.dead_port()])
        client = self.request()
        self.until(lambda: len(self.lines) == 1)
        self.assertEqual(
            self.lines,
            [(4, "SPOE: [agent] <SERVER:agents/a1> connection failed: Connection refused")],
        )
        self.advance(0.52)
        self.assertEqual((self.status(client), self.body), (200, b" error=1"))
        self.assertEqual(self.server(name="agents").counters.econ, self.figures.servers()[0].failed)

    def test_no_server(self) -> None:
        """
        With all servers down there is no use to wait.
        """
        self.begin([self.dead_port()], server="disabled")
        self.assertEqual((self.status(self.request()), self.body), (200, b" error=2"))
        self.assertRegex(self.lines[0][1], r"st=2 -1/-1/-1/-1/0 0/0 0/0 1/1$")

    def test_too_big(self) -> None:
        """
        A frame that is longer than any agent may take is not sent.
        """
        agent = self.origin()
        self.begin([agent], options="max-frame-size 256")
        client = self.client()
        client.send(get("/" + "x" * 300))
        self.assertEqual((self.status(client), self.body), (200, b" error=3"))
        agent.idle()

    def test_too_big_for_this_agent(self) -> None:
        """
        So is one that is longer than what the agent has said.
        """
        agent = self.origin()
        self.begin([agent])
        for _ in range(2):
            client = self.client()
            client.send(get("/" + "x" * 300))
            if not self.lines:
                Talk(agent.accept()).greet(size=256)
            self.assertEqual((self.status(client), self.body), (200, b" error=3"))

    def test_agent_fails(self) -> None:
        """
        What an agent says when it gives up, or that it says nothing, is told by number.
        """
        agent = self.origin()
        self.begin([agent])
        for status, expected in ((4, b" error=260"), (42, b" error=298")):
            client = self.request()
            talk = self.talk(agent)
            talk.asked()
            talk.leave(status, "so")
            self.assertEqual((self.status(client), self.body), (200, expected))
        client = self.request()
        talk = self.talk(agent)
        talk.asked()
        talk.peer.close()
        self.assertEqual((self.status(client), self.body), (200, b" error=257"))
        self.assertIn("connection lost: disconnected by the agent: so (status 4)", self.lines[0][1])
        self.assertEqual(self.figures.connections, 0)

    def test_garbage(self) -> None:
        """
        An answer that makes no sense ends the connection, and nothing of it is done.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        talk = self.talk(agent)
        ids, _ = talk.asked()
        talk.peer.send(encode_frame(Kind.ACK, b"\1\3\2\4deny\x11\1", *ids))
        self.assertEqual(talk.parted().status, 4)
        self.assertEqual((self.status(client), self.body), (200, b" error=260"))
        talk.leave()

    def test_agent_leaves(self) -> None:
        """
        What an agent has not answered when it leaves in peace is asked again, once.
        """
        first, second = self.origin(), self.origin()
        self.begin([first, second])
        client = self.request()
        talk = self.talk(first)
        ids, asked = talk.asked()
        talk.leave()
        talk = self.talk(second)
        again, same = talk.asked()
        self.assertEqual(same, asked)
        self.assertNotEqual(again, ids)
        talk.answer(again, WORD)
        self.assertEqual((self.status(client), self.body), (200, b"hello error="))
        self.assertEqual((self.figures.repeated, self.figures.failed), (1, 0))

    def test_all_leave(self) -> None:
        """
        It is asked again only once.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        for _ in range(2):
            talk = self.talk(agent)
            talk.asked()
            talk.leave()
        self.assertEqual((self.status(client), self.body), (200, b" error=256"))

    def test_closed(self) -> None:
        """
        C{failure closed}: a stream without answer is refused.
        """
        agent = self.origin()
        self.begin([agent], messages=POLICY.format("closed"))
        client = self.request()
        self.talk(agent).asked()
        self.advance(0.52)
        self.assertEqual(self.status(client), 503)
        self.assertEqual(self.figures.refused, 1)
        self.assertEqual(self.frontend().counters.dreq, 1)

    def test_closed_too_big(self) -> None:
        """
        So is one that is found out at once to get none.
        """
        self.begin(
            [self.dead_port()], options="max-frame-size 256", messages=POLICY.format("closed")
        )
        client = self.client()
        client.send(get("/" + "x" * 300))
        self.assertEqual(self.status(client), 503)

    def test_wait(self) -> None:
        """
        C{failure wait}: the question is asked again, of whoever can be reached.
        """
        agent = self.origin()
        self.begin([agent], messages=POLICY.format("wait"))
        client = self.request()
        for _ in range(3):
            talk = self.talk(agent)
            talk.asked()
            talk.leave(4)
            self.turn(3)
            self.advance(0.1)
            client.quiet()
        talk = self.talk(agent)
        ids, _ = talk.asked()
        talk.answer(ids, WORD)
        self.assertEqual((self.status(client), self.body), (200, b"hello error="))
        self.assertEqual(self.figures.failed, 0)

    def test_wait_in_vain(self) -> None:
        """
        When C{timeout processing} is over, the stream is refused.
        """
        agent = self.origin()
        self.begin([agent], messages=POLICY.format("wait"))
        client = self.request()
        talk = self.talk(agent)
        talk.asked()
        talk.leave(4)
        agent.stop()
        for _ in range(4):
            self.advance(0.1)
            client.quiet()
        self.advance(0.2)
        self.assertEqual(self.status(client), 503)
        self.assertEqual((self.figures.refused, self.figures.processed), (1, 1))

    def test_wait_for_a_server(self) -> None:
        """
        With C{failure wait} even a server that is down is waited for.
        """
        agent = self.origin()
        self.begin([agent], messages=POLICY.format("wait"), server="disabled")
        client = self.request()
        self.advance(0.1)
        client.quiet()
        set_ready(self.server(name="agents"), self.plane.reactor.now)
        self.advance(0.1)
        talk = self.talk(agent)
        ids, _ = talk.asked()
        talk.answer(ids, WORD)
        self.assertEqual(self.status(client), 200)

    def test_off_after_an_error(self) -> None:
        """
        After an error no more is asked about a stream, but about the next one.
        """
        agent, origin = self.origin(), self.origin()
        self.begin([agent], messages=TWO_EVENTS, proxies=self.relay(origin.port))
        client = self.request()
        talk = self.talk(agent, "pipelining")
        talk.asked()
        self.advance(0.52)
        server = origin.accept()
        server.head()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        self.assertEqual(self.status(client), 200)
        talk.peer.quiet()
        self.assertEqual(self.figures.skipped, 1)
        client.send(get())
        talk.asked()
        self.advance(0.52)

    def test_continue_on_error(self) -> None:
        """
        With C{option continue-on-error} the next event is asked about all the same.
        """
        agent, origin = self.origin(), self.origin()
        self.begin(
            [agent], messages=TWO_EVENTS, proxies=self.relay(origin.port),
            options="option continue-on-error",
        )  # fmt: skip
        client = self.request()
        talk = self.talk(agent, "pipelining")
        talk.asked()
        self.advance(0.52)
        server = origin.accept()
        server.head()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        ids, [message] = talk.asked()
        self.assertEqual(message.name, "again")
        talk.answer(ids)
        self.assertEqual(self.status(client), 200)

    def test_closed_holds_when_off(self) -> None:
        """
        A stream that must not go on without an answer does not, though an earlier error keeps
        anybody from asking.
        """
        agent, origin = self.origin(), self.origin()
        messages = TWO_EVENTS + "    failure closed\n"
        self.begin([agent], messages=messages, proxies=self.relay(origin.port))
        client = self.request()
        self.talk(agent, "pipelining").asked()
        self.advance(0.52)
        server = origin.accept()
        server.head()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        self.assertEqual(self.status(client), 503)

    def test_maxerrrate(self) -> None:
        """
        Beyond C{maxerrrate} nothing is asked for a while.
        """
        self.begin([self.dead_port()], options="maxerrrate 2", server="disabled")
        for expected in (b" error=2", b" error=2", b" error="):
            self.assertEqual((self.status(self.request()), self.body), (200, expected))
        self.advance(2.5)
        self.assertEqual((self.status(self.request()), self.body), (200, b" error=2"))

    def test_client_leaves(self) -> None:
        """
        A stream that has ended meanwhile is not brought back by an answer.
        """
        agent = self.origin()
        self.begin([agent])
        client = self.request()
        talk = self.talk(agent)
        ids, _ = talk.asked()
        stream = self.session.stream
        client.reset()
        self.until(lambda: not self.plane.state.sessions)
        self.assertEqual(stream.step, DONE)
        talk.answer(ids, DENY)
        self.until(lambda: self.figures.processed == 1)
        self.assertIsNone(stream.variables)
        self.assertEqual(self.figures.codes, {5: 1})

    def test_client_leaves_without_timeout(self) -> None:
        """
        Without any timeout it is still noticed that nobody waits.
        """
        agent = self.origin()
        self.begin([agent], timeouts="")
        client = self.request()
        self.talk(agent).asked()
        client.reset()
        self.until(lambda: not self.plane.state.sessions)
        self.advance(1.1)
        self.assertEqual(self.figures.codes, {5: 1})
        self.assertEqual(self.figures.in_flight, 0)

    def test_no_condition_holds(self) -> None:
        """
        When no message is to be sent, nothing happens.
        """
        agent = self.origin()
        self.begin([agent], messages=MESSAGE.rstrip() + " if { path /else }\n")
        self.assertEqual((self.status(self.request()), self.body), (200, b" error="))
        agent.idle()
        self.assertEqual((self.figures.processed, self.lines), (0, []))

    def test_dontlog_normal(self) -> None:
        """
        With C{option dontlog-normal} only errors are logged.
        """
        agent = self.origin()
        self.begin([agent], options="option dontlog-normal")
        client = self.request()
        talk = self.talk(agent, "pipelining")
        talk.answer(talk.asked()[0])
        self.assertEqual((self.status(client), self.lines), (200, []))
        client.send(get())
        talk.asked()
        self.advance(0.52)
        self.assertEqual(len(self.lines), 1)

    def test_group(self) -> None:
        """
        A rule sends a group.
        """
        agent = self.origin()
        proxies = FRONTEND.replace(
            "  http-request deny", "  http-request send-spoe-group agent g\n  http-request deny"
        )
        self.begin(
            [agent], proxies=proxies, options="groups g",
            messages="spoe-message ask\n args path=path\n"
            "spoe-message other\n event on-http-response\nspoe-group g\n messages ask\n",
        )  # fmt: skip
        client = self.request()
        talk = self.talk(agent)
        ids, [message] = talk.asked()
        self.assertEqual(message.name, "ask")
        talk.answer(ids, WORD)
        self.assertEqual((self.status(client), self.body), (200, b"hello error="))
        self.assertIn("<GROUP:g>", self.lines[0][1])

    def test_tcp(self) -> None:
        """
        In TCP mode a session without answer is closed if it has to be.
        """
        agent = self.origin()
        message = "spoe-message ask\n event on-client-session\n failure closed\n"
        self.begin(
            [agent], messages=message,
            proxies="frontend f\n mode tcp\n bind 127.0.0.1:8000\n filter spoe config {file}\n"
            " default_backend agents\n",
        )  # fmt: skip
        client = self.client()
        self.talk(agent).asked()
        self.advance(0.52)
        self.assertEqual(client.rest(), b"")

    def relay(self, port: int) -> str:
        """
        Write sections that go to a server.
        """
        return (
            "frontend f\n  bind 127.0.0.1:8000\n  filter spoe config {file}\n  default_backend b\n"
            f"backend b\n  server s 127.0.0.1:{port}\n"
        )
