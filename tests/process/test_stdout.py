"""
Tests for L{mwproxy.process.stdout}.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.stdout import READER_GONE

ANSWER = "from mwproxy.process.stdout import answer; answer('one', 'two'); print('three')"


class AnswerTests(SynchronousTestCase):
    """
    Tests for L{answer<mwproxy.process.stdout.answer>}, in an interpreter of its own.
    """

    def _answer(self, stdout: int) -> tuple[int, str]:
        ended = subprocess.run(
            [sys.executable, "-c", ANSWER],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.returncode, ended.stderr

    def test_read(self) -> None:
        """
        Lines are printed, and the command goes on.
        """
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        try:
            self.assertEqual(self._answer(writing), (0, ""))
        finally:
            os.close(writing)
        self.assertEqual(os.read(reading, 1000), b"one\ntwo\nthree\n")

    def test_reader_gone(self) -> None:
        """
        A reader that has gone ends the command without a word.
        """
        reading, writing = os.pipe()
        os.close(reading)
        try:
            self.assertEqual(self._answer(writing), (READER_GONE, ""))
        finally:
            os.close(writing)

    def test_full(self) -> None:
        """
        A full disk is said.
        """
        with Path("/dev/full").open("wb") as full:
            self.assertEqual(
                self._answer(full.fileno()),
                (1, "Cannot write to standard output: No space left on device.\n"),
            )
