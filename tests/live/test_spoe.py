"""
Tests for L{mwproxy.live.spoe}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.spoe import EngineFigures, Latencies, bound_of
from tests.protocols.spop.strategies import quick


class LatenciesTests(SynchronousTestCase):
    """
    Tests for L{Latencies}.
    """

    @quick
    @given(st.integers(0, 2**36))
    def test_exactness(self, microseconds: int) -> None:
        """
        A time is told as not less than it was, and at most a quarter too much.
        """
        latencies = Latencies()
        latencies.add((microseconds + 0.5) / 1e6)
        latencies.longest = 2.0**40
        found = latencies.quantile(1)
        self.assertLessEqual(microseconds, found)
        self.assertLessEqual(found, microseconds * 1.2 + 2)
        self.assertEqual(latencies.quantile(0.1), found)

    def test_order(self) -> None:
        """
        The bound of no bucket is below that of the one before.
        """
        bounds = [bound_of(bucket) for bucket in range(160)]
        self.assertEqual(bounds, sorted(bounds))

    def test_very_long(self) -> None:
        """
        The last bucket counts whatever is longer.
        """
        latencies = Latencies()
        latencies.add(1e12)
        latencies.add(1e15)
        self.assertEqual(latencies.longest, 1e21)
        self.assertEqual(latencies.quantile(0.1), latencies.quantile(1))

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
