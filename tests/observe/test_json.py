"""
Tests for L{mwproxy.observe.json}.
"""

from __future__ import annotations

import json as standard

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.observe import json
from mwproxy.observe.fields import Field, Reading

FIELD = Field("Name", "POS", "str", "What", lambda subject: "x")


class JsonTests(SynchronousTestCase):
    """
    Tests of answers in JSON.
    """

    def test_element(self) -> None:
        """
        A value has the members in HAProxy's order.
        """
        self.assertEqual(
            json.text(json.element(1, Reading(0, FIELD, "HAProxy"), explain=False)),
            '{"field":{"pos":0,"name":"Name"},"processNum":1,"tags":{"origin":"Product",'
            '"nature":"Output","scope":"Service"},"value":{"type":"str","value":"HAProxy"}}',
        )

    def test_explained(self) -> None:
        """
        The description is added when asked for; the head comes first.
        """
        found = json.element(1, Reading(0, FIELD, "x"), explain=True, head={"id": 7})
        self.assertEqual(found["desc"], "What")
        self.assertEqual(next(iter(found)), "id")

    def test_large_numbers(self) -> None:
        """
        Numbers stay within what every reader of JSON can hold.
        """
        found = json.element(1, Reading(0, FIELD, 2**60), explain=False)
        self.assertEqual(found["value"]["value"], 2**53 - 1)

    def test_array(self) -> None:
        """
        Pieces make an array, also an empty one.
        """
        self.assertEqual("".join(json.array(iter(["1", "2"]))), "[1,2]")
        self.assertEqual("".join(json.array(iter([]))), "[]")

    def test_schema(self) -> None:
        """
        The schema is JSON and describes all three kinds of answers.
        """
        found = standard.loads(json.text(json.schema()))
        self.assertEqual([each["title"] for each in found["oneOf"]], ["Info", "Stat", "Error"])
