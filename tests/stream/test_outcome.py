"""
Tests for L{mwproxy.stream.outcome}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.sessions import Stream
from mwproxy.stream.outcome import LOG_ERROR, LOG_INFO, SILENT, account_http, account_tcp, write_log
from mwproxy.stream.routing import Route
from tests.rules.streams import make_stream


class OutcomeTestCase(SynchronousTestCase):
    """
    A test with a stream that has ended.
    """

    def setUp(self) -> None:
        self.lines: list[tuple[int, bytes]] = []

    def stream(self, *options: str, server: bool = True) -> Stream:
        """
        Make a stream of 10 bytes in and 20 out.

        @param options: Those of its frontend.
        """
        stream = make_stream()
        frontend = stream.frontend
        frontend.description.options = set(options)
        frontend.logs_all = not options
        frontend.render = lambda stream: b"line"
        frontend.log = lambda level, line: self.lines.append((level, line))
        stream.bytes_in, stream.bytes_out, stream.status = 10, 20, 200
        if server:
            [stream.backend] = frontend.worker.backends.values()
            stream.server = stream.backend.servers[0]
            stream.tally = Route(frontend, stream.backend).tally(stream.server)
        return stream

    def account(self, stream: Stream, now: float) -> None:
        """
        Account a stream, and end the turn.
        """
        account_http(stream, now)
        stream.frontend.worker.settle()


class AccountTests(OutcomeTestCase):
    """
    Tests for what is counted.
    """

    def test_http(self) -> None:
        """
        Bytes and statuses are counted for frontend, backend and server.
        """
        stream = self.stream()
        self.account(stream, 1000.0)
        assert stream.backend is not None and stream.server is not None
        for part in (stream.frontend, stream.backend, stream.server):
            counters = part.counters
            self.assertEqual((counters.bin, counters.bout), (10, 20))
            self.assertEqual(counters.responses, [0, 0, 1, 0, 0, 0])
        self.assertEqual(stream.server.counters.lastsess, 1000.0)
        self.assertEqual(stream.ended_at, 1000.0)
        self.assertEqual(self.lines, [(LOG_INFO, b"line")])

    def test_odd_status(self) -> None:
        """
        What is no status is counted among the others.
        """
        for status in (-1, 0, 600):
            stream = self.stream(server=False)
            stream.status = status
            stream.frontend.log = None
            self.account(stream, 1000.0)
            self.assertEqual(stream.frontend.counters.responses, [1, 0, 0, 0, 0, 0])

    def test_times(self) -> None:
        """
        Times are summed up in milliseconds, with their maxima.
        """
        stream = self.stream()
        stream.assigned_at, stream.connected_at, stream.response_at = 1001.0, 1003.0, 1006.0
        self.account(stream, 1010.0)
        assert stream.backend is not None and stream.server is not None
        for part in (stream.backend, stream.server):
            own = part.counters
            self.assertEqual(
                (own.qtime_sum, own.ctime_sum, own.rtime_sum, own.ttime_sum),
                (1000, 2000, 3000, 10000),
            )
            self.assertEqual(
                (own.qtime_max, own.ctime_max, own.rtime_max, own.ttime_max),
                (1000, 2000, 3000, 10000),
            )
        self.account(stream, 1009.0)
        self.assertEqual(stream.server.counters.ttime_max, 10000)

    def test_short_times(self) -> None:
        """
        What took less than a millisecond adds nothing.
        """
        stream = self.stream()
        stream.assigned_at = stream.connected_at = 1000.0
        stream.response_at = 1000.0005
        self.account(stream, 1002.0)
        assert stream.server is not None
        own = stream.server.counters
        self.assertEqual((own.ctime_sum, own.rtime_sum, own.ttime_sum), (0, 0, 2000))

    def test_tcp(self) -> None:
        """
        In TCP mode there are no statuses.
        """
        for server in (True, False):
            stream = self.stream(server=server)
            account_tcp(stream, 1002.0)
            stream.frontend.worker.settle()
            self.assertEqual(stream.frontend.counters.bin, 10)
            self.assertEqual(stream.frontend.counters.responses, [0] * 6)
            if stream.server is not None:
                self.assertEqual(stream.server.counters.ttime_sum, 2000)
            stream.frontend.log = None
            account_tcp(stream, 1002.0)
        self.assertEqual(len(self.lines), 2)

    def test_kept_for_the_turn(self) -> None:
        """
        What a stream adds is seen when the turn ends, and is added once.
        """
        stream = self.stream()
        account_http(stream, 1000.0)
        account_http(stream, 1001.0)
        self.assertEqual(stream.frontend.counters.bin, 0)
        for _ in range(2):
            stream.frontend.worker.settle()
            self.assertEqual(stream.frontend.counters.bin, 20)

    def test_without_server(self) -> None:
        """
        What never got a server counts for frontend and backend, at once.
        """
        for account in (account_http, account_tcp):
            stream = self.stream()
            stream.server = stream.tally = None
            account(stream, 1002.0)
            assert stream.backend is not None
            for part in (stream.frontend, stream.backend):
                self.assertEqual((part.counters.bin, part.counters.bout), (10, 20))
            self.assertEqual(stream.backend.counters.lastsess, 1002.0)


class LogTests(OutcomeTestCase):
    """
    Tests for L{write_log}.
    """

    def test_nowhere(self) -> None:
        """
        Without target or format nothing is logged, and what is silent never is.
        """
        stream = self.stream()
        stream.log_level = SILENT
        write_log(stream)
        stream.log_level = -1
        stream.frontend.render = None
        write_log(stream)
        stream.frontend.log = None
        write_log(stream)
        self.assertEqual(self.lines, [])

    def test_dontlog_normal(self) -> None:
        """
        C{option dontlog-normal} leaves only what failed, was retried or is a 5xx.
        """
        for change, expected in (
            ({}, 0),
            ({"cause": "S"}, 1),
            ({"retries": 1}, 1),
            ({"status": 503}, 1),
        ):
            stream = self.stream("dontlog-normal")
            for name, value in change.items():
                setattr(stream, name, value)
            write_log(stream)
            self.assertEqual(len(self.lines), expected, change)
            self.lines.clear()

    def test_dontlognull(self) -> None:
        """
        C{option dontlognull} leaves out who has said nothing.
        """
        stream = self.stream("dontlognull")
        write_log(stream)
        self.assertEqual(len(self.lines), 1)
        stream.bytes_in = 0
        write_log(stream)
        self.assertEqual(len(self.lines), 2)
        stream.request = None
        write_log(stream)
        self.assertEqual(len(self.lines), 2)

    def test_levels(self) -> None:
        """
        C{option log-separate-errors} raises the level of what failed; a rule's word wins, or
        silences.
        """
        stream = self.stream("log-separate-errors")
        write_log(stream)
        stream.cause = "S"
        write_log(stream)
        stream.log_level = 5
        write_log(stream)
        stream.log_level = -2
        write_log(stream)
        self.assertEqual([level for level, _ in self.lines], [LOG_INFO, LOG_ERROR, 5])
