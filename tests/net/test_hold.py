"""
Tests for streams that wait for somebody else's verdict
(L{Exchange.hold<mwproxy.net.exchange.Exchange.hold>}).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.config import model
from mwproxy.live import proxies
from mwproxy.rules.ruleset import ALLOW, Outcome, Verdict, Wait, chain_rulesets
from tests.net.plane import Peer, get, response
from tests.net.test_http_exchange import POST, ExchangeTestCase
from tests.net.test_tcp_client import TCP

DENY = Verdict("deny", 403)


class Judge:
    """
    A rule that keeps all streams waiting until the test decides.

    @ivar asked: The streams, and the function that lets each go on.
    """

    waits = True

    def __init__(self) -> None:
        self.asked: list[tuple[Any, Callable[[Verdict | None], None]]] = []
        self.at_once: list[Verdict | None] = []

    def __call__(self, stream: Any) -> Outcome:
        def begin(decide: Callable[[Verdict | None], None]) -> None:
            if self.at_once:
                decide(self.at_once.pop(0))
            else:
                self.asked.append((stream, decide))

        return Wait(begin)

    def decide(self, verdict: Verdict | None = None) -> None:
        """
        Let the one that has waited longest go on.
        """
        self.asked.pop(0)[1](verdict)


class HoldTestCase(ExchangeTestCase):
    """
    A test whose sections have judges before their own rules.

    @ivar judges: By section and direction, such as C{("f", "request")}.
    """

    def judge(self, *places: tuple[str, str]) -> None:
        """
        Have judges in some places, before anything starts.
        """
        self.judges = {place: Judge() for place in places}
        usual = proxies._rules

        def rules(description: model.Proxy) -> tuple[Any, Any]:
            own = usual(description)
            found = [
                chain_rulesets((self.judges.get((description.name, side)), mine))
                for side, mine in zip(("request", "response"), own, strict=True)
            ]
            return found[0], found[1]

        self.patch(proxies, "_rules", rules)

    def held(self, place: tuple[str, str], count: int = 1) -> Judge:
        """
        Wait until streams wait at a place.
        """
        judge = self.judges[place]
        self.until(lambda: len(judge.asked) >= count, lambda: "nobody waits")
        return judge


class RequestTests(HoldTestCase):
    """
    Tests for requests that wait.
    """

    def test_both_sides(self) -> None:
        """
        A request waits at the frontend and again at the backend, each time before the rules of the
        section, and for as long as that takes; then it is as any other.
        """
        self.judge(("f", "request"), ("b", "request"))
        self.begin("http-request set-header x-b 1", front="http-request set-header x-f 1")
        client = self.client()
        client.send(get("/one"))
        for place in self.judges:
            judge = self.held(place)
            self.advance(3600)
            self.the_origin.idle()
            judge.decide()
        server = self.the_origin.accept()
        self.assertEqual(server.head(), b"GET /one HTTP/1.1\r\nhost: a\r\nx-f: 1\r\nx-b: 1\r\n\r\n")
        server.send(response())
        client.message()
        self.assertEqual(self.logged()[0][:14], "f b/s -- 200 3")

    def test_denied(self) -> None:
        """
        A verdict ends the stream where it waits; the next request of the connection is served,
        which came meanwhile.
        """
        self.judge(("f", "request"))
        self.begin()
        client = self.client()
        client.send(get() + get("/2"))
        self.held(("f", "request")).decide(DENY)
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 403")
        self.held(("f", "request")).decide(ALLOW)
        server = self.the_origin.accept()
        self.assertIn(b"GET /2 ", server.head())
        server.send(response())
        client.message()
        self.assertEqual([line[:12] for line in self.logged(2)], ["f f/<NOSRV> ", "f b/s -- 200"])
        self.assertEqual(self.frontend().counters.dreq, 1)

    def test_denied_by_the_backend(self) -> None:
        """
        At the backend it is the backend's.
        """
        self.judge(("b", "request"))
        self.begin()
        client = self.client()
        client.send(get())
        self.held(("b", "request")).decide(DENY)
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 403")
        self.assertEqual(self.logged()[0][:19], "f b/<NOSRV> PR 403 ")

    def test_at_once(self) -> None:
        """
        Verdicts that are there at once make no difference: a whole pipeline of requests is
        answered.
        """
        self.judge(("f", "request"))
        self.begin()
        self.judges["f", "request"].at_once = [None, DENY, ALLOW]
        client = self.client()
        client.send(get() * 3)
        server = self.the_origin.accept()
        for status in (b"200", b"403", b"200"):
            if status == b"200":
                server.head()
                server.send(response())
            self.assertIn(status, client.message()[0][:12])

    def test_body(self) -> None:
        """
        A body waits in the kernel meanwhile, and arrives whole.
        """
        self.judge(("f", "request"))
        self.begin()
        client = self.client()
        client.send(POST + b"content-length: 100000\r\n\r\n" + b"x" * 1000)
        judge = self.held(("f", "request"))
        sent = client.try_send(b"y" * 99000)
        judge.decide()
        client.send(b"y" * (99000 - sent))
        server = self.the_origin.accept()
        server.head()
        self.assertEqual(server.take(100000), b"x" * 1000 + b"y" * 99000)
        server.send(response())
        client.message()

    def test_client_leaves(self) -> None:
        """
        A client that breaks off is logged C{CC} and gone; its verdict comes too late.
        """
        self.judge(("f", "request"))
        self.begin()
        client = self.client()
        client.send(get())
        judge = self.held(("f", "request"))
        client.reset()
        self.assertEqual(self.logged()[0][:18], "f f/<NOSRV> CC -1 ")
        judge.decide()
        self.the_origin.idle()
        self.assertEqual(self.frontend().counters.scur, 0)

    def test_client_half_closes(self) -> None:
        """
        A client that has merely said everything gets its answer.
        """
        self.judge(("f", "request"))
        self.begin()
        client = self.client()
        client.send(get())
        judge = self.held(("f", "request"))
        client.half_close()
        self.turn(3)
        judge.decide()
        server = self.the_origin.accept()
        server.head()
        server.send(response())
        self.assertIn(b" 200 ", client.message()[0])
        self.assertEqual(client.rest(), b"")

    def test_hard_stop(self) -> None:
        """
        A stream that waits can be ended by order.
        """
        self.judge(("f", "request"))
        self.begin()
        client = self.client()
        client.send(get())
        judge = self.held(("f", "request"))
        stream = judge.asked[0][0]
        stream.kill()
        self.assertEqual(client.rest(), b"")
        self.assertIn(" KH ", self.logged()[0])
        judge.decide()

    def test_failing_rules(self) -> None:
        """
        When what follows fails that session ends, and who brought the verdict hears nothing of it.
        """
        self.judge(("f", "request"))
        self.begin()
        client = self.client()
        client.send(get())
        judge = self.held(("f", "request"))
        judge.decide(Verdict("deny", 0, answer=lambda stream: b"nonsense"))
        self.assertEqual(client.rest(), b"")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.frontend().counters.scur, 0)


class ResponseTests(HoldTestCase):
    """
    Tests for responses that wait.
    """

    def ask(self, *places: tuple[str, str]) -> tuple[Peer, Peer]:
        """
        Let a request reach the server.

        @return: The client and the server.
        """
        self.judge(*places)
        self.begin("http-response set-header x-b 1", front="http-response set-header x-f 1")
        client = self.client()
        client.send(get())
        server = self.the_origin.accept()
        server.head()
        return client, server

    def test_both_sides(self) -> None:
        """
        A response waits for both sections, the backend first; both connections live on.
        """
        client, server = self.ask(("b", "response"), ("f", "response"))
        for _ in range(2):
            server.send(response())
            for place in self.judges:
                judge = self.held(place)
                self.advance(3600)
                client.quiet()
                judge.decide()
            head, body = client.message()
            self.assertIn(b"\r\nx-b: 1\r\nx-f: 1\r\n", head)
            self.assertEqual(body, b"hello")
            client.send(get())
            server.head()

    def test_long_body(self) -> None:
        """
        The rest of a body stays in the kernel meanwhile.
        """
        client, server = self.ask(("f", "response"))
        size = 300000
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        judge = self.held(("f", "response"))
        sent = server.try_send(b"z" * size)
        self.turn(3)
        judge.decide()
        server.send(b"z" * (size - sent))
        client.head()
        self.assertEqual(client.take(size), b"z" * size)

    def test_denied(self) -> None:
        """
        The answer is a 502 then, and the server's connection is not used any more.
        """
        client, server = self.ask(("b", "response"))
        server.send(response())
        self.held(("b", "response")).decide(Verdict("deny", 502))
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 502")
        self.assertEqual(server.rest(), b"")
        self.assertEqual(self.logged()[0][:15], "f b/s PH 502 27")

    def test_server_closes(self) -> None:
        """
        A server that closes behind a whole response makes no difference.
        """
        self._ends(Peer.close)

    def test_server_resets(self) -> None:
        """
        Nor does one that breaks off there.
        """
        self._ends(Peer.reset)

    def _ends(self, end: Callable[[Peer], None]) -> None:
        client, server = self.ask(("f", "response"))
        server.send(response())
        judge = self.held(("f", "response"))
        end(server)
        self.turn(5)
        client.quiet()
        judge.decide()
        self.assertEqual(client.message()[1], b"hello")

    def test_server_breaks_off(self) -> None:
        """
        One that breaks off in the middle of a body is noticed when the verdict is there.
        """
        client, server = self.ask(("f", "response"))
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        judge = self.held(("f", "response"))
        server.reset()
        self.turn(5)
        client.quiet()
        judge.decide()
        self.assertIn(b"hello", client.rest())
        self.assertEqual(self.logged()[0][:12], "f b/s SD 200")

    def test_client_leaves(self) -> None:
        """
        A client that breaks off takes its server connection with it.
        """
        client, server = self.ask(("f", "response"))
        server.send(response())
        judge = self.held(("f", "response"))
        client.reset()
        self.assertEqual(server.rest(), b"")
        judge.decide()
        self.assertEqual(self.logged()[0][:10], "f b/s CH 2")


class TcpTests(HoldTestCase):
    """
    Tests for TCP sessions that wait. There are no rules for them without filters; here judges stand
    for these.
    """

    def open(self, *places: tuple[str, str]) -> Peer:
        """
        Let a client connect.
        """
        self.judge(*places)
        self.the_origin = self.origin()
        self.start(TCP.format(port=self.the_origin.port, lines="", words=""))
        return self.client()

    def test_all_places(self) -> None:
        """
        A session waits at the frontend, at the backend and when the server's connection stands;
        what both sides say meanwhile is not lost.
        """
        client = self.open(("f", "request"), ("b", "request"), ("b", "response"))
        client.send(b"early")
        for place in list(self.judges)[:2]:
            judge = self.held(place)
            self.advance(3600)
            self.the_origin.idle()
            judge.decide()
        server = self.the_origin.accept()
        server.send(b"220 hello")
        judge = self.held(("b", "response"))
        client.quiet()
        server.quiet()
        judge.decide()
        self.assertEqual(server.take(5), b"early")
        self.assertEqual(client.take(9), b"220 hello")

    def test_rejected(self) -> None:
        """
        A verdict closes the connection: C{PR} before there is a server, C{PD} after.
        """
        client = self.open(("f", "request"))
        self.held(("f", "request")).decide(DENY)
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.logged()[0][:14], "f f/<NOSRV> PR")
        self.assertEqual(self.frontend().counters.dreq, 1)

    def test_rejected_at_the_response(self) -> None:
        """
        So for the server's side.
        """
        client = self.open(("b", "response"))
        server = self.the_origin.accept()
        self.held(("b", "response")).decide(DENY)
        self.assertEqual((client.rest(), server.rest()), (b"", b""))
        self.assertEqual(self.logged()[0][:8], "f b/s PD")
        self.assertEqual(self.backend().counters.dresp, 1)

    def test_peers_leave(self) -> None:
        """
        Either side that breaks off ends it; the verdict comes too late.
        """
        client = self.open(("b", "response"))
        server = self.the_origin.accept()
        judge = self.held(("b", "response"))
        server.reset()
        self.assertEqual(client.rest(), b"")
        judge.decide()
        self.assertIn(" SD ", self.logged()[0])
        client = self.client()
        server = self.the_origin.accept()
        self.held(("b", "response"))
        client.reset()
        self.assertEqual(server.rest(), b"")
        self.assertIn(" CC ", self.logged()[0])
