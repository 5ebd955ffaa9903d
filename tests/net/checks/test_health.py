"""
Tests for L{mwproxy.net.checks.health}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live import states
from mwproxy.live.servers import Operational
from mwproxy.net.checks.health import interval_ms, take_result
from mwproxy.net.checks.result import Result
from tests.live.backends import START, make_backend

GOOD = Result("L7OK", 200)
BAD = Result("L7STS", 503, "Service Unavailable")
BAD_TEXT = (
    'reason: Layer7 wrong status, code: 503, info: "Service Unavailable", check duration: 1ms'
)
GOOD_TEXT = "reason: Layer7 check passed, code: 200, check duration: 1ms"
LEFT = "0 sessions active, 0 requeued, 0 remaining in queue."


class HealthTests(SynchronousTestCase):
    """
    Tests for L{take_result}.
    """

    def setUp(self) -> None:
        self.backend = make_backend({"check": {"rise": 2, "fall": 3}}, {"check": {}})
        self.server = self.backend.servers[0]

    def take(self, result: Result) -> list[str]:
        """
        Let a check of the first server end after 1 ms.
        """
        return [message.text for message in take_result(self.server, result, 1, START)]

    def test_first_failure(self) -> None:
        """
        The first check ever brings a server down when it fails.
        """
        self.assertEqual(
            self.take(BAD),
            [f"Server be1/s1 is DOWN, {BAD_TEXT}. 1 active and 0 backup servers left. {LEFT}"],
        )
        self.assertEqual(self.server.health, 0)
        self.assertEqual((self.server.counters.chkfail, self.server.counters.chkdown), (1, 1))

    def test_fall(self) -> None:
        """
        A healthy server goes down after C{fall} failures in a row.
        """
        self.take(GOOD)
        self.assertEqual(self.server.health, 4)
        healths = []
        for result in (BAD, BAD, GOOD, BAD, BAD, BAD):
            self.take(result)
            healths.append(self.server.health)
        self.assertEqual(healths, [3, 2, 4, 3, 2, 0])
        self.assertIs(self.server.operational, Operational.STOPPED)
        self.assertEqual(self.server.counters.chkfail, 5)

    def test_rise(self) -> None:
        """
        A server that is down goes up after C{rise} successes in a row.
        """
        self.take(BAD)
        said = [self.take(result) for result in (GOOD, BAD, GOOD, GOOD)]
        self.assertEqual(
            said,
            [
                [],
                [],
                [],
                [
                    f"Server be1/s1 is UP, {GOOD_TEXT}. 2 active and 0 backup servers online. "
                    "0 sessions requeued, 0 total in queue."
                ],
            ],
        )
        self.assertEqual((self.server.health, self.server.counters.chkfail), (4, 1))

    def test_facts(self) -> None:
        """
        What the check saw is kept for the consoles.
        """
        self.server.check_status = "* INI"
        self.take(BAD)
        server = self.server
        self.assertEqual(
            (server.check_status, server.check_code, server.check_description),
            ("L7STS", 503, "Service Unavailable"),
        )
        self.assertEqual(server.check_duration_ms, 1)

    def test_stopping_server_passes(self) -> None:
        """
        A server declared stopping is up again with the next passed check.
        """
        states.set_stopping(self.server, START)
        self.take(GOOD)
        self.assertIs(self.server.operational, Operational.RUNNING)

    def test_log_health_checks(self) -> None:
        """
        With C{option log-health-checks} each change is told, and the reason only there.
        """
        self.backend.description.options.add("log-health-checks")
        start = "Health check for server be1/s1"
        said = [text for result in (GOOD, GOOD, BAD, BAD) for text in self.take(result)]
        self.assertEqual(
            said,
            [
                f"{start} succeeded, {GOOD_TEXT}, status: 3/3 UP.",
                f"{start} failed, {BAD_TEXT}, status: 2/3 UP.",
                f"{start} failed, {BAD_TEXT}, status: 1/3 UP.",
            ],
        )
        self.assertEqual(
            self.take(BAD),
            [
                f"{start} failed, {BAD_TEXT}, status: 0/2 DOWN.",
                f"Server be1/s1 is DOWN. 1 active and 0 backup servers left. {LEFT}",
            ],
        )
        self.assertEqual(self.take(BAD), [])
        self.server.backup = True
        self.assertEqual(
            self.take(GOOD),
            [f"Health check for backup server be1/s1 succeeded, {GOOD_TEXT}, status: 1/2 DOWN."],
        )


class IntervalTests(SynchronousTestCase):
    """
    Tests for L{interval_ms}.
    """

    def test_by_state(self) -> None:
        """
        C{inter} is for servers that are healthy, C{downinter} for those that are down,
        C{fastinter} for those in doubt or not checked yet.
        """
        check = {"inter_ms": 2000, "fastinter_ms": 500, "downinter_ms": 9000}
        server = make_backend({"check": check}).servers[0]
        found = [interval_ms(server)]
        for result in (GOOD, BAD, BAD, BAD, GOOD, GOOD):
            take_result(server, result, 1, START)
            found.append(interval_ms(server))
        self.assertEqual(found, [500, 2000, 500, 500, 9000, 500, 2000])

    def test_only_inter(self) -> None:
        """
        C{inter} stands in for what is not set.
        """
        server = make_backend({"check": {"inter_ms": 700}}).servers[0]
        take_result(server, BAD, 1, START)
        self.assertEqual(interval_ms(server), 700)
