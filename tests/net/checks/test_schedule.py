"""
Tests for L{mwproxy.net.checks.schedule}. Attempts are replaced: a test says how they end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import AgentSettings, HttpCheck
from mwproxy.core.addresses import Address
from mwproxy.core.diagnostics import Severity
from mwproxy.live import states
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Operational, Server
from mwproxy.net.checks import schedule
from mwproxy.net.checks.agent import AgentDialog
from mwproxy.net.checks.checker import HealthChecker
from mwproxy.net.checks.result import Result
from mwproxy.net.checks.schedule import Checks
from tests.live.backends import START, listen, make_backend

GOOD = Result("L4OK")
BAD = Result("L4CON", info="Connection refused")


class FakeAttempt:
    """
    Stands in for L{Attempt<mwproxy.net.checks.attempt.Attempt>}.
    """

    made: list[FakeAttempt] = []

    def __init__(
        self,
        reactor: Any,
        server: Server,
        dialog: Any,
        place: tuple[Any, int],
        done: Callable[[Result], None],
        *,
        proxied: bool = False,
    ) -> None:
        self.proxied = proxied
        self.server = server
        self.dialog = dialog
        self.place = place
        self.done = done
        self.times: tuple[float, float | None] = (0, 0)
        self.stopped = False
        self.made.append(self)

    def start(self, connect_s: float, answer_s: float | None) -> None:
        self.times = (connect_s, answer_s)

    def stop(self) -> None:
        self.stopped = True


class ScheduleTests(SynchronousTestCase):
    """
    Tests for L{Checks}.
    """

    def setUp(self) -> None:
        self.patch(schedule, "Attempt", FakeAttempt)
        self.made = FakeAttempt.made = []
        self.clock = Clock()
        self.clock.rightNow = START

    def begin(self, *servers: dict[str, Any], **attributes: Any) -> tuple[Backend, Checks]:
        """
        Begin to check the servers of a backend.
        """
        backend = make_backend(*servers, **attributes)
        for server in backend.servers:
            server.sockaddr, server.family = ("127.0.0.1", 80), 2
        checks = Checks(self.clock, backend.worker, clock=self.clock.seconds)
        checks.start()
        self.addCleanup(checks.stop)
        return backend, checks

    def names(self) -> list[str]:
        """
        Tell which servers were checked so far.
        """
        return [attempt.server.name for attempt in self.made]

    def test_spread(self) -> None:
        """
        First checks are spread over the shortest interval; servers without C{check} have none.
        """
        check = {"check": {"inter_ms": 4000}}
        self.begin(check, {}, check, {"check": {"inter_ms": 3000}})
        found = []
        for _ in range(4):
            self.clock.advance(0)
            found.append(self.names())
            self.clock.advance(1)
        self.assertEqual(found, [["s1"], ["s1", "s3"], ["s1", "s3", "s4"], ["s1", "s3", "s4"]])

    def test_one_timer_for_first_checks(self) -> None:
        """
        However many servers are to be checked, a worker begins with one timer; those whose time
        has come while it was held up are checked at once.
        """
        self.begin(*({"check": {"inter_ms": 4000}} for _ in range(40)))
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(2.05)
        self.assertEqual(len(self.made), 21)

    def test_stopped_before_first_checks(self) -> None:
        """
        A worker that ends early leaves no timer behind.
        """
        _, checks = self.begin({"check": {}}, {"check": {}})
        checks.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing_to_check(self) -> None:
        """
        Without checked servers nothing is scheduled.
        """
        self.begin({})
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_rhythm(self) -> None:
        """
        The interval counts from the begin of a check.
        """
        self.begin({"check": {"inter_ms": 2000}})
        self.clock.pump([0, 0.5])
        self.made[0].done(GOOD)
        self.clock.advance(1.4)
        self.assertEqual(len(self.made), 1)
        self.clock.advance(0.11)
        self.assertEqual(len(self.made), 2)

    def test_duration(self) -> None:
        """
        A check's duration is known, and while one runs the consoles show a star.
        """
        backend, _ = self.begin({"check": {}})
        server = backend.servers[0]
        self.clock.pump([0, 0.0315])
        self.assertEqual(server.check_status, "* INI")
        self.made[0].done(GOOD)
        self.assertEqual((server.check_status, server.check_duration_ms), ("L4OK", 31))
        self.clock.advance(2)
        self.assertEqual(server.check_status, "* L4OK")

    def test_transition(self) -> None:
        """
        A result that brings a server down is told to operators and hooks.
        """
        backend, _ = self.begin({"check": {}}, {})
        printed, logged = listen(backend)
        self.clock.advance(0)
        self.made[0].done(BAD)
        text = (
            "Server be1/s1 is DOWN, reason: Layer4 connection problem, "
            'info: "Connection refused", check duration: 0ms. 1 active and 0 backup servers left. '
            "0 sessions active, 0 requeued, 0 remaining in queue."
        )
        self.assertEqual((printed, logged), ([f"WARNING: {text}"], [(1, text)]))
        self.assertFalse(backend.servers[0].usable_now)

    def test_timeouts(self) -> None:
        """
        C{inter} limits the whole check; with C{timeout check} it limits the connection, unless
        C{timeout connect} is shorter.
        """
        expected = [(3.0, None), (3.0, 0.5), (0.2, 0.5)]
        for check, connect in ((None, 200), (500, None), (500, 200)):
            backend = make_backend({"check": {"inter_ms": 3000}})
            timeouts = backend.description.timeouts
            timeouts.check, timeouts.connect = check, connect
            backend.servers[0].sockaddr, backend.servers[0].family = ("127.0.0.1", 80), 2
            checks = Checks(self.clock, backend.worker, clock=self.clock.seconds)
            checks.start()
            self.clock.advance(0)
            self.assertEqual(self.made[-1].times, expected.pop(0))
            checks.stop()

    def test_kinds(self) -> None:
        """
        C{option httpchk} makes HTTP checks of plain ones, C{option spop-check} those of agents.
        """
        self.begin({"check": {}})
        self.begin({"check": {}}, http_check=HttpCheck())
        self.begin({"check": {}}, spop_check=256)
        self.clock.advance(0)
        plain, http, spop = [attempt.dialog.request for attempt in self.made]
        self.assertEqual((plain, http), (b"", b"OPTIONS / HTTP/1.0\r\n\r\n"))
        self.assertIn(b"healthcheck", spop)

    def test_place(self) -> None:
        """
        C{port} and C{addr} say where to connect.
        """

        def place(where: str, **check: Any) -> Any:
            server = make_backend({"check": check, "address": where}).servers[0]
            server.sockaddr, server.family = (("192.0.2.1", server.description.address.port), 2)
            if server.description.settings.check.address is not None:
                server.check_sockaddr, server.check_family = ("::1", 0, 0, 0), 10
            return HealthChecker(server, lambda server: None).place()

        elsewhere = Address("ipv6", "::1")
        self.assertEqual(place("192.0.2.1:80"), (("192.0.2.1", 80), 2))
        self.assertEqual(place("192.0.2.1:80", port=81), (("192.0.2.1", 81), 2))
        self.assertEqual(place("192.0.2.1:80", address=elsewhere), (("::1", 80, 0, 0), 10))
        both = place("192.0.2.1:80", address=elsewhere, port=81)
        self.assertEqual(both, (("::1", 81, 0, 0), 10))
        self.assertIsNone(place("192.0.2.1"))
        server = make_backend({"check": {}}).servers[0]
        self.assertIsNone(HealthChecker(server, lambda server: None).place())
        server.sockaddr, server.family = "/tmp/s", 1
        self.assertEqual(HealthChecker(server, lambda server: None).place(), ("/tmp/s", 1))

    def test_maintenance(self) -> None:
        """
        Servers in maintenance are not checked; a result that comes in it does not count.
        """
        backend, _ = self.begin({"check": {}})
        server = backend.servers[0]
        self.clock.advance(0)
        states.set_maint(server, START)
        self.made[0].done(BAD)
        self.assertEqual((server.check_status, server.counters.chkfail), ("", 0))
        self.clock.pump([2, 2, 2])
        self.assertEqual(len(self.made), 1)
        states.set_ready(server, START)
        self.clock.pump([2])
        self.assertEqual(len(self.made), 2)

    def test_paused(self) -> None:
        """
        Checks that the console has disabled wait until it enables them.
        """
        backend, _ = self.begin({"check": {}})
        backend.servers[0].checked = False
        self.clock.pump([0, 2, 2])
        self.assertEqual(self.made, [])
        backend.servers[0].checked = True
        self.clock.advance(2)
        self.assertEqual(len(self.made), 1)

    def test_bounded(self) -> None:
        """
        Ten thousand servers that do not answer are checked a few at a time.
        """
        backend, _ = self.begin(*({"check": {}} for _ in range(300)))
        self.clock.pump([0.1] * 20)
        self.assertEqual(len(self.made), schedule.MAX_RUNNING)
        states.set_maint(backend.servers[100], START)
        for attempt in self.made[:50]:
            attempt.done(BAD)
        self.assertEqual(len(self.made), schedule.MAX_RUNNING + 50)
        self.assertNotIn("s101", self.names())

    def test_stalling_agents(self) -> None:
        """
        Agents that stall delay other agents, not the checks of health.
        """
        agent = AgentSettings(enabled=True, port=81, inter_ms=1000)
        both = {"agent": agent, "check": {"inter_ms": 1000}}
        self.begin(*([both] * (schedule.MAX_RUNNING + 50)))
        self.clock.advance(2)
        asked = sum(isinstance(attempt.dialog, AgentDialog) for attempt in self.made)
        self.assertEqual(asked, schedule.MAX_RUNNING)
        self.assertEqual(len(self.made) - asked, schedule.MAX_RUNNING)

    def test_added_and_gone(self) -> None:
        """
        A server that the console adds is checked after one interval, if it is to be; nothing is
        left of one that is deleted, be its check under way or waiting.
        """
        backend, _ = self.begin({"check": {"inter_ms": 1000}})
        self.clock.advance(0)
        description = make_backend({"check": {"inter_ms": 2000}}).servers[0].description
        server = Server(description, backend, 2, added=True)
        server.sockaddr, server.family = ("127.0.0.2", 80), 2
        for hook in backend.worker.on_server_added:
            hook(server)
        server.checked = True
        self.clock.advance(1.9)
        self.assertEqual([attempt.server for attempt in self.made], [backend.servers[0]])
        self.clock.advance(0.1)
        self.assertIs(self.made[-1].server, server)
        for hook in backend.worker.on_server_gone:
            hook(server)
        self.assertTrue(self.made[-1].stopped)
        self.made[0].done(GOOD)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_gone_while_waiting(self) -> None:
        """
        A place that a deleted server had goes to the next who waits.
        """
        backend, _ = self.begin(*({"check": {"inter_ms": 1000}} for _ in range(101)))
        self.clock.advance(1)
        self.assertEqual(len(self.made), schedule.MAX_RUNNING)
        for hook in backend.worker.on_server_gone:
            hook(backend.servers[0])
        self.assertEqual(len(self.made), schedule.MAX_RUNNING + 1)
        self.assertTrue(self.made[0].stopped)

    def test_random_spread(self) -> None:
        """
        C{spread-checks} varies the interval by that part of it.
        """
        backend = make_backend({"check": {"inter_ms": 1000}})
        backend.worker.configuration.global_.spread_checks = 50
        backend.servers[0].sockaddr, backend.servers[0].family = ("127.0.0.1", 80), 2
        checks = Checks(
            self.clock, backend.worker, clock=self.clock.seconds, draw=lambda low, high: high
        )
        checks.start()
        self.addCleanup(checks.stop)
        self.clock.advance(0)
        self.made[0].done(GOOD)
        self.assertEqual([call.getTime() for call in self.clock.getDelayedCalls()], [START + 1.5])

    def test_slowstart(self) -> None:
        """
        A server that comes back with C{slowstart} gets its part little by little.
        """
        backend, _ = self.begin({"check": {}, "slowstart_ms": 10_000, "weight": 100})
        server = backend.servers[0]
        states.set_down(server, START)
        states.set_up(server, START)
        self.clock.pump([0.5] * 10)
        self.assertEqual(server.share, 800)
        self.clock.pump([0.5] * 10)
        self.assertEqual((server.share, server.operational), (1600, Operational.RUNNING))

    def test_stop(self) -> None:
        """
        When checks end, nothing is left of them.
        """
        backend, checks = self.begin(
            *({"check": {}, "slowstart_ms": 10_000} for _ in range(150)),
        )
        states.set_down(backend.servers[0], START)
        states.set_up(backend.servers[0], START)
        self.clock.pump([0.1] * 15)
        self.successResultOf(checks.stop())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertTrue(all(attempt.stopped for attempt in self.made))
        self.assertEqual(backend.worker.on_server_up, [])

    def test_stop_by_message(self) -> None:
        """
        Checks may end while a result is being told.
        """
        backend, checks = self.begin({"check": {}})

        def say(severity: Severity, text: str) -> None:
            checks.stop()

        backend.worker.say = say
        self.clock.advance(0)
        self.made[0].done(BAD)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_say(self) -> None:
        """
        What prints messages may be given with the checks.
        """
        backend = make_backend({})
        said: list[str] = []
        Checks(self.clock, backend.worker, lambda severity, text: said.append(text))
        states.announce(backend, states.set_maint(backend.servers[0], START))
        self.assertEqual(len(said), 2)
