"""
Tests for L{mwproxy.programs.output}.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.program_settings import OutputRate
from mwproxy.programs.output import LONGEST, PAUSE, Output
from tests.process.memory import MemorySystem


class OutputTests(SynchronousTestCase):
    """
    Tests for what a program prints.
    """

    def setUp(self) -> None:
        self.system = MemorySystem()
        reading, self.writing = os.pipe()
        self.said: list[str] = []
        self.output = Output(self.system, reading, OutputRate(5, 1000), self.said.append)
        self.addCleanup(self.output.close)
        self.addCleanup(self.shut)

    def shut(self) -> None:
        if self.writing >= 0:
            os.close(self.writing)
            self.writing = -1

    def print(self, data: bytes) -> None:
        os.write(self.writing, data)
        self.output.doRead()

    def test_cut_anywhere(self) -> None:
        """
        Lines are the same however they come.
        """
        for data in (b"o", b"ne\ntw", b"", b"o\n\nthree", b"\n"):
            if data:
                self.print(data)
        self.assertEqual(self.said, ["one", "two", "", "three"])

    def test_last_line(self) -> None:
        """
        The end of the program is the end of its last line, and what it left in the pipe is read.
        """
        os.write(self.writing, b"one\ntwo")
        self.shut()
        self.output.finish()
        self.assertEqual(self.said, ["one", "two"])
        self.assertEqual((self.output.fileno(), self.system.readers), (-1, []))

    def test_strange_bytes(self) -> None:
        """
        Nothing that a terminal would obey comes out.
        """
        self.print(b"a\x1b[31mb\xff\tc\xc3\xa9\r\n")
        self.assertEqual(self.said, ["a\\x1b[31mb\\xff\tc\xe9"])

    def test_long_line(self) -> None:
        """
        Of a line without end as much is kept as one may have, and the next one is whole.
        """
        for _ in range(5):
            self.print(b"x" * LONGEST)
        self.print(b"y\nnext\n")
        self.assertEqual(self.said, ["x" * LONGEST, "next"])

    def test_flood(self) -> None:
        """
        Lines above the rate are dropped and counted, and reading pauses.
        """
        self.print(b"x\n" * 100)
        self.assertEqual(self.said, ["x"] * 5)
        self.assertEqual(self.system.readers, [])
        self.system.clock.advance(PAUSE)
        self.assertEqual(self.system.readers, [self.output])
        self.system.clock.advance(1)
        self.assertEqual(self.said[5:], ["(95 more lines were dropped, see 'log-output')"])
        self.print(b"y\n")
        self.assertEqual(self.said[6:], ["y"])

    def test_wait_for(self) -> None:
        """
        A line that matches is told once, even one that is not logged.
        """
        found: list[str] = []
        self.print(b"up\n" * 6)
        self.output.wait_for("^up$", lambda: found.append("yes"))
        self.print(b"upper\nup\nup\n")
        self.assertEqual((found, len(self.said)), (["yes"], 5))

    def test_another_image(self) -> None:
        """
        A successor goes on in the midst of a line.
        """
        self.print(b"on")
        facts = self.output.facts()
        self.assertEqual(facts.rest, b"on")
        output = Output(MemorySystem(), os.dup(facts.fd), OutputRate(), self.said.append)
        self.addCleanup(output.close)
        output.go_on(facts.rest)
        os.write(self.writing, b"e\n")
        output.doRead()
        self.assertEqual(self.said, ["one"])
