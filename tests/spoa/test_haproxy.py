"""
Agents of the framework asked by Debian's HAProxy.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from collections import Counter

from tests.integration.clients import PATIENCE, Connection
from tests.integration.harness import Proxy, wait_until
from tests.spoa.fakes import notify
from tests.spoa.processes import AgentProcess, AgentTestCase

#: Answers say what the agent has set; nothing is answered but by the proxy itself.
WEB = """\
global
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend web
    bind <listen:web>
    filter spoe engine test config <spoe>
    http-request return status 200 content-type text/plain lf-string "<said>"
backend agents
    mode tcp
    option spop-check
    server a <server> check inter 200ms
"""
SPOE = """\
[test]
spoe-agent test
    messages asked
    option var-prefix t
    option set-on-error err
    timeout hello 5s
    timeout idle 30s
    timeout processing 5s
    {options}
    use-backend agents
spoe-message asked
    args {arguments}
    event on-frontend-http-request
"""
TYPES = """\
from ipaddress import IPv4Address, IPv6Address
from mwproxy.protocols.spop.data import Int32, Int64, Uint32, Uint64
from mwproxy.spoa.actions import set_var, unset_var
from mwproxy.spoa.agent import Agent
from mwproxy.spoa.binding import Request

agent = Agent()

@agent.message("asked")
def asked(request: Request):
    print([value for _, value in request.arguments], [name for name, _ in request.arguments],
          flush=True)
    values = {
        "null": None, "yes": True, "no": False, "i32": Int32(-2**31), "u32": Uint32(2**32 - 1),
        "i64": Int64(-2**63), "u64": Uint64(2**63 - 1), "int": -300,
        "ip4": IPv4Address("192.0.2.1"),
        "ip6": IPv6Address("2001:db8::1"), "str": "text",
        "bin": b"\\x00\\xff", "gone": "x",
    }
    actions = [set_var("txn", name, value) for name, value in values.items()]
    return [*actions, unset_var("txn", "gone"), set_var("sess", "scope", "sess"),
            set_var("req", "scope", "req")]
"""
ECHO = """\
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent

agent = Agent()

@agent.message("asked")
def asked(path: str):
    return set_var("txn", "path", path), set_var("txn", "length", len(path))
"""
SLOW = """\
from twisted.internet import reactor
from twisted.internet.task import deferLater
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent

agent = Agent()

@agent.message("asked")
async def asked(path: str):
    await deferLater(reactor, 0.002 * (len(path) % 3))
    return set_var("txn", "path", path)
"""
ECHOED = "%[var(txn.t.path)] %[var(txn.t.err)]"


class Askers:
    """
    Clients that ask all the time, each for paths of its own, over connections that are kept.

    @ivar wrong: What was answered in place of the path that was asked for.
    """

    def __init__(self, port: int, count: int, close: bool = False) -> None:
        self.asked = 0
        self.wrong: Counter[str] = Counter()
        self._port = port
        self._close = close
        self._counting = threading.Lock()
        self._stops = [threading.Event() for _ in range(count)]
        self._threads = [
            threading.Thread(target=self._ask, args=(number,), daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """
        Have them end.
        """
        for stop in self._stops:
            stop.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)

    def _ask(self, number: int) -> None:
        turn = 0
        connection = Connection(self._port)
        while not self._stops[number].is_set():
            turn += 1
            path = f"/{number}/{'x' * (turn % 5)}{turn}"
            answer = connection.ask(path).body.decode().strip()
            with self._counting:
                self.asked += 1
                if answer != path:
                    self.wrong[answer.replace(path, "<path>")] += 1
            if self._close:
                connection.close()
                connection = Connection(self._port)
        connection.close()


class EngineTests(AgentTestCase):
    """
    Tests with HAProxy as the engine.
    """

    def run_pair(
        self, code: str, said: str, arguments: str = "path=path", options: str = "", *words: str
    ) -> tuple[AgentProcess, Proxy]:
        """
        Start an agent and a HAProxy that asks it.

        @param said: What the proxy answers with.

        @param arguments: What it sends.

        @param options: Lines of the C{spoe-agent} section.

        @param words: Options of the agent.
        """
        self.sock = self.listening()
        agent = self.agent(code)
        agent.start(*words, sockets=[self.sock])
        spoe = SPOE.format(arguments=arguments, options=options.replace("\n", "\n    "))
        server = f"127.0.0.1:{self.sock.getsockname()[1]}"
        proxy = self.haproxy(WEB, spoe, said=said, server=server)
        return agent, proxy

    def test_check(self) -> None:
        """
        HAProxy's health check finds the agent up, again and again, and down when it is gone.
        """
        agent, proxy = self.run_pair(ECHO, ECHOED)
        wait_until(lambda: agent.counters()["checks"] > 2, lambda: agent.output, PATIENCE)

        def state() -> str:
            line = proxy.master_cli("@1 show servers state agents").splitlines()[2]
            return line.split()[5]

        wait_until(lambda: state() == "2", state, PATIENCE)
        self.assertEqual(agent.counters()["refused"], 0)
        agent.signal(signal.SIGTERM)
        agent.wait_exit()
        self.sock.close()
        wait_until(lambda: state() == "0", state, PATIENCE)

    def test_types(self) -> None:
        """
        All types come and go, in all scopes, and variables can be unset.
        """
        names = ("null", "yes", "no", "i32", "u32", "i64", "u64", "int", "ip4", "ip6", "str")
        said = " ".join(f"%[var(txn.t.{name})]," for name in (*names, "gone"))
        said += " %[var(txn.t.bin),hex], %[var(sess.t.scope)], %[var(req.t.scope)]"
        arguments = (
            "s=str(abc) yes=bool(true) no=bool(false) n=int(5) neg=int(-5) "
            "big=int(9223372036854775807) ip=ipv4(192.0.2.7) ip6=ipv6(2001:db8::7) bin=bin(00ff80) "
            "method=method null=var(txn.nothing) int(7)"
        )
        agent, proxy = self.run_pair(TYPES, said, arguments)
        self.assertEqual(
            proxy.get("web").body.decode().strip(),
            ", 1, 0, -2147483648, 4294967295, -9223372036854775808, 9223372036854775807, -300, "
            "192.0.2.1, 2001:db8::1, text, , 00FF, sess, req",
        )
        self.assertIn(
            "['abc', True, False, 5, -5, 9223372036854775807, IPv4Address('192.0.2.7'), "
            "IPv6Address('2001:db8::7'), b'\\x00\\xff\\x80', 'GET', None, 7] "
            "['s', 'yes', 'no', 'n', 'neg', 'big', 'ip', 'ip6', 'bin', 'method', 'null', '']",
            agent.output,
        )

    def test_pipelining(self) -> None:
        """
        Many requests at a time each get their own answer, on few connections.
        """
        agent, proxy = self.run_pair(SLOW, ECHOED, "path=path", "maxconnrate 2")
        askers = Askers(proxy.port("web"), 16)
        wait_until(lambda: askers.asked > 600, lambda: str(askers.asked), 6 * PATIENCE)
        askers.finish()
        self.assertEqual(askers.wrong, {})
        found = agent.counters()
        self.assertEqual((found["errors"], found["refused"], found["canceled"]), (0, 0, 0))
        self.assertLess(found["connections"] - found["checks"], 16)

    def test_no_pipelining(self) -> None:
        """
        So they do without pipelining, on a connection for each that waits. HAProxy 2.6 fails now
        and then to make one of these; then it sets its error 1 without having asked the agent.
        """
        options = "no option pipelining\nno option async"
        agent, proxy = self.run_pair(SLOW, ECHOED, "path=path", options)
        askers = Askers(proxy.port("web"), 16)
        wait_until(lambda: askers.asked > 600, lambda: str(askers.asked), 6 * PATIENCE)
        askers.finish()
        found = agent.counters()
        not_asked = askers.asked - found["notifies"]
        self.assertEqual(askers.wrong, {"1": not_asked} if not_asked else {})
        self.assertLess(not_asked, 16)
        self.assertEqual(found["acks"], found["notifies"])
        self.assertEqual((found["errors"], found["refused"], found["canceled"]), (0, 0, 0))

    def test_frame_sizes(self) -> None:
        """
        The engine's frame size holds: what fits is answered, what does not is the engine's error 3.
        """
        for option, words, fits, too_long in (
            ("max-frame-size 256", [], 200, 256),
            ("max-frame-size 4000", ["--max-frame-size", "60000"], 3900, 4000),
            ("", ["--max-frame-size", "1000"], 900, 1000),
        ):
            said = "%[var(txn.t.length)] %[var(txn.t.err)]"
            code = ECHO.replace('set_var("txn", "path", path), ', "")
            agent, proxy = self.run_pair(
                code, said, "path=path", f"no option send-frag-payload\n{option}", *words
            )
            for length, expected in ((fits, f"{fits}"), (too_long, "3"), (fits, f"{fits}")):
                answer = proxy.get("web", "/" + "x" * (length - 1)).body.decode().strip()
                self.assertEqual(answer, expected, (option, length))
            self.assertEqual(agent.counters()["refused"], 0)
            proxy.clean_up()

    def test_unknown_message(self) -> None:
        """
        A message that the agent does not know sets nothing and holds up nothing.
        """
        agent, proxy = self.run_pair(ECHO.replace('"asked"', '"other"'), ECHOED)
        self.assertEqual(proxy.get("web").body.strip(), b"")
        self.assertIn("no function for message 'asked'", agent.output)

    def test_function_that_fails(self) -> None:
        """
        Nor does a function that fails.
        """
        agent, proxy = self.run_pair(ECHO.replace("return", "1 / 0; return"), ECHOED)
        self.assertEqual(proxy.get("web").body.strip(), b"")
        self.assertIn("message 'asked': division by zero", agent.output)
        self.assertIn("ZeroDivisionError", agent.output)

    def restart(self, options: str) -> int:
        """
        Replace agents while requests come.

        @return: How many requests were not decided.

        What stays in HAProxy's queue until its time is over does not count: without pipelining
        2.6 does not serve its queue when there are more requests than connections and fewer come,
        with agents that never end just the same.
        """
        agent, proxy = self.run_pair(SLOW, ECHOED, "path=path", options)
        askers = Askers(proxy.port("web"), 8)
        for _ in range(4):
            before = askers.asked
            wait_until(lambda: askers.asked > before + 100, lambda: "no requests", 2 * PATIENCE)  # noqa: B023
            successor = self.agent(SLOW)
            successor.start(sockets=[self.sock])
            agent.signal(signal.SIGUSR1)
            self.assertEqual(agent.wait_exit(), 0)
            agent = successor
        askers.finish()
        logged = re.findall(r"st=(\d+) \d+/(-?\d+)/-?\d+/-?\d+/", proxy.output)
        self.assertGreater(len(logged), 400)
        lost = [both for both in logged if both[0] != "0" and 0 <= int(both[1]) < 2000]
        self.assertEqual(set(askers.wrong) - {"1", "256"}, set())
        return len(lost)

    def test_restart(self) -> None:
        """
        Replacing agents under load loses no request that was sent to one.
        """
        options = "no option pipelining\nno option async\nlog stderr format raw local0"
        self.assertEqual(self.restart(options), 0)

    def test_restart_with_pipelining(self) -> None:
        """
        With pipelining what HAProxy sends while it is told of the end is lost: SPOP has no way to
        announce an end. That is far less than the requests under way when the agents were told.
        """
        self.assertLess(self.restart("log stderr format raw local0"), 4 * 8 / 2)

    def test_stopped_engine(self) -> None:
        """
        An engine that stands still holds up no other; when it goes on it gets its answers.
        """
        _, proxy = self.run_pair(ECHO, ECHOED)
        self.assertEqual(proxy.get("web", "/a").body.strip(), b"/a")
        worker = proxy.worker_pids()[0]
        os.kill(worker, signal.SIGSTOP)
        stalled = Connection(proxy.port("web"))
        self.addCleanup(stalled.close)
        stalled.send(b"GET /stalled HTTP/1.1\r\nhost: test\r\n\r\n")
        agent_port = self.sock.getsockname()[1]
        for number in range(50):
            with socket.create_connection(("127.0.0.1", agent_port), PATIENCE) as sock:
                sock.sendall(notify(number, "asked"))
                self.assertIn(b"status-code", sock.recv(1000))
        os.kill(worker, signal.SIGCONT)
        self.assertEqual(stalled.response().body.strip(), b"/stalled")

    def test_stalled_client(self) -> None:
        """
        Clients that stop in the middle of a request hold up no others.
        """
        agent, proxy = self.run_pair(ECHO, ECHOED)
        for _ in range(50):
            stalled = Connection(proxy.port("web"))
            self.addCleanup(stalled.close)
            stalled.send(b"GET /stalled HTTP/1.1\r\nhost:")
        for number in range(50):
            self.assertEqual(proxy.get("web", f"/{number}").body.strip(), b"/%d" % number)
        self.assertEqual(agent.counters()["notifies"], 50)

    def test_idle(self) -> None:
        """
        Connections that the engine gives up after a while are no trouble.
        """
        agent, proxy = self.run_pair(ECHO, ECHOED, "path=path", "timeout idle 200ms")
        self.assertEqual(proxy.get("web", "/a").body.strip(), b"/a")
        wait_until(lambda: agent.counters()["open"] == 0, lambda: agent.output, PATIENCE)
        self.assertEqual(agent.counters()["refused"], 0)
        self.assertIsNone(re.search("WARNING", agent.output))
        self.assertEqual(proxy.get("web", "/b").body.strip(), b"/b")
