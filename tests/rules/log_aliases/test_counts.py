"""
Tests of C{mwproxy/rules/log_aliases/counts.py}.
"""

from __future__ import annotations

from tests.rules.log_aliases.streams import VariableCase, served
from tests.rules.streams import log, make_stream


class CountTests(VariableCase):
    """
    Tests of log variables.
    """

    def test_served(self) -> None:
        """
        Each variable shows its part of a stream that was served.
        """
        for text, expected in (
            ("%B", "600"),
            ("%U", "50"),
            ("%ST", "200"),
            ("%ac", "1"),
            ("%fc", "1"),
            ("%bc", "3"),
            ("%sc", "2"),
            ("%rc", "1"),
            ("%sq", "4"),
            ("%bq", "5"),
        ):
            self.assertEqual(self.both(text), expected, text)

    def test_bare(self) -> None:
        """
        Each variable has a form for what there is not.
        """
        for text, expected in (
            ("%bc", "0"),
            ("%sc", "0"),
            ("%ST", "-1"),
        ):
            self.assertEqual(self.both(text, True), expected, text)

    def test_redispatched(self) -> None:
        """
        A plus tells that a retry went to another server.
        """
        stream = served()
        stream.redispatched = True
        self.assertEqual(log("%rc/%rc", stream), "+1/+1")
        self.assertEqual(log("%rc", stream), "+1")

    def test_tcp_status(self) -> None:
        """
        There is no status in TCP mode.
        """
        stream = make_stream(None, mode="tcp")
        self.assertEqual(log("%ST", stream) + log("%ST.", stream), "00.")

    def test_counters(self) -> None:
        """
        Lines and requests are counted.
        """
        stream = make_stream()
        self.assertEqual([log("%lc", stream), log("%{+X}lc", stream)], ["0", "0001"])
        first = int(log("%rt", stream))
        self.assertEqual(int(log("%rt", stream)), first + 1)
