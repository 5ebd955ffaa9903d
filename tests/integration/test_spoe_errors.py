"""
What becomes of a stream whose agent does not answer as it should: the code in the variable, the
line of the log, the fate of the stream. HAProxy and mwproxy alike.
"""

from __future__ import annotations

from mwproxy.protocols.spop.actions import Scope, SetVar
from mwproxy.protocols.spop.data import Value
from mwproxy.protocols.spop.disconnect import Disconnect
from mwproxy.protocols.spop.frames import Kind, encode_frame
from mwproxy.protocols.spop.hello import AgentHello, encode_agent_hello
from mwproxy.protocols.spop.kvlist import encode_kvlist
from tests.integration.clients import Connection
from tests.integration.harness import Proxy
from tests.integration.spoe_agents import Link, Notify, ScriptedAgent
from tests.integration.spoe_scene import LOG_LINE, SpoeTestCase, spoe_file

SAID = "%[var(txn.t.err)] %[var(txn.t.x)]"
#: For those who wait in vain.
BRIEF = spoe_file(processing="700ms")
START = "SPOE: [test] <EVENT:on-frontend-http-request> sid=N "


def x_is(value: str) -> SetVar:
    """
    An action that sets a variable.
    """
    return SetVar(Scope.txn, "x", value)


class ErrorsTests(SpoeTestCase):
    """
    Tests with HAProxy as the engine.
    """

    def said(self, proxy: Proxy, path: str = "/") -> str:
        """
        Ask once.

        @return: The code of the error and a variable.
        """
        return proxy.get("web", path).body.decode().strip()

    def assert_error(
        self, agent: ScriptedAgent, code: str, logged: str, spoe: str = "", path: str = "/"
    ) -> Proxy:
        """
        Ask once; the code and the masked line are as expected.
        """
        proxy = self.web(spoe or spoe_file(), agent.address, said=SAID)
        self.assert_said(proxy, code, logged, path)
        return proxy

    def assert_said(self, proxy: Proxy, code: str, logged: str, path: str = "/") -> None:
        """
        Ask; the code and the line, but for the counters at its end, are as expected.
        """
        count = len(LOG_LINE.findall(proxy.output))
        self.assertEqual(self.said(proxy, path), code)
        line = self.logged(proxy, count + 1)[count]
        if count:
            line, logged = line.rpartition(" ")[0], logged.rpartition(" ")[0]
        self.assertEqual(line, START + logged)

    def test_absent(self) -> None:
        """
        An agent that is not there is waited for, and asked when it comes.
        """
        agent = self.scripted()
        agent.stop()
        self.assert_error(agent, "1", "st=1 T/-1/-1/-1/T A 0/0 1/1", BRIEF)

    def test_hello_is_not_answered(self) -> None:
        """
        An agent that accepts and says nothing is given up after C{timeout hello}; the stream waits
        for its own time.
        """
        agent = self.scripted()
        agent.at_hello = lambda link: None
        spoe = spoe_file(hello="100ms", processing="1500ms")
        self.assert_error(agent, "1", "st=1 T/-1/-1/-1/T A 0/0 1/1", spoe)
        agent.wait_for(lambda: len(agent.links) > 1)

    def test_hello_is_refused(self) -> None:
        """
        So it does when agents refuse, whatever the reason.
        """
        agent = self.scripted()
        proxy = self.web(BRIEF, agent.address, said=SAID)
        for status in (0, 99):
            agent.at_hello = lambda link, status=status: link.leave(status)  # type: ignore[misc]
            self.assert_said(proxy, "1", "st=1 T/-1/-1/-1/T A 0/0 1/1")

    def test_garbage_for_hello(self) -> None:
        """
        Or when they speak something else.
        """
        agent = self.scripted()
        agent.at_hello = lambda link: link.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.assert_error(agent, "1", "st=1 T/-1/-1/-1/T A 0/0 1/1", BRIEF)
        agent.wait_for(lambda: agent.links[0].farewell)
        farewell = agent.links[0].farewell
        assert farewell is not None
        self.assertEqual((farewell.status, farewell.message), (3, "frame is too big"))

    def test_bad_hello(self) -> None:
        """
        A hello that lacks something or wants too much is answered with the reason.
        """
        hello: dict[str, Value] = {"version": "2.0", "max-frame-size": 16380, "capabilities": ""}
        cases: tuple[tuple[dict[str, Value], int, str], ...] = (
            ({"version": None}, 5, "version value not found"),
            ({"max-frame-size": None}, 6, "max-frame-size value not found"),
            ({"version": "3.0"}, 8, "unsupported version"),
            ({"max-frame-size": 100}, 9, "max-frame-size too big or too small"),
        )
        agent = self.scripted()
        # Far more than the pause between two attempts.
        proxy = self.web(BRIEF, agent.address, said=SAID)
        for changes, status, reason in cases:
            items = {name: value for name, value in (hello | changes).items() if value is not None}
            said = encode_frame(Kind.AGENT_HELLO, encode_kvlist(items))
            before = len(agent.links)
            agent.at_hello = lambda link, said=said: link.send(said)  # type: ignore[misc]
            self.assert_said(proxy, "1", "st=1 T/-1/-1/-1/T A 0/0 1/1")
            expected = Disconnect(status, reason)

            def told(before: int = before, expected: Disconnect = expected) -> bool:
                return any(link.farewell == expected for link in agent.links[before:])

            agent.wait_for(told, f"{changes}")

    def test_no_answer(self) -> None:
        """
        An answer that does not come is waited for until C{timeout processing}; the connection
        stays.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: None
        spoe = spoe_file(processing="1500ms")
        proxy = self.assert_error(agent, "1", "st=1 T/T/-1/-1/T A 0/0 1/1", spoe)
        agent.at_notify = lambda link, notify: link.send(notify.ack(x_is("y")))
        self.assertEqual(self.said(proxy), "y")
        self.assertEqual([link.asked for link in agent.links], [2])

    def test_late_answer(self) -> None:
        """
        An answer that comes when its stream does not wait any more is nobody's.
        """
        agent = self.scripted()
        kept: list[Notify] = []
        agent.at_notify = lambda link, notify: kept.append(notify)
        spoe = spoe_file(processing="1500ms")
        proxy = self.assert_error(agent, "1", "st=1 T/T/-1/-1/T A 0/0 1/1", spoe)

        def both(link: Link, notify: Notify) -> None:
            link.send(kept[0].ack(x_is("late")) + notify.ack(x_is("own")))

        agent.at_notify = both
        self.assertEqual(self.said(proxy), "own")
        self.assertEqual([link.asked for link in agent.links], [2])

    def test_disconnect(self) -> None:
        """
        An agent that ends the connection in place of an answer gives the code.
        """
        agent = self.scripted()
        proxy = self.web(spoe_file(), agent.address, said=SAID)
        for status in (1, 2, 3, 4, 10, 13, 99, 200):
            agent.at_notify = lambda link, notify, status=status: link.leave(status)  # type: ignore[misc]
            code = 256 + status
            self.assert_said(proxy, f"{code}", f"st={code} T/T/T/-1/T A 0/0 1/1")

    def test_close(self) -> None:
        """
        One that just closes, or resets, gives 257.
        """
        agent = self.scripted()
        proxy = self.web(spoe_file(), agent.address, said=SAID)
        for ending in (Link.end, Link.reset):
            agent.at_notify = lambda link, notify, ending=ending: ending(link)  # type: ignore[misc]
            self.assert_said(proxy, "257", "st=257 T/T/T/-1/T A 0/0 1/1")

    def test_close_in_a_frame(self) -> None:
        """
        So does one that ends in the middle of its answer, wherever.
        """
        agent = self.scripted()
        proxy = self.web(spoe_file(), agent.address, said=SAID)
        length = len(Notify(1, 1, []).ack(x_is("value")))
        for at in range(1, length, 4):

            def cut(link: Link, notify: Notify, at: int = at) -> None:
                link.send(notify.ack(x_is("value"))[:at])
                link.end()

            agent.at_notify = cut
            self.assertEqual(self.said(proxy), "257", at)

    def test_pieces(self) -> None:
        """
        An answer that comes byte by byte is an answer.
        """
        agent = self.scripted()

        def pieces(link: Link, notify: Notify) -> None:
            for byte in notify.ack(x_is("value")):
                link.send(bytes((byte,)))

        agent.at_notify = pieces
        self.assert_error(agent, "value", "st=0 T/T/T/T/T 1/1 0/0 0/1")

    def test_other_ids(self) -> None:
        """
        An answer to nothing is passed over.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.send(
            Notify(notify.stream_id + 1, notify.frame_id, []).ack(x_is("stream"))
            + Notify(notify.stream_id, notify.frame_id + 1, []).ack(x_is("frame"))
        )
        self.assert_error(agent, "1", "st=1 T/T/-1/-1/T A 0/0 1/1", BRIEF)

    def test_twice(self) -> None:
        """
        A second answer too.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.send(
            notify.ack(x_is("first")) + notify.ack(x_is("second"))
        )
        proxy = self.assert_error(agent, "first", "st=0 T/T/T/T/T 1/1 0/0 0/1")
        self.assertEqual(self.said(proxy), "first")
        self.assertEqual(len(agent.links), 1)

    def test_unknown_frame(self) -> None:
        """
        Frames of unknown types are passed over.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.send(
            encode_frame(77, b"abc", notify.stream_id, notify.frame_id) + notify.ack(x_is("y"))
        )
        self.assert_error(agent, "y", "st=0 T/T/T/T/T 1/1 0/0 0/1")

    def test_answer_too_long(self) -> None:
        """
        A frame that is longer than agreed ends the connection, with the reason.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.send(b"\0\1\0\0" + b"\xff" * 90)
        self.assert_error(agent, "259", "st=259 T/T/T/-1/T A 0/0 1/1")
        agent.wait_for(lambda: agent.links[0].farewell)

    def test_bad_actions(self) -> None:
        """
        Of actions that make no sense those before them are done.
        """
        good = Notify(0, 0, []).ack(x_is("value"))[11:]
        other = good.replace(b"\x01x", b"\x01y")
        agent = self.scripted()
        proxy = self.web(spoe_file(), agent.address, said=SAID)
        for bad in (
            other[:-2],
            b"\x09" + other[1:],
            b"\x01\x02" + other[2:],
            other[:2] + b"\x07" + other[3:],
            other.replace(b"\x08", b"\x0e"),
        ):
            for payload, value in ((bad, ""), (good + bad, "value")):

                def answer(link: Link, notify: Notify, payload: bytes = payload) -> None:
                    link.send(encode_frame(Kind.ACK, payload, notify.stream_id, notify.frame_id))

                agent.at_notify = answer
                self.assert_said(proxy, value, "st=0 T/T/T/T/T 1/1 0/0 0/1")

    def test_too_big(self) -> None:
        """
        A message that does not fit into a frame is not sent; nothing else is hurt.
        """
        agent = self.scripted()
        options = "max-frame-size 256\nno option send-frag-payload"
        spoe = spoe_file(options=options)
        proxy = self.assert_error(agent, "3", "st=3 -1/-1/-1/-1/T A 0/0 1/1", spoe, "/" + "x" * 300)
        self.assertEqual(self.said(proxy), "")
        self.assertEqual(agent.names, [("asked",)])

    def test_too_big_for_the_agent(self) -> None:
        """
        An agent may want shorter frames than the engine.
        """
        agent = self.scripted()

        def small(link: Link) -> None:
            link.send(encode_agent_hello(AgentHello(256)))

        agent.at_hello = small
        spoe = spoe_file(options="no option send-frag-payload")
        proxy = self.web(spoe, agent.address, said=SAID)
        self.assertEqual(self.said(proxy), "")
        self.assertEqual(self.said(proxy, "/" + "x" * 300), "3")
        self.assertEqual(self.said(proxy), "")
        self.assertEqual(agent.names, [("asked",)] * 2)

    def test_error_ends_the_transaction(self) -> None:
        """
        After an error the agent is not asked again for the same request, unless
        C{option continue-on-error} says so; the next request is another matter.
        """
        messages = """\
spoe-message one
    event on-frontend-tcp-request
spoe-message two
    event on-frontend-http-request"""
        for options, expected in (
            ("", [("one",), ("one",), ("two",)]),
            ("option continue-on-error", [("one",), ("two",), ("one",), ("two",)]),
        ):
            agent = self.scripted()

            def first_fails(link: Link, notify: Notify, agent: ScriptedAgent = agent) -> None:
                if len(agent.notified) == 1:
                    link.leave(99)
                else:
                    link.send(notify.ack())

            agent.at_notify = first_fails
            spoe = spoe_file(messages, "messages one two", options=options)
            proxy = self.web(spoe, agent.address, said=SAID)
            connection = Connection(proxy.port("web"))
            codes = [connection.ask().body.decode().strip() for _ in range(2)]
            connection.close()
            self.assertEqual((codes, agent.names), (["355", ""], expected))
            proxy.clean_up()
            agent.stop()

    def test_log(self) -> None:
        """
        C{option dontlog-normal} leaves what fails in the log.
        """
        agent = self.scripted()

        def by_path(link: Link, notify: Notify) -> None:
            if notify.messages[0].arguments[0][1] == "/bad":
                link.leave(99)
            else:
                link.send(notify.ack())

        agent.at_notify = by_path
        proxy = self.web(spoe_file(options="option dontlog-normal"), agent.address, said=SAID)
        for path, code in (("/", ""), ("/bad", "355"), ("/", "")):
            self.assertEqual(self.said(proxy, path), code)
        self.assertEqual(self.logged(proxy, 1), [START + "st=355 T/T/T/-1/T A 0/0 1/2"])

    def test_log_levels(self) -> None:
        """
        Successes are notices, failures warnings.
        """
        agent = self.scripted()
        agent.at_notify = lambda link, notify: link.send(notify.ack())
        spoe = spoe_file().replace("format raw local0", "format short local0")
        proxy = self.web(spoe, agent.address, said=SAID)
        self.said(proxy)
        agent.at_notify = lambda link, notify: link.leave(99)
        self.said(proxy)
        proxy.wait_output("<5>SPOE: .* st=0 ")
        proxy.wait_output("<4>SPOE: .* st=355 ")

    def test_groups_in_the_log(self) -> None:
        """
        A group has a line of its own.
        """
        agent = self.scripted()
        messages = "spoe-message asked\n    args path=path\nspoe-group all\n    messages asked"
        rules = "http-request send-spoe-group test all"
        spoe = spoe_file(messages, "groups all")
        proxy = self.web(spoe, agent.address, said=SAID, rules=rules)
        self.assertEqual(self.said(proxy), "")
        line = "SPOE: [test] <GROUP:all> sid=N st=0 T/T/T/T/T 1/1 0/0 0/1"
        self.assertEqual(self.logged(proxy, 1), [line])


class MwproxyErrorsTests(ErrorsTests):
    """
    The same with mwproxy.
    """

    product = "mwproxy"

    def test_bad_actions(self) -> None:
        """
        Differs from HAProxy: actions that make no sense are no answer, and end the connection.
        """
        agent = self.scripted()
        good = Notify(0, 0, []).ack(x_is("value"))[11:]
        agent.at_notify = lambda link, notify: link.send(
            encode_frame(Kind.ACK, good + good[:-1], notify.stream_id, notify.frame_id)
        )
        self.assert_error(agent, "260", "st=260 T/T/T/-1/T A 0/0 1/1")
        agent.wait_for(lambda: agent.links[0].farewell)
        farewell = agent.links[0].farewell
        assert farewell is not None
        self.assertEqual(farewell.status, 4)
