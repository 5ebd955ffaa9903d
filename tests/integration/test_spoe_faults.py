"""
mwproxy's engine and true agents that stall, are replaced and are killed under load: what each
request gets is an exact fact, and nothing stays behind.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from mwproxy.protocols.spop.hello import AgentHello, encode_agent_hello
from tests.integration.clients import PATIENCE, Connection, Response
from tests.integration.harness import Proxy, wait_until
from tests.integration.spoe_agents import Link, Notify
from tests.integration.spoe_scene import WEB, SpoeTestCase, spoe_file
from tests.spoa.processes import AgentProcess

AGENT = """\
import os
from twisted.internet import reactor
from twisted.internet.task import deferLater
from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent

agent = Agent()

@agent.message("asked")
async def asked(path: str):
    await deferLater(reactor, 0.002 * (len(path) % 3))
    return set_var("txn", "x", path)
"""
ASKED = """\
spoe-message asked
    args path=path
    event on-frontend-http-request
    failure {policy}
"""
SAID = "%[var(txn.t.err)] %[var(txn.t.x)]"


class Askers:
    """
    Clients that ask all the time, each for paths of its own.

    @ivar asked: How many requests were answered.

    @ivar wrong: Whatever came back that was not the path that was asked for.
    """

    def __init__(
        self, port: int, count: int = 8, judge: Callable[[Response], str] | None = None
    ) -> None:
        """
        @param judge: Tells what is wrong with an answer of status 200, empty for nothing; else it
            has to be the path that was asked for.
        """
        self.asked = 0
        self._judge = judge
        self.wrong: Counter[str] = Counter()
        self._port = port
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,), daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def wait_for(self, more: int) -> None:
        """
        Wait until so many more were answered.
        """
        aim = self.asked + more
        wait_until(lambda: self.asked >= aim, lambda: f"{self.asked} of {aim}", 6 * PATIENCE)

    def finish(self) -> Counter[str]:
        """
        Have them end.

        @return: What was wrong.
        """
        self._over.set()
        for thread in self._threads:
            thread.join(3 * PATIENCE)
        return self.wrong

    def _look(self, path: str, answer: Response) -> str:
        if self._judge is not None:
            return self._judge(answer)
        text = answer.body.decode().strip()
        return "" if text == path else text or "nothing"

    def _ask(self, number: int) -> None:
        connection: Connection | None = None
        turn = 0
        while not self._over.is_set():
            turn += 1
            path = f"/{number}/{'x' * (turn % 5)}{turn}"
            said = ""
            try:
                fresh = connection is None
                connection = connection or Connection(self._port)
                answer = connection.ask(path)
                said = str(answer.status)
                if answer.status == 200:
                    said = self._look(path, answer)
                if answer.header("connection") == "close":
                    connection.close()
                    connection = None
            except (OSError, EOFError) as error:
                if connection is not None:
                    connection.close()
                    connection = None
                if not fresh and "ended after b''" in str(error):
                    # Between two requests the proxy may close; the client asks again.
                    continue
                said = repr(error)
            with self._lock:
                self.asked += 1
                if said:
                    self.wrong[said] += 1
        if connection is not None:
            connection.close()


def descriptors(pid: int) -> int:
    """
    Count the descriptors of a process.
    """
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


class FaultTests(SpoeTestCase):
    """
    Tests of mwproxy's engine.
    """

    product = "mwproxy"

    def pair(self, policy: str = "wait", **options: str) -> tuple[AgentProcess, Proxy]:
        """
        Start an agent, on a socket that stays, and the proxy.
        """
        self.sock = self.listening()
        agent = self.agent(AGENT)
        agent.start(sockets=[self.sock])
        server = f"127.0.0.1:{self.sock.getsockname()[1]}"
        options = {"processing": "20s", "options": "option dontlog-normal", **options}
        config = WEB.replace("global\n", "global\n    master-worker respawn\n")
        spoe = spoe_file(ASKED.format(policy=policy), **options)
        proxy = self.web(spoe, server, said=SAID, config=config)
        self.assertEqual(proxy.get("web", "/first").body.strip(), b"/first")
        return agent, proxy

    def successor(self) -> AgentProcess:
        """
        Start another agent on the same socket.
        """
        agent = self.agent(AGENT)
        agent.start(sockets=[self.sock])
        return agent

    def assert_clean(self, proxy: Proxy, before: int) -> None:
        """
        The worker has as many descriptors as before, no question is left, and nothing has broken.
        """
        (pid,) = proxy.worker_pids()

        def left() -> list[int]:
            (engine,) = json.loads(proxy.master_cli("@1 show spoe json"))
            return [engine["in_flight"], engine["waiting"]]

        wait_until(lambda: left() == [0, 0], lambda: str(left()), PATIENCE)

        def few() -> bool:
            return descriptors(pid) <= before

        wait_until(few, lambda: f"{descriptors(pid)} descriptors, {before} before", 3 * PATIENCE)
        self.assertNotIn("Traceback", proxy.output)

    def test_replaced(self) -> None:
        """
        Agents are replaced under load; with C{failure wait} each request is decided.
        """
        agent, proxy = self.pair(idle="200ms")
        (pid,) = proxy.worker_pids()
        before = descriptors(pid)
        askers = Askers(proxy.port("web"))
        for _ in range(5):
            askers.wait_for(200)
            successor = self.successor()
            agent.signal(signal.SIGUSR1)
            self.assertEqual(agent.wait_exit(), 0)
            agent = successor
        askers.wait_for(200)
        self.assertEqual(askers.finish(), {})
        self.assert_clean(proxy, before)

    def test_replaced_with_any_policy(self) -> None:
        """
        So it is without a policy: agents that go in order leave nothing undecided.
        """
        agent, proxy = self.pair("open")
        askers = Askers(proxy.port("web"))
        for _ in range(3):
            askers.wait_for(200)
            successor = self.successor()
            agent.signal(signal.SIGUSR1)
            self.assertEqual(agent.wait_exit(), 0)
            agent = successor
        askers.wait_for(200)
        self.assertEqual(askers.finish(), {})

    def test_killed(self) -> None:
        """
        Agents are killed under load; with C{failure wait} each request is decided.
        """
        agent, proxy = self.pair(idle="200ms")
        (pid,) = proxy.worker_pids()
        before = descriptors(pid)
        askers = Askers(proxy.port("web"))
        for _ in range(5):
            askers.wait_for(200)
            agent.signal(signal.SIGKILL)
            agent.wait_exit()
            agent = self.successor()
        askers.wait_for(200)
        self.assertEqual(askers.finish(), {})
        self.assert_clean(proxy, before)

    def test_killed_open(self) -> None:
        """
        With C{failure open} each request is answered, some undecided, and the code says why.
        """
        agent, proxy = self.pair("open", processing="500ms")
        askers = Askers(proxy.port("web"))
        for _ in range(3):
            askers.wait_for(200)
            agent.signal(signal.SIGKILL)
            agent.wait_exit()
            # More than can have been answered before.
            askers.wait_for(16)
            agent = self.successor()
        askers.wait_for(200)
        self.assertLessEqual(set(askers.finish()), {"1", "257"})
        self.assertGreater(sum(askers.wrong.values()), 0)

    def test_killed_closed(self) -> None:
        """
        With C{failure closed} each request is decided or refused.
        """
        agent, proxy = self.pair("closed", processing="500ms")
        askers = Askers(proxy.port("web"))
        for _ in range(3):
            askers.wait_for(200)
            agent.signal(signal.SIGKILL)
            agent.wait_exit()
            # More than can have been answered before.
            askers.wait_for(16)
            agent = self.successor()
        askers.wait_for(200)
        self.assertEqual(set(askers.finish()), {"503"})

    def test_stalled(self) -> None:
        """
        An agent that stands still holds up requests for C{timeout processing} and no longer; when
        it goes on it is asked again.
        """
        agent, proxy = self.pair("open", processing="300ms", idle="500ms")
        (pid,) = proxy.worker_pids()
        before = descriptors(pid)
        agent.signal(signal.SIGSTOP)
        askers = Askers(proxy.port("web"), 16)
        askers.wait_for(64)
        # 258: the connection, on which nothing has come for "timeout idle", is given up.
        self.assertLessEqual(set(askers.finish()), {"1", "258"})
        self.assertEqual(sum(askers.wrong.values()), askers.asked)
        agent.signal(signal.SIGCONT)
        wait_until(
            lambda: proxy.get("web", "/x").body.strip() == b"/x", lambda: proxy.output, PATIENCE
        )
        self.assert_clean(proxy, before)

    def test_reloaded(self) -> None:
        """
        The proxy is reloaded under load; no request is undecided, whatever the policy, and former
        workers go.
        """
        for policy in ("wait", "open"):
            _, proxy = self.pair(policy)
            askers = Askers(proxy.port("web"))
            for _ in range(5):
                askers.wait_for(100)
                self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
            askers.wait_for(100)
            self.assertEqual(askers.finish(), {}, policy)
            wait_until(lambda: not proxy.rows().get("old workers"), lambda: proxy.output, 20)  # noqa: B023
            self.assertNotIn("Traceback", proxy.output)
            proxy.clean_up()

    def test_reloaded_without_the_filter(self) -> None:
        """
        An engine may come and go with reloads.
        """
        _, proxy = self.pair()
        text = proxy.file.read_text()
        for _ in range(2):
            askers = Askers(proxy.port("web"))
            askers.wait_for(50)
            proxy.file.write_text(text.replace("filter spoe", "# filter spoe"))
            self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
            proxy.wait(lambda: proxy.get("web", "/x").body.strip() == b"")
            self.assertLessEqual(set(askers.finish()), {"nothing"})
            proxy.file.write_text(text)
            self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
            proxy.wait(lambda: proxy.get("web", "/x").body.strip() == b"/x")

    def test_garbage(self) -> None:
        """
        Agents that answer anything at all: each request is answered, and the next agent that makes
        sense is understood.
        """
        agent = self.scripted()
        dice = random.Random(1)
        lock = threading.Lock()

        def anything(link: Link, notify: Notify) -> None:
            with lock:
                right, kind = notify.ack(), dice.randrange(5)
                noise = dice.randbytes(dice.randrange(1, 60))
                at = dice.randrange(len(right))
            if kind == 0:
                link.send(noise)
            elif kind == 1:
                link.send(right[:at] + noise[:1] + right[at + 1 :])
            elif kind == 2:
                link.send(right + noise)
            elif kind == 3:
                link.send(right[:at])
                link.end()
            else:
                link.send(len(noise).to_bytes(4, "big") + noise)

        agent.at_notify = anything
        spoe = spoe_file(processing="100ms", idle="300ms", options="option dontlog-normal")
        proxy = self.web(spoe, agent.address, said=SAID)
        (pid,) = proxy.worker_pids()
        before = descriptors(pid)
        for _ in range(100):
            self.assertEqual(proxy.get("web", "/x").status, 200)
        agent.at_notify = lambda link, notify: link.send(notify.ack())
        wait_until(
            lambda: proxy.get("web", "/x").body.strip() == b"", lambda: proxy.output, PATIENCE
        )
        self.assert_clean(proxy, before)

    def test_hello_byte_by_byte(self) -> None:
        """
        An agent whose every byte comes alone is understood.
        """
        agent = self.scripted()

        def slowly(link: Link) -> None:
            for byte in encode_agent_hello(AgentHello(16380)):
                link.send(bytes((byte,)))

        agent.at_hello = slowly
        proxy = self.web(spoe_file(), agent.address, said=SAID)
        self.assertEqual(proxy.get("web", "/x").body.strip(), b"")
        self.assertEqual(agent.names, [("asked",)])

    def test_worker_is_killed(self) -> None:
        """
        A worker that is killed takes nothing of the agent with it: the next one asks on.
        """
        agent, proxy = self.pair()
        for _ in range(2):
            (pid,) = proxy.worker_pids()
            os.kill(pid, signal.SIGKILL)
            proxy.wait(lambda pid=pid: self.other_worker(proxy, pid))  # type: ignore[misc]
            proxy.wait(lambda: self.serves(proxy))
        wait_until(lambda: agent.counters()["open"] <= 2, lambda: agent.output, PATIENCE)

    def other_worker(self, proxy: Proxy, pid: int) -> bool:
        """
        Whether another worker is there.
        """
        pids = proxy.worker_pids()
        return bool(pids) and pid not in pids

    def serves(self, proxy: Proxy) -> bool:
        """
        Whether a request is decided.
        """
        try:
            return proxy.get("web", "/x").body.strip() == b"/x"
        except (TimeoutError, OSError, EOFError):
            return False
