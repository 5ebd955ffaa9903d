"""
Tests for L{mwproxy.spoa.answers}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.actions import encode_action
from mwproxy.spoa.actions import set_var, unset_var
from mwproxy.spoa.answers import BadResult, Exchange, encode_result

ONE, TWO = set_var("txn", "a", 1), unset_var("sess", "b")


class ResultTests(SynchronousTestCase):
    """
    Tests of what functions return.
    """

    def test_actions(self) -> None:
        """
        An action, several of any kind of collection, or nothing.
        """
        one, two = encode_action(ONE), encode_action(TWO)
        self.assertEqual(encode_result(None), (b"", 0))
        self.assertEqual(encode_result(ONE), (one, 1))
        self.assertEqual(encode_result(TWO), (two, 1))
        for both in ([ONE, TWO], (ONE, TWO), (each for each in (ONE, TWO))):
            self.assertEqual(encode_result(both), (one + two, 2))
        self.assertEqual(encode_result([]), (b"", 0))

    def test_no_actions(self) -> None:
        """
        Anything else is refused by its type.
        """
        for result, expected in (
            (5, "returned int, actions expected"),
            (True, "returned bool, actions expected"),
            ("ok", "returned str, actions expected"),
            ({"a": 1}, "returned str among actions"),
            ([ONE, None], "returned NoneType among actions"),
        ):
            with self.assertRaises(BadResult) as caught:
                encode_result(result)
            self.assertEqual(str(caught.exception), expected)

    def test_values(self) -> None:
        """
        A value without a type is refused.
        """
        with self.assertRaises(TypeError):
            encode_result(set_var("txn", "a", 1.5))  # type: ignore[arg-type]


class ExchangeTests(SynchronousTestCase):
    """
    Tests of functions that are not done at once.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.log: list[Any] = []

    def start(self, *parts: Any, timeout_ms: int = 0) -> Exchange:
        """
        Follow functions.
        """
        exchange = Exchange(
            list(parts),
            lambda results, over: self.log.append((list(results), over)),
            lambda place, failure: self.log.append((place, failure.type)),
            lambda: self.log.append("done"),
            lambda: self.log.append("late"),
        )
        exchange.start(self.clock, timeout_ms)
        return exchange

    def test_all_done(self) -> None:
        """
        The answer comes with the last one, in the order of the messages.
        """
        first: Deferred[Any] = Deferred()
        second: Deferred[Any] = Deferred()
        self.start(first, ONE, second, timeout_ms=100)
        second.callback(TWO)
        self.assertEqual(self.log, [])
        first.callback(None)
        self.assertEqual(self.log, [([None, ONE, TWO], False), "done"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_failure(self) -> None:
        """
        One that fails leaves the others' actions.
        """
        first: Deferred[Any] = Deferred()
        self.start(first, ONE)
        first.errback(Failure(KeyError("x")))
        self.assertEqual(self.log, [(0, KeyError), ([None, ONE], False), "done"])

    def test_timeout(self) -> None:
        """
        When the time is over the answer has what there is, and the rest is told to stop.
        """
        stopped: list[Any] = []
        first: Deferred[Any] = Deferred(stopped.append)
        second: Deferred[Any] = Deferred()
        self.start(first, second, timeout_ms=100)
        second.callback(ONE)
        self.clock.advance(0.1)
        self.assertEqual(self.log, [([None, ONE], True), "done"])
        self.assertEqual(stopped, [first])

    def test_late(self) -> None:
        """
        One that does not stop is late, and only then all are done.
        """

        async def stubborn() -> Any:
            try:
                await waits
            except CancelledError:
                return await again

        waits: Deferred[Any] = Deferred()
        again: Deferred[Any] = Deferred()
        self.start(Deferred.fromCoroutine(stubborn()), timeout_ms=100)
        self.clock.advance(0.1)
        self.assertEqual(self.log, [([None], True)])
        again.callback(ONE)
        self.assertEqual(self.log[1:], ["late", "done"])

    def test_late_failure(self) -> None:
        """
        One that fails while it stops is late too, and logs no unhandled error.
        """

        async def clumsy() -> Any:
            try:
                await Deferred()
            finally:
                raise KeyError("x")

        self.start(Deferred.fromCoroutine(clumsy()), timeout_ms=100)
        self.clock.advance(0.1)
        self.assertEqual(self.log, [([None], True), "late", "done"])

    def test_abandoned(self) -> None:
        """
        Without an engine nothing is answered, and the functions are told to stop.
        """
        first: Deferred[Any] = Deferred()
        self.start(first, timeout_ms=100).abandon()
        self.assertEqual(self.log, ["done"])
        self.assertEqual(self.clock.getDelayedCalls(), [])
