"""
What is mwproxy's own in its engine: what becomes of a stream without an answer, message by message,
times of messages, agents that say goodbye; and how connections are shared.
"""

from __future__ import annotations

import re
import threading

from mwproxy.protocols.spop.actions import Scope, SetVar
from tests.integration.clients import Connection, request
from tests.integration.harness import Proxy, wait_until
from tests.integration.origins import EchoOrigin
from tests.integration.spoe_agents import Link, Notify, ScriptedAgent
from tests.integration.spoe_scene import LOG_LINE, ROUTED, WEB, SpoeTestCase, spoe_file

SAID = "%[var(txn.t.err)] %[var(txn.t.x)]"
BUFFERED = "option http-buffer-request"
ASKED = """\
spoe-message asked
    args path=path
    event on-frontend-http-request
    {lines}
"""


def asked(*lines: str) -> str:
    """
    Write the message with more lines.
    """
    return ASKED.format(lines="\n    ".join(lines))


def answer(link: Link, notify: Notify) -> None:
    """
    Answer with the path.
    """
    path = notify.messages[0].arguments[0][1]
    link.send(notify.ack(SetVar(Scope.txn, "x", path)))


class PolicyTests(SpoeTestCase):
    """
    Tests of mwproxy's extensions.
    """

    product = "mwproxy"

    def said(self, proxy: Proxy, path: str = "/") -> str:
        """
        Ask once.

        @return: The status, and what was answered if it is 200.
        """
        response = proxy.get("web", path)
        text = response.body.decode().strip() if response.status == 200 else ""
        return f"{response.status} {text}".strip()

    def test_open(self) -> None:
        """
        C{failure open} is what HAProxy does: the stream goes on, the variable tells.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.leave(99)
        proxy = self.web(spoe_file(asked("failure open")), agent.address, said=SAID)
        self.assertEqual(self.said(proxy), "200 355")

    def test_closed(self) -> None:
        """
        C{failure closed} refuses the request: 503, C{PR}; the connection may ask on.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.leave(99)
        proxy = self.web(
            spoe_file(asked("failure closed")),
            agent.address,
            said=SAID,
            rules="log stderr format raw local0\noption httplog",
        )
        connection = Connection(proxy.port("web"))
        self.assertEqual(connection.ask().status, 503)
        connection.close()
        agent.at_notify = answer
        self.assertEqual(self.said(proxy, "/x"), "200 /x")
        proxy.wait_output(r" 503 \d+ - - PR-- ")

    def test_closed_in_tcp_mode(self) -> None:
        """
        In TCP mode the connection ends, and no server sees it.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.leave(99)
        origin = EchoOrigin()
        self.addCleanup(origin.stop)
        message = "spoe-message asked\n    event on-client-session\n    failure closed"
        proxy = self.web(
            spoe_file(message),
            agent.address,
            config=ROUTED,
            mode="tcp",
            sections="listen web\n    bind <listen:web>\n    <filters>\n    option tcplog\n"
            "    log stderr format raw local0\n    server o <origin>",
            origin=origin.address,
        )
        connection = Connection(proxy.port("web"))
        self.assertEqual(connection.receive_all(), b"")
        connection.close()
        proxy.wait_output(r" PR ")

    def test_wait(self) -> None:
        """
        C{failure wait} asks again, until there is an answer.
        """
        agent = self.scripted()

        def fourth_time(link: Link, notify: Notify) -> None:
            if len(agent.notified) < 4:
                link.leave(99) if len(agent.notified) % 2 else link.end()
            else:
                answer(link, notify)

        agent.at_notify = fourth_time
        proxy = self.web(spoe_file(asked("failure wait")), agent.address, said=SAID)
        self.assertEqual(self.said(proxy, "/x"), "200 /x")
        self.assertEqual(len(agent.notified), 4)

    def test_wait_for_an_agent(self) -> None:
        """
        It waits for an agent that comes later, of several.
        """
        gone = self.scripted()
        gone.stop()
        agent = self.scripted()
        agent.at_notify = answer
        proxy = self.web(spoe_file(asked("failure wait")), gone.address, agent.address, said=SAID)
        for number in range(10):
            self.assertEqual(self.said(proxy, f"/{number}"), f"200 /{number}")

    def test_wait_is_over(self) -> None:
        """
        When C{timeout processing} is over the stream is refused.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.leave(99)
        spoe = spoe_file(asked("failure wait"), processing="300ms")
        proxy = self.web(spoe, agent.address, said=SAID)
        self.assertEqual(self.said(proxy), "503")
        agent.at_notify = answer
        self.assertEqual(self.said(proxy, "/x"), "200 /x")

    def test_goodbye(self) -> None:
        """
        What an agent leaves unanswered when it goes in order is sent to another one, once, whatever
        the policy.
        """
        agent = self.scripted()

        def second_time(link: Link, notify: Notify) -> None:
            if len(agent.notified) < 2:
                link.leave(0)
            else:
                answer(link, notify)

        agent.at_notify = second_time
        proxy = self.web(spoe_file(), agent.address, said=SAID)
        self.assertEqual(self.said(proxy, "/x"), "200 /x")
        agent.at_notify = lambda link, notify: link.leave(0)
        agent.notified.clear()
        self.assertEqual(self.said(proxy, "/y"), "200 256")
        self.assertEqual(len(agent.notified), 2)

    def test_time_of_a_message(self) -> None:
        """
        A message may have less time than the agent gives.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: None
        spoe = spoe_file(asked("timeout 100ms"), processing="30s")
        proxy = self.web(spoe, agent.address, said=SAID)
        self.assertEqual(self.said(proxy), "200 1")

    def test_frame_that_does_not_end(self) -> None:
        """
        A frame that promises more than comes swallows the answers behind it, so a connection that
        gives no answer to C{max-waiting-frames} questions is given up.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.send(b"\0\0\x3f\0" + notify.ack())
        spoe = spoe_file(options="max-waiting-frames 2", processing="300ms")
        proxy = self.web(spoe, agent.address, said=SAID)
        self.assertEqual(self.said(proxy, "/x"), "200 1")
        agent.at_notify = answer
        wait_until(lambda: self.said(proxy, "/x") == "200 /x", lambda: proxy.output, 20)
        self.assertEqual(agent.links[0].asked, 2)

    def test_order_of_answers(self) -> None:
        """
        A hundred requests wait on few connections, answers come in any order, each gets its own.
        """
        agent = self.scripted()
        held: list[tuple[Link, Notify]] = []
        agent.at_notify = lambda link, notify: held.append((link, notify))
        spoe = spoe_file(options="max-waiting-frames 50", processing="20s")
        proxy = self.web(spoe, agent.address, said=SAID)
        answers: dict[int, str] = {}

        def ask(number: int) -> None:
            answers[number] = self.said(proxy, f"/{number}")

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        agent.wait_for(lambda: len(agent.notified) == 100)
        wait_until(lambda: len(held) == 100, lambda: str(len(held)), 10)
        for link, notify in reversed(held):
            answer(link, notify)
        for thread in threads:
            thread.join()
        self.assertEqual(answers, {number: f"200 /{number}" for number in range(100)})
        self.assertLessEqual(max(link.asked for link in agent.links), 50)
        self.assertLess(len(agent.links), 20)

    def test_without_pipelining(self) -> None:
        """
        Without pipelining a connection has one frame at a time.
        """
        agent = self.scripted()
        held: list[tuple[Link, Notify]] = []
        agent.at_notify = lambda link, notify: held.append((link, notify))
        spoe = spoe_file(options="no option pipelining", processing="20s")
        proxy = self.web(spoe, agent.address, said=SAID)
        clients = [Connection(proxy.port("web")) for _ in range(8)]
        for number, client in enumerate(clients):
            client.send(f"GET /{number} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        agent.wait_for(lambda: len(agent.notified) == 8)
        self.assertEqual([link.asked for link in agent.links], [1] * 8)
        wait_until(lambda: len(held) == 8, lambda: str(len(held)), 10)
        for link, notify in held:
            answer(link, notify)
        for number, client in enumerate(clients):
            self.assertEqual(client.response().body.decode().strip(), f"/{number}")
            client.close()

    def test_several_agents(self) -> None:
        """
        Requests are shared among agents; what one leaves the others take.
        """
        agents = [self.scripted() for _ in range(3)]
        for agent in agents:
            agent.at_notify = answer
        proxy = self.web(
            spoe_file(asked("failure wait"), options="no option pipelining"),
            *(f"{agent.address} check inter 50ms fall 1 rise 1" for agent in agents),
            said=SAID,
        )

        def all_asked(agents: list[ScriptedAgent]) -> bool:
            clients = [Connection(proxy.port("web")) for _ in range(6)]
            for client in clients:
                client.send(b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
            said = {client.response().body.strip() for client in clients}
            for client in clients:
                client.close()
            self.assertEqual(said, {b"/x"})
            return all(agent.notified for agent in agents)

        wait_until(lambda: all_asked(agents), lambda: str([a.names for a in agents]), 20)
        agents[0].stop()
        for agent in agents:
            agent.notified.clear()
        wait_until(lambda: all_asked(agents[1:]), lambda: str([a.names for a in agents]), 20)
        self.assertEqual(agents[0].notified, [])

    def test_client_that_leaves(self) -> None:
        """
        A client that does not wait for the verdict leaves nothing behind.
        """
        agent = self.scripted()
        held: list[tuple[Link, Notify]] = []
        agent.at_notify = lambda link, notify: held.append((link, notify))
        proxy = self.web(spoe_file(processing="20s"), agent.address, said=SAID)
        for turn in range(20):
            client = Connection(proxy.port("web"))
            client.send(b"GET /gone HTTP/1.1\r\nhost: a\r\n\r\n")
            agent.wait_for(lambda turn=turn: len(agent.notified) > turn)  # type: ignore[misc]
            client.close()
        for link, notify in held:
            answer(link, notify)
        agent.at_notify = answer
        self.assertEqual(self.said(proxy, "/x"), "200 /x")
        self.assertNotIn("Traceback", proxy.output)

    def test_leaving(self) -> None:
        """
        A proxy that is asked to leave finishes what waits for an answer, then tells its agents.
        """
        agent = self.scripted()
        held: list[tuple[Link, Notify]] = []
        agent.at_notify = lambda link, notify: held.append((link, notify))
        proxy = self.web(spoe_file(processing="20s"), agent.address, said=SAID)
        client = Connection(proxy.port("web"))
        client.send(b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
        agent.wait_for(lambda: agent.notified)
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        wait_until(lambda: held, str, 10)
        answer(*held[0])
        self.assertEqual(client.response().body.strip(), b"/x")
        client.close()
        agent.wait_for(lambda: agent.links[0].farewell)
        farewell = agent.links[0].farewell
        assert farewell is not None
        self.assertEqual(farewell.status, 0)
        wait_until(lambda: not proxy.rows().get("old workers"), lambda: proxy.output, 20)

    def test_idle(self) -> None:
        """
        A connection that nobody needs is ended with the status that HAProxy gives.
        """
        agent = self.scripted()
        agent.at_notify = answer
        proxy = self.web(spoe_file(idle="100ms"), agent.address, said=SAID)
        self.assertEqual(self.said(proxy, "/x"), "200 /x")
        agent.wait_for(lambda: agent.links[0].farewell and not agent.open)
        farewell = agent.links[0].farewell
        assert farewell is not None
        self.assertEqual(farewell.status, 2)
        self.assertEqual(self.said(proxy, "/y"), "200 /y")

    def test_spop_backend(self) -> None:
        """
        Agents may stand in a backend of their own mode, and behind a path.
        """
        agent = self.started(
            "from mwproxy.spoa.actions import set_var\n"
            "from mwproxy.spoa.agent import Agent\n"
            "agent = Agent()\n"
            "@agent.message('asked')\n"
            "def asked(path: str):\n"
            "    return set_var('txn', 'x', path)\n"
        )
        again = self.agent(agent.file.read_text())
        path = str(again.directory / "a.sock")
        again.start("--listen", path)
        config = WEB.replace("mode tcp", "mode spop")
        proxy = self.web(spoe_file(), path, said=SAID, config=config)
        self.assertEqual(self.said(proxy, "/x"), "200 /x")
        self.assertEqual(again.counters()["notifies"], 1)

    def test_bodies(self) -> None:
        """
        An agent sees the body of a request, and is told when that is not all of it.
        """
        agent = self.scripted()

        def tell(link: Link, notify: Notify) -> None:
            body, cut = (value for _, value in notify.messages[0].arguments)
            assert isinstance(body, bytes)
            link.send(notify.ack(SetVar(Scope.txn, "x", f"{body[:5]!r} {cut!r}")))

        agent.at_notify = tell
        message = asked().replace("path=path", "req.body,bytes(0,100) req.body_truncated")
        proxy = self.web(spoe_file(message), agent.address, said=SAID, rules=BUFFERED)
        for body, expected in ((b"hello", "b'hello' False"), (b"x" * 200_000, "b'xxxxx' True")):
            head = f"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n\r\n"
            said = request(proxy.port("web"), head.encode() + body)
            self.assertTrue(said.endswith(expected.encode()), said)

    def test_error_rate(self) -> None:
        """
        C{maxerrrate} stops the questions while there are too many errors.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.leave(99)
        proxy = self.web(spoe_file(options="maxerrrate 1"), agent.address, said=SAID)
        self.assertEqual(self.said(proxy), "200 355")
        wait_until(lambda: self.said(proxy) == "200", lambda: str(agent.names), 20)
        asked = len(agent.notified)
        proxy.wait(lambda: len(LOG_LINE.findall(proxy.output)) >= asked)
        self.assertEqual(len(LOG_LINE.findall(proxy.output)), asked)

    def test_show_spoe(self) -> None:
        """
        C{show spoe} tells of engines and their agents, through the master too.
        """
        agent = self.scripted()
        agent.at_notify = answer
        proxy = self.web(spoe_file(), agent.address, said=SAID)
        self.assertEqual(self.said(proxy, "/x"), "200 /x")
        agent.at_notify = lambda link, notify: link.leave(99)
        self.said(proxy)
        said = proxy.master_cli("@1 show spoe")
        self.assertIsNotNone(re.search(r"\btest\b", said), said)
        self.assertIsNotNone(re.search(r"\b355\b", said), said)
