"""
Servers that change while traffic runs: by the console and by their agents.
"""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path

from tests.integration.agents import FakeAgent
from tests.integration.clients import Connection, fetch
from tests.integration.harness import ProcessTestCase, Proxy
from tests.integration.origins import Origin

CONFIG = """
global
    maxconn 200
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind <listen:fe>
    default_backend be
backend be
    balance <balance>
    http-reuse always
    server s1 <origin>
"""
AGENT = """
global
    maxconn 200
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind <listen:fe>
    default_backend be
backend be
    server s1 <origin> weight 100 agent-check agent-port <agent> agent-inter 50ms agent-send hello
"""


def named(name: str) -> bytes:
    """
    Make the answer of an origin that tells its name.
    """
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\n\r\n{name}".encode()


def descriptors(pid: int) -> int:
    """
    Count the descriptors of a process.
    """
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def worker(proxy: Proxy, *commands: str) -> str:
    """
    Run commands in the worker, on one connection to the master.

    @return: All answers.
    """
    return proxy.master_cli(";".join(f"@1 {each}" for each in commands))


class ServerTests(ProcessTestCase):
    """
    Tests of servers that move, come and go.
    """

    def origin(self, name: str) -> Origin:
        """
        Start a server that tells its name.
        """
        origin = Origin(named(name))
        self.addCleanup(origin.stop)
        return origin

    def begin(self, balance: str = "roundrobin") -> Proxy:
        """
        Start a proxy with the server C{one}.
        """
        return self.start(CONFIG, origin=self.origin("one").address, balance=balance)

    def names(self, proxy: Proxy, count: int) -> set[str]:
        """
        Ask so often, each time on a new connection, and tell who has answered.
        """
        return {fetch(proxy.port("fe")).body.decode() for _ in range(count)}

    def test_moved(self) -> None:
        """
        Once a server has moved nobody is sent to its former place, idle connections to it being
        closed; what runs there ends in peace.
        """
        proxy = self.begin()
        client = Connection(proxy.port("fe"))
        self.addCleanup(client.close)
        self.assertEqual(client.ask().body, b"one")
        host, port = self.origin("two").address.split(":")
        answer = proxy.master_cli(f"@1 set server be/s1 addr {host} port {port}")
        self.assertIn("port changed from", answer)
        self.assertEqual(client.ask().body, b"two")
        self.assertEqual(self.names(proxy, 5), {"two"})
        self.assertEqual(client.ask().body, b"two")
        rows = proxy.master_cli("@1 show servers state be").splitlines()
        self.assertEqual(rows[2].split()[18], port)

    def test_moved_while_in_use(self) -> None:
        """
        The connection of an exchange under way is not kept when its server has moved meanwhile.
        """
        asked, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def answer(request: bytes) -> bytes:
            if b"/slow" in request:
                asked.set()
                go_on.wait(10)
            return named("one")

        slow = Origin(answer)
        self.addCleanup(slow.stop)
        proxy = self.start(CONFIG, origin=slow.address, balance="roundrobin")
        client = Connection(proxy.port("fe"))
        self.addCleanup(client.close)
        client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(asked.wait(10))
        host, port = self.origin("two").address.split(":")
        proxy.master_cli(f"@1 set server be/s1 addr {host} port {port}")
        go_on.set()
        self.assertEqual(client.response().body, b"one")
        self.assertEqual(client.ask().body, b"two")

    def test_come_and_go(self) -> None:
        """
        With each algorithm that takes them, a server that is added and enabled is used, and one
        that was put in maintenance can be deleted once it is idle; no request fails.
        """
        for balance in ("roundrobin", "leastconn", "first", "source\n    hash-type consistent"):
            proxy = self.begin(balance)
            crowd = proxy.keep_connecting("fe")
            new = self.origin("two")
            self.assertIn(
                "New server registered.", proxy.master_cli(f"@1 add server be/s2 {new.address}")
            )
            self.assertEqual(self.names(proxy, 3), {"one"})
            worker(proxy, "enable server be/s2", "disable server be/s1")
            self.assertEqual(self.names(proxy, 3), {"two"}, balance)
            answer = worker(proxy, "wait 5s srv-removable be/s1", "del server be/s1")
            self.assertIn("Done.", answer)
            self.assertIn("Server deleted.", answer)
            crowd.wait_for(10)
            tally = crowd.finish()
            self.assertEqual((tally.refused, tally.failed), (0, []))
            self.assertEqual(self.names(proxy, 3), {"two"})
            rows = list(csv.DictReader(io.StringIO(proxy.master_cli("@1 show stat be 4 -1")[2:])))
            self.assertEqual([row["svname"] for row in rows if row["svname"]], ["s2"])
            proxy.clean_up()

    def test_many_lives(self) -> None:
        """
        Servers that come and go hundreds of times leave neither descriptors nor servers behind.
        """
        proxy = self.begin()
        (pid,) = proxy.worker_pids()
        address = self.origin("two").address
        turn = [
            f"add server be/n {address} check inter 1s",
            "enable health be/n",
            "enable server be/n",
            "disable server be/n",
            "del server be/n",
        ]
        worker(proxy, *turn)
        before = descriptors(pid)
        for _ in range(20):
            self.assertEqual(worker(proxy, *turn * 10).count("Server deleted."), 10)
        # A check of the server that stays may be under way.
        proxy.wait(lambda: descriptors(pid) <= before)
        self.assertEqual(len(proxy.master_cli("@1 show servers state be").splitlines()), 4)

    def test_lost_by_a_reload(self) -> None:
        """
        As in HAProxy a reload goes back to the files: added servers are gone, states forgotten.
        """
        proxy = self.begin()
        worker(
            proxy,
            f"add server be/s2 {self.origin('two').address}",
            "enable server be/s2",
            "set server be/s1 state maint",
        )
        self.assertEqual(self.names(proxy, 2), {"two"})
        self.assertIn("Success=1", proxy.reload())
        self.assertEqual(self.names(proxy, 2), {"one"})


class AgentTests(ProcessTestCase):
    """
    Tests of servers with agents.
    """

    def begin(self, answer: bytes | None) -> tuple[Proxy, FakeAgent]:
        """
        Start a proxy whose server has an agent.
        """
        agent = FakeAgent(answer)
        self.addCleanup(agent.stop)
        origin = Origin()
        self.addCleanup(origin.stop)
        return self.start(AGENT, origin=origin.address, agent=str(agent.port)), agent

    def wait_for(self, proxy: Proxy, **wanted: str) -> None:
        """
        Wait until columns of the server's row are so.
        """

        def so() -> bool:
            rows = csv.DictReader(io.StringIO(proxy.master_cli("@1 show stat be 4 -1")[2:]))
            row = next(row for row in rows if row["svname"] == "s1")
            return all(row[name] == value for name, value in wanted.items())

        proxy.wait(so)

    def test_obeyed(self) -> None:
        """
        What the agent says is done, and shown.
        """
        proxy, agent = self.begin(b"up 50% maxconn:7\n")
        self.wait_for(proxy, weight="50", slim="7", agent_status="L7OK", last_agt="via agent : up")
        self.assertEqual(agent.asked[0], b"hello")
        agent.answer = b"down # sick\n"
        self.wait_for(proxy, status="DOWN (agent)", last_agt="via agent : down (sick)")
        self.assertEqual(fetch(proxy.port("fe")).status, 503)
        agent.answer = b"up 100%\n"
        self.wait_for(proxy, status="no check", weight="100")
        self.assertEqual(fetch(proxy.port("fe")).status, 200)
        agent.answer = b"drain\n"
        self.wait_for(proxy, status="DRAIN (agent)")
        agent.answer = b"ready\n"
        self.wait_for(proxy, status="no check")

    def test_misbehaving(self) -> None:
        """
        Agents that stall, reset, flood, answer garbage or half a line change nothing, and leave no
        descriptor behind.
        """
        proxy, agent = self.begin(b"up\n")
        self.wait_for(proxy, agent_status="L7OK")
        (pid,) = proxy.worker_pids()
        before = descriptors(pid)
        for answer, status in (
            (None, "L7TOUT"),
            (b"reset", "SOCKERR"),
            (b"x" * 100_000, "L7RSP"),
            (b"\x00\xff\x1b[2J\n", "CHECKED"),
            (b"down", "L7RSP"),
            (b"", "L7RSP"),
            (b"up\n", "L7OK"),
        ):
            agent.answer = answer
            self.wait_for(proxy, agent_status=status, status="no check")
            self.assertEqual(fetch(proxy.port("fe")).status, 200)
        agent.stop()
        self.wait_for(proxy, agent_status="L4CON", status="no check")
        proxy.wait(lambda: descriptors(pid) <= before)

    def test_console_wins_for_a_while(self) -> None:
        """
        An agent's verdict can be overruled, and its check be turned off.
        """
        proxy, agent = self.begin(b"down\n")
        self.wait_for(proxy, status="DOWN (agent)")
        worker(proxy, "disable agent be/s1", "set server be/s1 health up")
        self.wait_for(proxy, status="no check", agent_status="")
        self.assertEqual(fetch(proxy.port("fe")).status, 200)
        proxy.master_cli("@1 enable agent be/s1")
        self.wait_for(proxy, status="DOWN (agent)")
        agent.answer = b"up\n"
        self.wait_for(proxy, status="no check")
