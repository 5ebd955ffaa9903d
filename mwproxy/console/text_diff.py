"""
Unified differences between two sets of files, in bounded time.

The shortest way from one text to the other is looked for as Myers does (An O(ND) Difference
Algorithm), in steps of one line that goes or comes. That takes time that grows with the square of
the steps, and the master must not stop for it: where more than L{MOST_STEPS} are needed, all
between what both begin and end with is shown as replaced. The result is correct, not minimal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

MOST_STEPS = 500
#: Unchanged lines around a change.
CONTEXT = 3
#: A stretch of both sides: how it differs, where it begins and ends in the one and the other.
Stretch = tuple[str, int, int, int, int]


def diff_files(
    old: Mapping[str, bytes], new: Mapping[str, bytes], old_mark: str, new_mark: str
) -> Iterator[str]:
    """
    Compare files.

    @param old: Texts by name.

    @param new: Texts by name.

    @param old_mark: Stands behind names of the old side.

    @param new_mark: Stands behind names of the new side.

    @return: Lines with line feeds, none of them empty; nothing when all are the same.
    """
    for name in [*old, *(name for name in new if name not in old)]:
        before, after = old.get(name), new.get(name)
        if before != after:
            yield f"--- {_titled(name, old_mark, before)}\n"
            yield f"+++ {_titled(name, new_mark, after)}\n"
            yield from diff_lines(_lines(before), _lines(after))


def diff_lines(old: list[str], new: list[str]) -> Iterator[str]:
    """
    Compare lines.

    @param old: Lines without line feeds.

    @param new: Lines without line feeds.

    @return: The hunks of a unified difference.
    """
    for group in _groups(_stretches(old, new)):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n"
        for kind, a, b, c, d in group:
            if kind == "equal":
                yield from (f" {line}\n" for line in old[a:b])
                continue
            yield from (f"-{line}\n" for line in old[a:b])
            yield from (f"+{line}\n" for line in new[c:d])


def _stretches(old: list[str], new: list[str]) -> list[Stretch]:
    begin = 0
    shorter = min(len(old), len(new))
    while begin < shorter and old[begin] == new[begin]:
        begin += 1
    end = 0
    while end < shorter - begin and old[-1 - end] == new[-1 - end]:
        end += 1
    a, c = len(old) - end, len(new) - end
    found: list[Stretch] = []
    i = k = 0
    same = [(0, 0, begin), *_common(old[begin:a], new[begin:c], begin), (a, c, end)]
    for at, other, length in same:
        if at > i or other > k:
            found.append(("replace", i, at, k, other))
        if length:
            found.append(("equal", at, at + length, other, other + length))
        i, k = at + length, other + length
    return found


def _common(old: list[str], new: list[str], offset: int) -> list[tuple[int, int, int]]:
    """
    Find the lines that stay.

    @param offset: Is added to all positions.

    @return: Positions in both and the length of each stretch; nothing where it would take too long.
    """
    n, m = len(old), len(new)
    reached = {1: 0}
    trace: list[dict[int, int]] = []
    for steps in range(min(n + m, MOST_STEPS) + 1):
        trace.append(dict(reached))
        for k in range(-steps, steps + 1, 2):
            # The farthest point on diagonal k: by a line that comes, or by one that goes.
            if k == -steps or (k != steps and reached[k - 1] < reached[k + 1]):
                x = reached[k + 1]
            else:
                x = reached[k - 1] + 1
            while x < n and x - k < m and old[x] == new[x - k]:
                x += 1
            reached[k] = x
            if x >= n and x - k >= m:
                return _way_back(trace, n, m, offset)
    return []


def _way_back(
    trace: list[dict[int, int]], x: int, y: int, offset: int
) -> list[tuple[int, int, int]]:
    found = []
    for steps in range(len(trace) - 1, -1, -1):
        reached, k = trace[steps], x - y
        down = k == -steps or (k != steps and reached[k - 1] < reached[k + 1])
        before = k + 1 if down else k - 1
        start = reached[before] + (0 if down else 1) if steps else 0
        if x > start:
            found.append((offset + start, offset + start - k, x - start))
        x = reached[before]
        y = x - before
    return found[::-1]


def _groups(stretches: list[Stretch]) -> Iterator[list[Stretch]]:
    """
    Cut at long stretches that are equal, and shorten those around changes.
    """
    group: list[Stretch] = []
    last = len(stretches) - 1
    for index, (kind, a, b, c, d) in enumerate(stretches):
        if kind != "equal":
            group.append((kind, a, b, c, d))
            continue
        if index == 0:
            a, c = max(a, b - CONTEXT), max(c, d - CONTEXT)
        if index == last:
            b, d = min(b, a + CONTEXT), min(d, c + CONTEXT)
        if b - a > 2 * CONTEXT:
            yield [*group, (kind, a, a + CONTEXT, c, c + CONTEXT)]
            group = []
            a, c = b - CONTEXT, d - CONTEXT
        group.append((kind, a, b, c, d))
    if any(kind != "equal" for kind, *_ in group):
        yield group


def _titled(name: str, mark: str, text: bytes | None) -> str:
    return "/dev/null" if text is None else f"{name}{mark}"


def _lines(text: bytes | None) -> list[str]:
    if not text:
        return []
    lines = text.decode("utf-8", "surrogateescape").split("\n")
    if lines[-1]:
        lines[-1] += "\n\\ No newline at end of file"
    else:
        del lines[-1]
    return lines


def _range(begin: int, end: int) -> str:
    length = end - begin
    if length == 1:
        return str(begin + 1)
    return f"{begin + 1 if length else begin},{length}"
