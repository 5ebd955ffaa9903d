"""
Tests for L{mwproxy.observe.rows}.
"""

from __future__ import annotations

import json as standard
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.observe import csv, json, stat, typed
from mwproxy.observe.fields import Field, Reading, readings
from mwproxy.observe.rows import RowWriter, Writers
from tests.observe.worker import a_worker


class Counted:
    """
    An object with a counter.
    """

    letter = "S"
    number = 4

    def __init__(self, **counters: int) -> None:
        self.counters = type("Counters", (), counters)


def a_field(name: str, read: Any = None, **more: Any) -> Field:
    """
    Describe a column.
    """
    return Field(name, "MCP", "u32", name, read, **more)


class WriterTests(SynchronousTestCase):
    """
    Tests of lines made from templates.
    """

    def write(
        self, *fields: Field, http: bool = True, has: tuple[str, ...] = (), **counters: int
    ) -> str:
        """
        Write a server as CSV.
        """
        writer = RowWriter(list(fields), csv.SHAPE, "S", http, frozenset(has))
        return writer.write(Counted(**counters))  # type: ignore[arg-type]  # looks like a row

    def test_kinds_of_columns(self) -> None:
        """
        Columns that others have are empty, constants stand as they are, counters and paths are
        fetched, and what is left is asked.
        """
        line = self.write(
            a_field("a", sides="F"),
            a_field("b", constant=0),
            a_field("c", counter="c"),
            a_field("d", path="number"),
            a_field("e", lambda row: "x,y"),
            a_field("f", lambda row: None),
            a_field("g", lambda row: 7),
            c=3,
        )
        self.assertEqual(line, ',0,3,4,"x,y",,7,-,\n')

    def test_mode(self) -> None:
        """
        Columns of HTTP are empty for proxies in TCP mode.
        """
        field = a_field("a", constant=0, http=True)
        self.assertEqual(self.write(field), "0,-,\n")
        self.assertEqual(self.write(field, http=False), ",-,\n")

    def test_checks(self) -> None:
        """
        Columns about checks are empty for servers without.
        """
        field = a_field("a", constant=0, needs="check")
        self.assertEqual(self.write(field, a_field("b", constant=1)), ",1,-,\n")
        self.assertEqual(self.write(field, a_field("b", constant=1), has=("check",)), "0,1,-,\n")

    def test_percents(self) -> None:
        """
        Texts with percent signs are no templates.
        """
        fields = [a_field("a", lambda row: "%s%"), a_field("%d", constant=1)]
        self.assertEqual(self.write(*fields), "%s%,1,-,\n")


class FormatTests(SynchronousTestCase):
    """
    Tests that all formats say what the columns' own functions say.
    """

    def setUp(self) -> None:
        worker = a_worker()
        worker.frontends["fe"].counters.stot = 12
        worker.backends["be1"].servers[0].counters.responses[2] = 5
        selection = stat.Selection()
        proxies = stat.selected_proxies(worker, selection)
        self.rows = list(stat.rows(worker, proxies, selection))
        self.fields = stat.columns()

    def seen(self, row: stat.Row, reading: Reading) -> Reading:
        """
        Get a reading as objects of a kind have it.
        """
        return reading._replace(field=reading.field.seen_in(row.letter))

    def test_tags(self) -> None:
        """
        Backends count their servers; of a server the same columns are a state.
        """
        writers = Writers(self.fields, typed.shape(1, explain=False))
        for row in self.rows:
            tags = {"B": "MGP", "S": "SGP"}.get(row.letter)
            if tags is not None:
                self.assertIn(f".act.1:{tags}:u32:", writers.write(row))

    def test_csv(self) -> None:
        """
        Cells hold the values, and nothing for what has none.
        """
        writers = Writers(self.fields, csv.SHAPE)
        for row in self.rows:
            cells = [""] * len(self.fields)
            for each in readings(self.fields, row):
                cells[each.position] = csv.quoted(str(each.value))
            self.assertEqual(writers.write(row), ",".join(cells) + ",-,\n")

    def test_pieces(self) -> None:
        """
        Many objects are written in pieces that lose nothing.
        """
        writers = Writers(self.fields, csv.SHAPE)
        rows = self.rows * 20
        pieces = list(writers.write_all(rows))
        self.assertEqual("".join(pieces), "".join(map(writers.write, rows)))
        self.assertGreater(len(pieces), 3)

    def test_typed(self) -> None:
        """
        There is a line for each value.
        """
        for explain in (False, True):
            writers = Writers(self.fields, typed.shape(3, explain=explain))
            for row in self.rows:
                prefix = f"{row.letter}.{row.proxy.number}.{row.number}."
                expected = "".join(
                    typed.line(prefix, 3, self.seen(row, each), explain=explain)
                    for each in readings(self.fields, row)
                )
                self.assertEqual(writers.write(row), expected)

    def test_json(self) -> None:
        """
        There is an element for each value, with the object's identity before it.
        """
        for explain in (False, True):
            writers = Writers(self.fields, json.shape(3, stat.NAMES, explain=explain))
            for row in self.rows:
                head = {
                    "objType": stat.NAMES[row.type],
                    "proxyId": row.proxy.number,
                    "id": row.number,
                }
                expected = [
                    json.element(3, self.seen(row, each), explain=explain, head=head)
                    for each in readings(self.fields, row)
                ]
                self.assertEqual(writers.write(row), json.text(expected))
                self.assertEqual(standard.loads(writers.write(row)), expected)
