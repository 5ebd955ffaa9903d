"""
Tests of C{mwproxy/rules/timers.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.rules import timers
from tests.rules.streams import log, make_stream

ALL = (
    timers.handshake,
    timers.idle,
    timers.receive,
    timers.until_request,
    timers.waiting,
    timers.connect,
    timers.response,
    timers.data,
    timers.active,
    timers.total,
    timers.user,
)


class TimerTests(SynchronousTestCase):
    """
    Tests of timers.
    """

    def test_whole_request(self) -> None:
        """
        Each timer is the time between two points.
        """
        stream = make_stream()
        stream.session.handshaken = 1000.0015
        stream.idle_since = 1000.0015
        stream.begun = 1000.0037
        stream.request_at = 1000.0079
        stream.assigned_at = 1000.0161
        stream.connected_at = 1000.0323
        stream.response_at = 1000.0645
        stream.ended_at = 1000.1289
        self.assertEqual(
            [timer(stream) for timer in ALL], [1, 2, 4, 7, 8, 16, 32, 64, 125, 128, 126]
        )
        self.assertEqual(
            log("%Th %Ti %TR %Tq %Tw %Tc %Tr %Td %Ta %Tt %Tu", stream),
            "1 2 4 7 8 16 32 64 125 128 126",
        )
        for text in ("%TR", "%Tw", "%Tc", "%Tr", "%Ta"):
            self.assertEqual(log(text, stream), log(f"{text} ", stream).strip())

    def test_nothing_happened(self) -> None:
        """
        What never happened is -1; Ta and Tt never are.
        """
        stream = make_stream(None)
        stream.begun = 0.0
        self.assertEqual([timer(stream) for timer in ALL], [0, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0])
        self.assertEqual(log("%TR/%Tw/%Tc/%Tr/%Ta", stream), "-1/-1/-1/-1/0")

    def test_later_request(self) -> None:
        """
        Later requests of a connection have no handshake; their time begins with waiting.
        """
        stream = make_stream()
        stream.session.requests = 2
        stream.session.handshaken = 1000.5
        stream.idle_since = 1001.0
        stream.begun = stream.request_at = 1003.0
        stream.ended_at = 1003.5
        self.assertEqual(
            [timer(stream) for timer in (timers.handshake, timers.idle, timers.total)],
            [0, 2000, 2500],
        )
        self.assertEqual(timers.user(stream), 500)

    def test_tcp(self) -> None:
        """
        In TCP mode data flows from the connection on, all of the session counts.
        """
        stream = make_stream(None, mode="tcp")
        stream.assigned_at = 1000.0022
        stream.connected_at = 1000.0065
        stream.ended_at = 1000.0157
        self.assertEqual(log("%Tw/%Tc/%Td/%Tt", stream), "2/4/9/15")
