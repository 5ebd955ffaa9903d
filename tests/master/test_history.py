"""
Tests for L{mwproxy.master.history}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.master.history import MOST_REASONS, MOST_RECORDS, History, Record
from mwproxy.process.facts import decode, encode
from mwproxy.process.inheritance import HistoryFacts


class HistoryTests(SynchronousTestCase):
    """
    Tests of what is remembered.
    """

    def setUp(self) -> None:
        self.history = History()

    def accept(self, number: int, text: bytes, **more: bytes) -> Record:
        """
        Load a configuration successfully.
        """
        record = Record(number, "reload", "", 0.0)
        self.history.begin(record)
        contents = {"a.cfg": text, **more}
        self.history.serves(number, list(contents), contents, {})
        return record

    def numbers(self) -> list[int]:
        """
        List what is kept.
        """
        return [each.number for each in self.history.kept()]

    def test_serving(self) -> None:
        """
        The generation before serves no more when another one is accepted.
        """
        first, second = self.accept(1, b"a"), self.accept(2, b"b")
        self.assertEqual((first.result, second.result), ("served", "serving"))

    def test_failed(self) -> None:
        """
        A load that fails keeps its alerts, shortened, and no text.
        """
        record = Record(1, "reload", "", 0.0)
        self.history.begin(record)
        lines = ["[NOTICE]   (1) : x", "[ALERT]    (1) : one\n  two\n", *["[ALERT] z"] * 50]
        self.history.failed(1, lines)
        self.assertEqual(record.result, "failed")
        self.assertEqual(record.why[:3], ["[ALERT]    (1) : one", "  two", "[ALERT] z"])
        self.assertEqual(len(record.why), MOST_REASONS)
        self.assertEqual(self.numbers(), [])

    def test_what_serves_does_not_fail(self) -> None:
        """
        A failure before the next load began is not one of the generation that serves.
        """
        record = self.accept(1, b"a")
        self.history.failed(1, ["[ALERT] x"])
        self.assertEqual((record.result, record.why), ("serving", []))

    def test_count(self) -> None:
        """
        The oldest ones are forgotten; what is pinned does not count.
        """
        for number in range(1, 6):
            self.accept(number, b"%d" % number)
        self.history.trim(2, 1000, {5})
        self.assertEqual(self.numbers(), [3, 4, 5])
        self.history.trim(0, 1000, {5, 3})
        self.assertEqual(self.numbers(), [3, 5])

    def test_bytes(self) -> None:
        """
        The oldest ones are forgotten when all together have too many bytes; there is no gap.
        """
        self.accept(1, b"x")
        self.accept(2, b"y" * 100)
        self.accept(3, b"z" * 50)
        self.accept(4, b"w" * 500)
        self.history.trim(10, 60, {4})
        self.assertEqual(self.numbers(), [3, 4])

    def test_shared(self) -> None:
        """
        A text that several generations have is held once, and counts once.
        """
        self.accept(1, b"y" * 100, other=b"1")
        self.accept(2, bytes(b"y" * 100), other=b"2")
        self.accept(3, bytes(b"y" * 100), other=b"3")
        texts = {id(each.text.contents["a.cfg"]) for each in self.history.kept() if each.text}
        self.assertEqual(len(texts), 1)
        self.history.trim(10, 2, {3})
        self.assertEqual(self.numbers(), [1, 2, 3])
        self.history.trim(10, 1, {3})
        self.assertEqual(self.numbers(), [2, 3])

    def test_before(self) -> None:
        """
        The one before is the last that was accepted and is kept.
        """
        self.accept(1, b"a")
        self.history.begin(Record(2, "reload", "", 0.0))
        self.history.failed(2, [])
        self.accept(3, b"b")
        found = self.history.before(3)
        self.assertEqual(found and found.number, 1)
        self.assertIsNone(self.history.before(1))

    def test_records_are_bounded(self) -> None:
        """
        Old records are forgotten, those with text last.
        """
        self.accept(1, b"a")
        for number in range(2, MOST_RECORDS + 20):
            self.history.begin(Record(number, "reload", "", 0.0))
            self.history.failed(number, [])
        self.assertEqual(self.history.records[0].number, 1)
        self.accept(500, b"b")
        self.history.trim(0, 0, {500})
        self.history.begin(Record(501, "reload", "", 0.0))
        self.assertEqual(len(self.history.records), MOST_RECORDS)

    def test_references(self) -> None:
        """
        Files beside the configuration are compared with what they were.
        """
        path = Path(self.mktemp()).absolute()
        path.write_text("x")
        os.utime(path, ns=(0, 5))
        record = Record(1, "reload", "", 0.0, references={str(path): (5, 1)})
        self.assertEqual(record.changed_references(), [])
        path.write_text("xy")
        self.assertEqual(record.changed_references(), [str(path)])
        path.unlink()
        self.assertEqual(record.changed_references(), [str(path)])

    def test_another_image(self) -> None:
        """
        All of it crosses an exec; shared texts stay shared.
        """
        self.accept(1, b"\xff\x00", other=b"1")
        self.accept(2, b"\xff\x00", other=b"2").references = {"/m": (5, 6)}
        self.history.begin(Record(3, "rollback 1", "SIGHUP", 7.5, files=["a.cfg"]))
        self.history.failed(3, ["[ALERT] x"])
        data = encode(self.history.facts())
        other = History()
        other.inherit(decode(HistoryFacts, data))
        self.assertEqual(other.records, self.history.records)
        texts = [each.text.contents["a.cfg"] for each in other.kept() if each.text]
        self.assertIs(texts[0], texts[1])

    def test_another_image_damaged(self) -> None:
        """
        A record that refers to a text that is not there is kept without it.
        """
        self.accept(1, b"a")
        facts = self.history.facts()
        facts.texts.clear()
        other = History()
        other.inherit(facts)
        self.assertEqual([each.number for each in other.records], [1])
        self.assertEqual(other.kept(), [])
