"""
Tables in which each server has places by weight, well mixed.
"""

from __future__ import annotations

from functools import reduce
from heapq import heapify, heapreplace
from math import gcd

MAX_PLACES = 65536


def places(weights: list[int]) -> list[int]:
    """
    Lay out a table.

    @param weights: Positive weights.

    @return: Positions in C{weights}, each as often as its weight says once they are reduced by
        their common divisor (and further, roughly, to keep the table below L{MAX_PLACES}).
    """
    if not weights:
        return []
    divisor = reduce(gcd, weights)
    parts = [weight // divisor for weight in weights]
    total = sum(parts)
    if total > MAX_PLACES:
        parts = [max(1, part * MAX_PLACES // total) for part in parts]
        total = sum(parts)
    if total == len(parts):
        return list(range(total))
    # Turns of a part are total/part places apart; the earliest turn is next.
    turns = [
        (total / part * (position + 0.5) / len(parts), position)
        for position, part in enumerate(parts)
    ]
    left = list(parts)
    heapify(turns)
    table: list[int] = []
    while len(table) < total:
        when, position = turns[0]
        table.append(position)
        left[position] -= 1
        step = total / parts[position] if left[position] else float("inf")
        heapreplace(turns, (when + step, position))
    return table
