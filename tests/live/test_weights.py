"""
Tests for L{mwproxy.live.weights}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.weights import BadNumber, new_maxconn, new_weight
from tests.live.backends import make_backend


class WeightTests(SynchronousTestCase):
    """
    Tests for L{new_weight} and L{new_maxconn}.
    """

    def test_weights(self) -> None:
        """
        Weights are absolute, or percent of the first one and then not above 256.
        """
        server = make_backend({"weight": 10}).servers[0]
        for text, expected in (
            ("0", 0),
            ("256", 256),
            ("+5", 5),
            ("50%", 5),
            ("0%", 0),
            ("25600%", 256),
        ):
            self.assertEqual(new_weight(server, text), expected, text)

    def test_bad_weights(self) -> None:
        """
        What is no weight is refused in HAProxy's words.
        """
        server = make_backend({"weight": 10}).servers[0]
        empty = "Empty weight string empty or preceded by garbage"
        absolute = "Absolute weight can only be between 0 and 256 inclusive."
        for text, expected in (
            ("", "Require <weight> or <weight%>."),
            ("foo", empty),
            ("%", empty),
            ("-", empty),
            ("-1", absolute),
            ("257", absolute),
            ("9" * 5000, absolute),
            ("5x", "Trailing garbage in weight string"),
            ("50%x", "Trailing garbage in weight string"),
            ("25601%", "Relative weight can only be between 0 and 25600% inclusive."),
        ):
            with self.assertRaises(BadNumber) as caught:
                new_weight(server, text)
            self.assertEqual(str(caught.exception), expected)

    def test_static_algorithms(self) -> None:
        """
        Algorithms that cannot change weights take none, and the first one.
        """
        server = make_backend({"weight": 10}, balance="static-rr").servers[0]
        self.assertEqual([new_weight(server, text) for text in ("0", "10", "100%")], [0, 10, 10])
        with self.assertRaises(BadNumber) as caught:
            new_weight(server, "5")
        self.assertEqual(
            str(caught.exception),
            "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
        )

    def test_maxconn(self) -> None:
        """
        C{maxconn} is a number from 0 on.
        """
        self.assertEqual([new_maxconn(text) for text in ("0", "30")], [0, 30])
        for text, expected in (
            ("", "Require <maxconn>."),
            ("x", "maxconn string empty or preceded by garbage"),
            ("5x", "Trailing garbage in maxconn string"),
            ("-1", "Value out of range."),
            ("9" * 5000, "Value out of range."),
        ):
            with self.assertRaises(BadNumber) as caught:
                new_maxconn(text)
            self.assertEqual(str(caught.exception), expected)
