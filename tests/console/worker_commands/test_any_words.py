"""
Commands about servers and limits, fed with whatever words.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.balance.farm import make_balancer
from mwproxy.console.session import WorkerConsole
from mwproxy.core.families import PACKAGES
from mwproxy.core.levels import Level
from mwproxy.core.registry import load_family
from mwproxy.live.servers import Server
from tests.console.sessions import connected
from tests.observe.worker import a_worker

COMMANDS = """
set server;add server;del server;enable server;disable server;enable health;disable health
enable agent;disable agent;set weight;get weight;set maxconn server;set maxconn frontend
set maxconn global;set rate-limit;wait;shutdown frontend;disable frontend;enable frontend
shutdown sessions server;shutdown session;show servers state;show servers conn
""".strip().replace("\n", ";")
WORDS = """
be1/s1 be1/s2 be1/s3 tcpl/t1 be1/n be1/m #3/#1 #3/#2 be1/ / # be1 fe tcpl addr port state maint
ready drain health up down stopping agent agent-addr agent-port agent-send check-addr check-port
weight fqdn ssl 127.0.0.1 127.0.0.2:80 ::1 [::1] unix@/tmp/x 0 1 -1 +5 256 50% 65536
99999999999999999999 x % check inter 1s rise enabled disabled backup agent-check id maxconn
send-proxy source slowstart global connections sessions srv-removable -h nohost:80 fd@3 abns@x
name:+5 *:80 ٣ \\;
"""


class AnyWordsTests(SynchronousTestCase):
    """
    Tests of words that make no sense.
    """

    def setUp(self) -> None:
        load_family(PACKAGES["keywords"])
        self.worker = a_worker()
        for backend in self.worker.backends.values():
            make_balancer(backend)
        for frontend in self.worker.frontends.values():
            frontend.listeners = []

        def resolve(server: Server) -> int:
            server.sockaddr, server.family = ("127.0.0.1", 80), 2
            return 0

        self.worker.on_server_added.append(resolve)
        self.clock = Clock()
        self.session = WorkerConsole(self.worker, Level.ADMIN, "i", clock=self.clock)
        self.wire = connected(self.session)
        self.wire.clear()

    @settings(
        derandomize=True,
        max_examples=300,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(COMMANDS.split(";")),
                st.lists(st.sampled_from(WORDS.split()), max_size=6),
            ),
            min_size=1,
            max_size=10,
        )
    )
    def test_any_words(self, commands: list[tuple[str, list[str]]]) -> None:
        """
        Each command is answered, and none by accident.
        """
        for command, words in commands:
            self.session.dataReceived(f"{command} {' '.join(words)}\n".encode())
            self.clock.advance(10**9)
            answer = self.wire.text()
            self.assertTrue(answer.endswith("\n"), answer)
            self.assertNotIn("Internal error", answer)
        self.assertEqual(self.flushLoggedErrors(), [])
