"""
Tests for L{mwproxy.console.text_diff}.
"""

from __future__ import annotations

import difflib
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.text_diff import MOST_STEPS, diff_files, diff_lines

LINES = some.lists(some.sampled_from(["a", "b", "c", "", "  x"]), max_size=30)


class Counted(str):
    """
    A line that counts how often it is compared.
    """

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)


class LineTests(SynchronousTestCase):
    """
    Tests of differences between lines.
    """

    @given(LINES, LINES)
    def test_as_difflib(self, old: list[str], new: list[str]) -> None:
        """
        Each hunk can be applied: the result has all lines of both sides, in order.
        """
        found = list(diff_lines(old, new))
        self.assertEqual(found == [], old == new)
        self.assertEqual(self.applied(old, found), new)

    def applied(self, old: list[str], hunks: list[str]) -> list[str]:
        """
        Apply a difference, checking the positions and all lines that stay or go.
        """
        result: list[str] = []
        position = 0
        for line in hunks:
            kind, text = line[0], line[1:-1]
            if kind == "@":
                start, _, count = line.split()[1][1:].partition(",")
                begin = int(start) - (0 if count == "0" else 1)
                result += old[position:begin]
                position = begin
            elif kind == "+":
                result.append(text)
            else:
                self.assertEqual(old[position], text)
                position += 1
                result += [text] if kind == " " else []
        return result + old[position:]

    def test_two_hunks(self) -> None:
        """
        Changes far from each other stand in hunks of their own, with three lines around.
        """
        old = [str(number) for number in range(40)]
        new = ["x" if line in ("5", "30") else line for line in old]
        expected = list(difflib.unified_diff(old, new, lineterm=""))[2:]
        self.assertEqual([line[:-1] for line in diff_lines(old, new)], expected)

    def test_long(self) -> None:
        """
        Much that changed is shown as replaced as a whole, which takes no time.
        """
        old = [f"a{number}" for number in range(MOST_STEPS * 20)]
        new = [f"b{number}" if number % 2 else f"a{number}" for number in range(MOST_STEPS * 20)]
        found = list(diff_lines(old, new))
        self.assertEqual(self.applied(old, found), new)
        self.assertEqual(sum(line[0] == "@" for line in found), 1)

    def test_repeated(self) -> None:
        """
        Lines that stand there over and over take no more time: comparisons are bounded.
        """
        old: list[str] = [Counted("x" if number % 2 else "") for number in range(MOST_STEPS * 4)]
        new: list[str] = [Counted("y" if number % 2 else "") for number in range(MOST_STEPS * 4)]
        Counted.compared = 0
        found = list(diff_lines(old, new))
        self.assertLess(Counted.compared, 4 * MOST_STEPS**2)
        self.assertEqual(self.applied(old, found), new)

    def test_shortest(self) -> None:
        """
        What stays is shown as staying.
        """
        found = "".join(diff_lines(list("abcabba"), list("cbabac")))
        self.assertEqual(sum(line[0] in "+-" for line in found.splitlines()), 5)

    def test_one_change_in_long_files(self) -> None:
        """
        A small change of a long file is shown as such.
        """
        old = [f"a{number}" for number in range(MOST_STEPS * 20)]
        new = [*old[:9000], "x", *old[9001:]]
        self.assertEqual(len(list(diff_lines(old, new))), 9)


class FileTests(SynchronousTestCase):
    """
    Tests of differences between sets of files.
    """

    def test_marks(self) -> None:
        """
        Names have their marks; an empty line of a file is a line with a blank.
        """
        found = "".join(diff_files({"a": b"x\n\ny\n"}, {"a": b"x\n\nz\n"}, " (1)", ""))
        self.assertEqual(found, "--- a (1)\n+++ a\n@@ -1,3 +1,3 @@\n x\n \n-y\n+z\n")

    def test_same(self) -> None:
        """
        There is nothing to say of files that are the same.
        """
        self.assertEqual(list(diff_files({"a": b"x\n"}, {"a": b"x\n"}, "", "")), [])

    def test_files_that_come_and_go(self) -> None:
        """
        A file that one side does not have is told as such.
        """
        found = "".join(diff_files({"a": b"x\n"}, {"b": b"y\n"}, "", ""))
        self.assertEqual(
            found,
            "--- a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n--- /dev/null\n+++ b\n@@ -0,0 +1 @@\n+y\n",
        )

    def test_patch(self) -> None:
        """
        C{patch} understands the result, also without a line feed at the end.
        """
        old, new = b"a\nb\nc\nd\ne\nf\ng\nh", b"a\nb\nX\nd\ne\nf\ng\nh\n"
        path = Path(self.mktemp())
        path.write_bytes(old)
        text = "".join(diff_files({path.name: old}, {path.name: new}, "", ""))
        try:
            subprocess.run(
                ["patch", "-s", str(path)], input=text.encode(), check=True, capture_output=True
            )
        except FileNotFoundError:
            self.skipTest("patch is not installed")
        self.assertEqual(path.read_bytes(), new)
