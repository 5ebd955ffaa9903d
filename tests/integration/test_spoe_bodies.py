"""
What agents see of the bodies of requests, and groups sent by C{tcp-request content} rules: HAProxy
and mwproxy with one agent and the same requests.
"""

from __future__ import annotations

from tests.integration.clients import Connection
from tests.integration.harness import Proxy
from tests.integration.origins import EchoOrigin
from tests.integration.spoe_scene import ROUTED, SpoeTestCase, spoe_file

AGENT = """\
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent
from mwproxy.spoa.binding import Request

agent = Agent()

@agent.message("asked")
@agent.message("also")
def asked(request: Request):
    said = ", ".join(f"{name}={value!r:.60}" for name, value in request.arguments)
    return [set_var("txn", request.name, said), set_var("sess", request.name, "ok")]
"""

ARGUMENTS = "body=req.body len=req.body_len size=req.body_size user=req.body_param(user)"

RELAYED = """\
frontend relay
    bind <listen:relay>
    <filters>
    log stderr format raw local0
    log-format "relayed %ts %[var(sess.t.also)] %[var(txn.t.also)]"
    tcp-request inspect-delay 5s
    tcp-request content set-var(txn.me) str(me)
    tcp-request content send-spoe-group test all
    <rules>
    default_backend echoes
backend echoes
    server e <echo>
"""

GROUP = """\
spoe-message also
    args {}
spoe-group all
    messages also"""


def post(body: bytes) -> bytes:
    """
    Write a request.
    """
    return b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class BodiesTests(SpoeTestCase):
    """
    Tests with HAProxy as the engine.
    """

    def asked(self, spoe: str, rules: str, said: str = "%[var(txn.t.asked)]") -> Proxy:
        """
        Start the agent and the proxy.
        """
        agent = self.started(AGENT)
        return self.web(spoe, f"127.0.0.1:{agent.port}", said=said, rules=rules)

    def said(self, proxy: Proxy, *pieces: bytes) -> str:
        """
        Send a request in pieces.

        @return: What the proxy answered.
        """
        client = Connection(proxy.port("web"))
        self.addCleanup(client.close)
        for piece in pieces:
            client.send(piece)
        return client.response().body.decode().strip()

    def test_event(self) -> None:
        """
        With C{option http-buffer-request} the agent is told the whole body, however it came.
        """
        proxy = self.asked(spoe_file(arguments=ARGUMENTS), "option http-buffer-request")
        body = b"user=root&x=\xff\x00"
        told = f"body={body!r}, len=14, size=14, user='root'"
        self.assertEqual(self.said(proxy, post(body)), told)
        for cut in (1, 10, 14):
            message = post(body)
            self.assertEqual(self.said(proxy, message[:-cut], message[-cut:]), told)
        self.assertEqual(self.said(proxy, post(b"")), "body=b'', len=0, size=0, user=None")

    def test_group(self) -> None:
        """
        A group that is sent behind C{wait-for-body} has the whole body too.
        """
        spoe = spoe_file(GROUP.format(ARGUMENTS), "groups all")
        rules = """\
http-request wait-for-body time 5s
http-request send-spoe-group test all"""
        proxy = self.asked(spoe, rules, "%[var(txn.t.also)]")
        message = post(b"user=a")
        self.assertEqual(
            self.said(proxy, message[:-3], message[-3:]),
            "body=b'user=a', len=6, size=6, user='a'",
        )

    def test_content_rules(self) -> None:
        """
        C{tcp-request content} asks before C{http-request} rules, on each request of a connection.
        HAProxy waits for the agent only where there is an C{inspect-delay}.
        """
        spoe = spoe_file(GROUP.format("path=path seen=var(txn.early)"), "groups all")
        rules = """\
tcp-request inspect-delay 5s
tcp-request content set-var(txn.early) src_port if { path /never }
tcp-request content send-spoe-group test all
tcp-request content reject unless { var(sess.t.also) -m found }
http-request set-var(txn.early) str(late)"""
        proxy = self.asked(spoe, rules, "%[var(txn.t.also)]")
        client = Connection(proxy.port("web"))
        self.addCleanup(client.close)
        for path in ("/1", "/2"):
            answer = client.ask(path).body.decode().strip()
            self.assertEqual(answer, f"path='{path}', seen=None")

    def test_tcp_mode(self) -> None:
        """
        In TCP mode too, before a server is chosen; a rule behind it rejects by the verdict.
        """
        agent = self.started(AGENT)
        echo = EchoOrigin()
        self.addCleanup(echo.stop)
        for rule, ended in (("accept", "--"), ("reject", "PR")):
            proxy = self.web(
                spoe_file(GROUP.format("who=var(txn.me)"), "groups all"),
                f"127.0.0.1:{agent.port}",
                rules=f"tcp-request content {rule} if {{ var(sess.t.also) -m str ok }}",
                config=ROUTED,
                sections=RELAYED,
                mode="tcp",
                echo=echo.address,
            )
            client = Connection(proxy.port("relay"))
            self.addCleanup(client.close)
            client.send(b"hello")
            if rule == "accept":
                self.assertEqual(client.receive_exactly(5), b"hello")
            else:
                self.assertEqual(client.receive_all(), b"")
            client.close()
            line = f"relayed {ended} ok who='me'"
            proxy.wait(lambda proxy=proxy, line=line: line in proxy.output)  # type: ignore[misc]


class MwproxyBodiesTests(BodiesTests):
    """
    The same with mwproxy, and what is its own.
    """

    product = "mwproxy"

    def test_truncated(self) -> None:
        """
        A flag tells the agent that the body is longer than what it gets.
        """
        spoe = spoe_file(arguments="len=req.body_len cut=req.body_truncated size=req.body_size")
        proxy = self.asked(spoe, "option http-buffer-request")
        self.assertEqual(self.said(proxy, post(b"x" * 9)), "len=9, cut=False, size=9")
        self.assertEqual(self.said(proxy, post(b"x" * 30000)), "len=15309, cut=True, size=30000")
