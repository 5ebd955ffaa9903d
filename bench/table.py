"""
Rows of the table: two figures, their ratio, and what it must be.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.peers import Peer

ROUNDS = 5


@dataclass(frozen=True)
class Row:
    """
    One line of the table; a limit of None means that the figure is only printed. Not a number is
    the figure of who cannot do it.
    """

    title: str
    unit: str
    haproxy: float
    mwproxy: float
    limit: float | None = None
    absolute: bool = False

    @property
    def ratio(self) -> float | None:
        """Divide, when there is something to divide by."""
        if not self.haproxy or math.isnan(self.haproxy):
            return None
        return self.mwproxy / self.haproxy

    @property
    def holds(self) -> bool:
        """Compare with what must be reached."""
        if self.limit is None:
            return True
        value = self.mwproxy if self.absolute or self.ratio is None else self.ratio
        return value <= self.limit

    def line(self) -> str:
        """Write the line."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        if self.limit is None:
            must = "printed"
        elif self.absolute:
            must = f"≤ {self.limit:g} {self.unit}"
        else:
            must = f"≤ {self.limit:g} ×"
        verdict = "" if self.limit is None else ("yes" if self.holds else "**no**")
        haproxy = "–" if math.isnan(self.haproxy) else f"{self.haproxy:.4g}"
        figures = f"{haproxy} | {self.mwproxy:.4g} | {ratio}"
        return f"| {self.title} | {self.unit} | {figures} | {must} | {verdict} |"


HEADING = """\
| benchmark | unit | HAProxy | mwproxy | ratio | must be | reached |
|---|---|---|---|---|---|---|"""


def interleaved(
    peers: Sequence[Peer], measure: Callable[[Peer], float], rounds: int = ROUNDS
) -> list[float]:
    """Measure the peers in turn, A B A B …, after one round that does not count; the medians."""
    figures: list[list[float]] = [[] for _ in peers]
    for turn in range(rounds + 1):
        for peer, seen in zip(peers, figures, strict=True):
            value = measure(peer)
            if turn:
                seen.append(value)
    return [statistics.median(seen) for seen in figures]


def percentile(values: list[float], percent: int) -> float:
    """Give the smallest value that at least so many percent of the values do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
