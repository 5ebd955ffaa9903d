"""
Tests of C{mwproxy/rules/converters/times.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from tests.rules.streams import make_stream, show


class TimeTests(SynchronousTestCase):
    """
    Tests of converters of dates; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Converters give what HAProxy gives.
        """
        stream = make_stream()
        stream.variables = {"txn.s": b"abc", "txn.n": 5, "txn.k": b"a2V5", "txn.bad": b"?"}
        for text, expected in (
            ("int(86400),utime(%d.%m.%Y)", "02.01.1970"),
            ("int(0),utime(%H,3600)", "01"),
            ("int(1500000),http_date(0,us)", "Thu, 01 Jan 1970 00:00:01.500000 GMT"),
            ("int(9000000000000000000),http_date", ""),
            ("int(9000000000000000000),utime(%Y)", ""),
        ):
            self.assertEqual(show(f"%[{text}]", stream), expected, text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (("int(0),http_date(0,x)", "expects 's', 'ms' or 'us', got 'x'"),):
            error = str(self.assertRaises(ConfigError, show, f"%[{text}]", make_stream()))
            self.assertTrue(error.endswith(f" : {message}"), error)
