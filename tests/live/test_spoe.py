"""
Tests for L{mwproxy.live.spoe}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.spoe import EngineFigures, Latencies, bound_of, bucket_of
from tests.protocols.spop.strategies import quick


class LatenciesTests(SynchronousTestCase):
    """
    Tests for L{Latencies}.
    """

    @quick
    @given(st.integers(0, 2**36))
    def test_buckets(self, microseconds: int) -> None:
        """
        A bucket counts what is not longer than its bound, and longer than that of the one before;
        its bound is at most a quarter too much.
        """
        bucket = bucket_of(microseconds)
        self.assertLessEqual(microseconds, bound_of(bucket))
        if bucket:
            self.assertGreater(microseconds, bound_of(bucket - 1))
        self.assertLessEqual(bound_of(bucket), microseconds * 1.25)

    def test_very_long(self) -> None:
        """
        The last bucket counts whatever is longer.
        """
        latencies = Latencies()
        latencies.add(1e12)
        self.assertEqual(bucket_of(10**18), bucket_of(2**62))
        self.assertEqual(latencies.longest, 10**18)
        self.assertLessEqual(latencies.quantile(1), 10**18)

    def test_nothing_counted(self) -> None:
        """
        Without any the quantiles are 0.
        """
        self.assertEqual(Latencies().quantile(0.5), 0)

    def test_quantiles(self) -> None:
        """
        Half of them took no longer than the middle one; the longest bounds all.
        """
        latencies = Latencies()
        for number in range(1, 101):
            latencies.add(number / 1000)
        self.assertEqual(latencies.count, 100)
        self.assertTrue(50_000 <= latencies.quantile(0.5) <= 62_500)
        self.assertTrue(99_000 <= latencies.quantile(0.99) <= 100_000)
        self.assertEqual(latencies.quantile(1), 100_000)

    def test_before_it_began(self) -> None:
        """
        A clock that went back counts as no time.
        """
        latencies = Latencies()
        latencies.add(-1.0)
        self.assertEqual((latencies.count, latencies.longest), (1, 0))


class FiguresTests(SynchronousTestCase):
    """
    Tests for L{EngineFigures}.
    """

    def test_clear(self) -> None:
        """
        What is there now stays, what has been is forgotten.
        """
        figures = EngineFigures("e", "a", "p", "b")
        figures.connections = figures.in_flight = 2
        figures.processed = figures.failed = figures.strays = 3
        figures.codes[1] = 3
        figures.latencies.add(1.0)
        figures.clear()
        self.assertEqual((figures.connections, figures.in_flight), (2, 2))
        self.assertEqual((figures.processed, figures.failed, figures.strays), (0, 0, 0))
        self.assertEqual((figures.codes, figures.latencies.count), ({}, 0))
        self.assertEqual(figures.servers(), [])
