"""
Tests for L{mwproxy.core.references}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.references import (
    MOST_BYTES,
    MOST_FILES,
    forget_references,
    mark_of,
    note_reference,
    noted_references,
)


class ReferenceTests(SynchronousTestCase):
    """
    Tests of notes about files.
    """

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        forget_references()
        self.addCleanup(forget_references)

    def file(self, name: str, text: str = "x") -> Path:
        """
        Write a file.
        """
        path = self.directory / name
        path.write_text(text)
        os.utime(path, ns=(0, 1_000_000_007))
        return path

    def test_note(self) -> None:
        """
        A note tells when the file was changed and how long it is, by its absolute name.
        """
        path = self.file("a.map", "abc")
        note_reference(os.path.relpath(path))
        self.assertEqual(noted_references(), {str(path): (1_000_000_007, 3)})
        self.assertEqual(mark_of(str(path)), (1_000_000_007, 3))

    def test_missing(self) -> None:
        """
        What cannot be looked at is not noted.
        """
        note_reference(self.directory / "none")
        note_reference("a\0b")
        self.assertEqual(noted_references(), {})
        self.assertIsNone(mark_of("a\0b"))

    def test_forget(self) -> None:
        """
        The next configuration begins without notes.
        """
        note_reference(self.file("a"))
        forget_references()
        self.assertEqual(noted_references(), {})

    def test_bounds(self) -> None:
        """
        No more is told than fits into a message.
        """
        for number in range(MOST_FILES + 10):
            note_reference(self.file(f"f{number}"))
        found = noted_references()
        self.assertLessEqual(len(found), MOST_FILES)
        self.assertLessEqual(sum(len(name) + 48 for name in found), MOST_BYTES)
        self.assertGreater(len(found), 50)

    def test_long_names(self) -> None:
        """
        Names that JSON makes longer count as long as they become.
        """
        for number in range(40):
            note_reference(self.file(f"{number}" + "ä" * 120))
        self.assertLess(len(noted_references()), 40)
