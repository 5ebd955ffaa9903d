"""
What an agent is told and what it sets: HAProxy and mwproxy with one agent of the framework, the
same file of the engine and the same requests.
"""

from __future__ import annotations

from tests.integration.clients import Connection
from tests.integration.harness import Proxy
from tests.integration.spoe_scene import ROUTED, SpoeTestCase, spoe_file

AGENT = """\
from ipaddress import IPv4Address, IPv6Address
from mwproxy.protocols.spop.data import Int32, Int64, Uint32, Uint64
from mwproxy.spoa.actions import set_var, unset_var
from mwproxy.spoa.agent import Agent
from mwproxy.spoa.binding import Request

agent = Agent()

@agent.message("asked")
@agent.message("also")
def asked(request: Request):
{body}
"""

#: Says what it was told, type by type.
TOLD = """\
    said = ", ".join(f"{name}={type(value).__name__}:{value}" for name, value in request.arguments)
    return set_var("txn", request.name, said)
"""

#: Sets a value of each type.
VALUES = """\
    values = {
        "null": None, "yes": True, "no": False, "i32": Int32(-2**31), "u32": Uint32(2**32 - 1),
        "i64": Int64(-2**63), "u64": Uint64(2**63 - 1), "int": -300,
        "ip4": IPv4Address("192.0.2.1"), "ip6": IPv6Address("2001:db8::1"), "str": "te xt",
        "empty": "", "bin": b"\\x00\\xff",
    }
    return [set_var("txn", name, value) for name, value in values.items()]
"""

#: Counts in each scope how often it was asked, as far as the proxy still knows.
SCOPES = """\
    known = dict(request.arguments)
    return [set_var(scope, "n", (known[scope] or 0) + 1)
            for scope in ("proc", "sess", "txn", "req", "res")]
"""
COUNTED = "proc=var(proc.t.n) sess=var(sess.t.n) txn=var(txn.t.n) req=var(req.t.n) res=var(res.t.n)"

#: Unsets what it is told to.
UNSET = """\
    scope, name = dict(request.arguments)["path"].strip("/").split("/")
    return set_var("sess", "one", "1"), set_var("txn", "two", "2"), unset_var(scope, name)
"""

SAY = """\
    return set_var("txn", request.name, dict(request.arguments)["path"])
"""

ROUTE = """\
frontend web
    bind <listen:web>
    <filters>
    <rules>
    default_backend pages
backend pages
    server o <origin>
"""


class VariablesTests(SpoeTestCase):
    """
    Tests with HAProxy as the engine.
    """

    def asked(self, body: str, spoe: str, said: str = "", rules: str = "", **values: str) -> Proxy:
        """
        Start an agent with a function, and the proxy.

        @param body: What the function does.

        @return: The proxy.
        """
        agent = self.started(AGENT.format(body=body))
        return self.web(spoe, f"127.0.0.1:{agent.port}", said=said, rules=rules, **values)

    def said(self, proxy: Proxy, path: str = "/", headers: str = "") -> str:
        """
        Ask once.

        @return: What the proxy answered.
        """
        return proxy.get("web", path, headers).body.decode().strip()

    def test_arguments(self) -> None:
        """
        Arguments have the types of their expressions; what is not there is NULL.
        """
        arguments = (
            "s=str(abc) e=str() yes=bool(true) no=bool(false) n=int(5) neg=int(-5) "
            "big=int(9223372036854775807) least=int(-9223372036854775808) ip=src net=src,ipmask(8) "
            "ip4=ipv4(192.0.2.7) ip6=ipv6(2001:db8::7) bin=bin(00ff80) method=method path=path "
            "len=path,length null=var(txn.nothing) head=req.hdr(x-none) hdr=req.hdr(x-a) "
            "cnt=req.hdr_cnt(x-a) found=req.hdr(x-none),bool name=fe_name int(7) url"
        )
        proxy = self.asked(TOLD, spoe_file(arguments=arguments), "%[var(txn.t.asked)]")
        self.assertEqual(
            self.said(proxy, "/a?b=c", "x-a: one, two\r\n"),
            "s=str:abc, e=str:, yes=bool:True, no=bool:False, n=int:5, neg=int:-5, "
            "big=int:9223372036854775807, least=int:-9223372036854775808, "
            "ip=IPv4Address:127.0.0.1, net=IPv4Address:127.0.0.0, "
            "ip4=IPv4Address:192.0.2.7, ip6=IPv6Address:2001:db8::7, "
            "bin=bytes:b'\\x00\\xff\\x80', method=str:GET, path=str:/a, "
            "len=int:2, null=NoneType:None, head=NoneType:None, hdr=str:two, "
            "cnt=int:2, found=NoneType:None, name=str:web, =int:7, =str:/a?b=c",
        )

    def test_variables_as_arguments(self) -> None:
        """
        Variables keep the type of what was put into them.
        """
        rules = """\
http-request set-var(txn.num) int(12)
http-request set-var(txn.ip) src
http-request set-var(txn.yes) bool(true)
http-request set-var(txn.text) path
http-request set-var(txn.bin) bin(0102)
http-request send-spoe-group test all"""
        messages = """\
spoe-message also
    args var(txn.num) var(txn.ip) var(txn.yes) var(txn.text) var(txn.bin)
spoe-group all
    messages also"""
        spoe = spoe_file(messages, "groups all")
        proxy = self.asked(TOLD, spoe, "%[var(txn.t.also)]", rules)
        self.assertEqual(
            self.said(proxy, "/x"),
            "=int:12, =IPv4Address:127.0.0.1, =bool:True, =str:/x, =bytes:b'\\x01\\x02'",
        )

    def test_values(self) -> None:
        """
        Values of all types are what rules see of them.
        """
        names = [
            "null",
            "yes",
            "no",
            "i32",
            "u32",
            "i64",
            "u64",
            "int",
            "ip4",
            "ip6",
            "str",
            "empty",
        ]
        said = ", ".join(f"%[var(txn.t.{name})]" for name in names)
        said += ", %[var(txn.t.bin),hex], %[var(txn.t.int),add(1)], %[var(txn.t.ip4),ipmask(16)]"
        proxy = self.asked(VALUES, spoe_file(), said)
        self.assertEqual(
            self.said(proxy),
            ", 1, 0, -2147483648, 4294967295, -9223372036854775808, 9223372036854775807, -300, "
            "192.0.2.1, 2001:db8::1, te xt, , 00FF, -299, 192.0.0.0",
        )

    def test_values_match(self) -> None:
        """
        Conditions match them by their types.
        """
        conditions = {
            "yes": "var(txn.t.yes) -m bool",
            "no": "!{ var(txn.t.no) -m bool } { var(txn.t.no) -m found",
            "int": "var(txn.t.int) -m int lt -299",
            "ip4": "var(txn.t.ip4) -m ip 192.0.2.0/24",
            "ip6": "var(txn.t.ip6) -m ip 2001:db8::/32",
            "str": "var(txn.t.str) -m beg te",
            "null": "var(txn.t.null) -m found",
            "empty": "var(txn.t.empty) -m found",
        }
        rules = "\n".join(
            f"http-request set-header x-seen {name} if {{ {condition} }}"
            if not condition.startswith("!")
            else f"http-request set-header x-seen {name} if {condition} }}"
            for name, condition in conditions.items()
        ).replace("set-header", "add-header")
        proxy = self.asked(
            VALUES, spoe_file(), "%[req.fhdr(x-seen,1)] %[req.hdr_cnt(x-seen)]", rules
        )
        every = self.said(proxy)
        self.assertEqual(every, "yes 7")

    def test_scopes(self) -> None:
        """
        Each scope lives as long as it should: the process, the session of a client, a request with
        its response.
        """
        spoe = spoe_file(arguments=COUNTED)
        said = " ".join(f"%[var({scope}.t.n)]" for scope in ("proc", "sess", "txn", "req", "res"))
        proxy = self.asked(SCOPES, spoe, said)
        answers = []
        for _ in range(2):
            connection = Connection(proxy.port("web"))
            answers += [connection.ask().body.decode().strip() for _ in range(2)]
            connection.close()
        self.assertEqual(
            [answer.split()[:4] for answer in answers],
            [
                ["1", "1", "1", "1"],
                ["2", "2", "1", "1"],
                ["3", "1", "1", "1"],
                ["4", "2", "1", "1"],
            ],
        )

    def test_scopes_of_responses(self) -> None:
        """
        What C{req} had is gone when the response comes, and what is put there then is not kept;
        C{txn} lives on; C{res} is there from the response's event on.
        """
        messages = f"""\
spoe-message asked
    args {COUNTED}
    event on-backend-http-request
spoe-message also
    args {COUNTED}
    event on-http-response"""
        rules = "\n".join(
            f"http-response set-header x-{scope} %[var({scope}.t.n)]"
            for scope in ("sess", "txn", "req", "res")
        )
        proxy = self.asked(
            SCOPES,
            spoe_file(messages, "messages asked also"),
            rules=rules,
            config=ROUTED,
            sections=ROUTE,
            mode="http",
            origin=self.origin().address,
        )
        connection = Connection(proxy.port("web"))
        seen = []
        for _ in range(2):
            answer = connection.ask()
            seen.append([answer.header(f"x-{scope}") for scope in ("sess", "txn", "req", "res")])
        connection.close()
        self.assertEqual(seen, [["2", "2", "", "1"], ["4", "2", "", "1"]])

    def test_unset(self) -> None:
        """
        A variable can be unset, in its own scope only.
        """
        proxy = self.asked(UNSET, spoe_file(), "%[var(sess.t.one)]-%[var(txn.t.two)]")
        self.assertEqual(self.said(proxy, "/sess/one"), "-2")
        self.assertEqual(self.said(proxy, "/txn/two"), "1-")
        self.assertEqual(self.said(proxy, "/txn/one"), "1-2")
        self.assertEqual(self.said(proxy, "/sess/nothing"), "1-2")

    def test_conditions(self) -> None:
        """
        A message is sent when the condition of its event holds; ACLs are those of the message.
        """
        for condition, expected in (
            ("if { path_beg /a }", ["/ab", ""]),
            ("unless { path_beg /a }", ["", "/b"]),
            ("if wanted", ["/ab", ""]),
            ("if !wanted { path_end b }", ["", "/b"]),
            ("if wanted || { path /b }", ["/ab", "/b"]),
        ):
            spoe = spoe_file(condition=condition).replace(
                "    event", "    acl wanted path_beg /a\n    event"
            )
            proxy = self.asked(SAY, spoe, "%[var(txn.t.asked)]")
            self.assertEqual(
                [self.said(proxy, path) for path in ("/ab", "/b")], expected, condition
            )
            proxy.clean_up()

    def test_messages_of_an_event(self) -> None:
        """
        All messages of an event whose conditions hold are sent at once.
        """
        messages = """\
spoe-message asked
    args path=path
    event on-frontend-http-request if { path_end 1 }
spoe-message also
    args path=path
    event on-frontend-http-request"""
        spoe = spoe_file(messages, "messages asked also")
        proxy = self.asked(SAY, spoe, "%[var(txn.t.asked)] %[var(txn.t.also)]")
        self.assertEqual(self.said(proxy, "/1"), "/1 /1")
        self.assertEqual(self.said(proxy, "/2"), "/2")
        self.assertEqual(len(self.logged(proxy, 2)), 2)

    def test_groups(self) -> None:
        """
        A group is sent where a rule says so, when its condition holds, and the rules behind it see
        what came.
        """
        messages = """\
spoe-message asked
    args path=path
spoe-message also
    args path=var(txn.path)
spoe-group first
    messages asked
spoe-group second
    messages also"""
        rules = """\
http-request set-var(txn.path) path
http-request set-header x-before %[var(txn.t.asked)]
http-request send-spoe-group test first if { path_beg /a }
http-request set-header x-after %[var(txn.t.asked)]
http-response set-header x-before %[var(txn.t.also)]
http-response send-spoe-group test second
http-response set-header x-after %[var(txn.t.also)]"""
        origin = self.origin()
        proxy = self.asked(
            SAY,
            spoe_file(messages, "groups first second"),
            rules=rules,
            config=ROUTED,
            sections=ROUTE,
            mode="http",
            origin=origin.address,
        )
        for path, expected in (("/a", b"/a"), ("/b", b"")):
            answer = proxy.get("web", path)
            request = origin.requests[-1]
            self.assertIn(b"x-before: \r\nx-after: " + expected + b"\r\n", request)
            self.assertEqual((answer.header("x-before"), answer.header("x-after")), ("", path))

    def test_prefix(self) -> None:
        """
        The prefix is the agent's name unless it is given.
        """
        for option, prefix in (("", "test"), ("option var-prefix a.b_C1", "a.b_C1")):
            spoe = spoe_file().replace("option var-prefix t", option)
            proxy = self.asked(SAY, spoe, f"%[var(txn.{prefix}.asked)]")
            self.assertEqual(self.said(proxy, "/x"), "/x")
            proxy.clean_up()

    def test_times(self) -> None:
        """
        The times of an event, and of all events of a stream, are set as numbers of milliseconds.
        """
        options = "option set-process-time ms\noption set-total-time sum"
        body = "    import time\n    time.sleep(0.02)\n    return ()"
        messages = """\
spoe-message asked
    event on-frontend-tcp-request
spoe-message also
    event on-frontend-http-request"""
        spoe = spoe_file(messages, "messages asked also", options=options)
        proxy = self.asked(body, spoe, "%[var(txn.t.ms)] %[var(txn.t.sum)]")
        one, both = map(int, self.said(proxy).split())
        self.assertGreaterEqual(one, 19)
        self.assertGreaterEqual(both, one + 19)

    def test_two_engines(self) -> None:
        """
        A proxy may have several engines, asked in the order of their lines; one file may serve
        them all.
        """
        spoe = spoe_file()
        spoe += (
            spoe.replace("[test]", "[other]")
            .replace("var-prefix t", "var-prefix o")
            .replace("args path=path", "args path=var(txn.t.asked),upper")
        )
        proxy = self.asked(
            SAY,
            spoe,
            "%[var(txn.t.asked)] %[var(txn.o.asked)]",
            filters="filter spoe engine test config <spoe>\n    "
            "filter spoe engine other config <spoe>",
        )
        self.assertEqual(self.said(proxy, "/x"), "/x /X")


class MwproxyVariablesTests(VariablesTests):
    """
    The same with mwproxy.
    """

    product = "mwproxy"
