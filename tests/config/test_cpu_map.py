"""
Tests for L{mwproxy.config.cpu_map}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.cpu_map import parse_cpu_map
from mwproxy.core.diagnostics import ConfigError


class CpuMapTests(SynchronousTestCase):
    """
    C{cpu-map}, with HAProxy 2.6's messages.
    """

    def parse(self, text: str) -> dict[int, list[int]]:
        return {process: sorted(cpus) for process, cpus in parse_cpu_map(text.split()).items()}

    def refused(self, text: str) -> str:
        return str(self.assertRaises(ConfigError, parse_cpu_map, text.split()))

    def test_sets(self) -> None:
        """
        Each process may use all processors of the line.
        """
        self.assertEqual(self.parse("1 0"), {1: [0]})
        self.assertEqual(self.parse("1-2 0-1 3"), {1: [0, 1, 3], 2: [0, 1, 3]})
        self.assertEqual(self.parse("1 3-1,7"), {1: [1, 2, 3, 7]})
        self.assertEqual(len(self.parse("all 0")), 64)
        self.assertEqual(self.parse("1 1022-"), {1: [1022, 1023]})

    def test_automatic(self) -> None:
        """
        With C{auto:} each process gets its own, in order.
        """
        for cpus in ("4-6", "6 5 4"):
            self.assertEqual(self.parse(f"auto:1-3 {cpus}"), {1: [4], 2: [5], 3: [6]})
        self.assertEqual(self.parse("auto:1/1-2 0-1"), {1: [0]})
        self.assertEqual(self.parse("auto:1-2/1-2 0-3"), {1: [0], 2: [2]})

    def test_threads(self) -> None:
        """
        The first thread is the process; others do not exist.
        """
        self.assertEqual(self.parse("1/1 0"), {1: [0]})
        self.assertEqual(self.parse("1/all 0-1"), {1: [0, 1]})
        self.assertEqual(self.parse("1/2-4 0"), {})
        self.assertEqual(self.parse("auto:1/2-3 0-1"), {})

    def test_mistakes(self) -> None:
        """
        Mistakes are named.
        """
        self.assertIn("cpu-map expects a process number", self.refused(""))
        self.assertIn("cpu-map expects a process number", self.refused("1"))
        self.assertEqual(self.refused("x 0"), "cpu-map : 'x' is not a valid number/range.")
        self.assertIn("It supports numbers from 1 to 64.", self.refused("65 0"))
        self.assertIn("It supports numbers from 1 to 64.", self.refused("1/65 0"))
        self.assertEqual(self.refused("1/ 0"), "cpu-map : '' is not a valid number/range.")
        for text in ("x", "1-2-3", "0,", "\u0661"):
            self.assertIn("is not a CPU range.", self.refused(f"1 {text}"))
        self.assertEqual(
            self.refused("1 0 70000"), "cpu-map : supports CPU numbers from 0 to 1023."
        )
        self.assertEqual(
            self.refused("auto:1-2 0-2"),
            "cpu-map : PROC/THREAD range and CPU sets must have the same size to be automatically"
            " bound",
        )

    @given(st.lists(st.text("auto:/-,0123456789odevn", max_size=8), max_size=3))
    def test_any_words(self, words: list[str]) -> None:
        """
        Any words are a map or refused.
        """
        try:
            found = parse_cpu_map(words)
        except ConfigError:
            return
        for process, cpus in found.items():
            self.assertIn(process, range(1, 65))
            self.assertTrue(cpus)
