"""
Tests for L{mwproxy.observe.typed} and L{mwproxy.observe.fields}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.registry import Registry
from mwproxy.observe import typed
from mwproxy.observe.fields import Field, Reading, Value, field, readings

FIELD = Field("scur", "MGP", "u32", "Sessions now", lambda subject: 3)


class TypedTests(SynchronousTestCase):
    """
    Tests of typed lines.
    """

    def test_line(self) -> None:
        """
        Object, position, name, process, tags, type and value.
        """
        reading = Reading(4, FIELD, 3)
        self.assertEqual(
            typed.line("F.2.0.", 1, reading, explain=False), "F.2.0.4.scur.1:MGP:u32:3\n"
        )
        self.assertEqual(
            typed.line("", 2, reading, explain=True), '4.scur.2:MGP:u32:3:"Sessions now"\n'
        )

    def test_tags(self) -> None:
        """
        Letters stand for words.
        """
        self.assertEqual(
            FIELD.tag_words, {"origin": "Metric", "nature": "Gauge", "scope": "Process"}
        )

    def test_readings(self) -> None:
        """
        Fields without value are left out, and the others keep their position.
        """
        registry: Registry[Field] = Registry("field")

        @field("one", "MGP:u32", "", registry=registry)
        def one(subject: object) -> Value:
            return None

        @field("two", "MGP:u32", "", registry=registry)
        def two(subject: object) -> Value:
            return "x"

        found = readings([registry.get("one"), registry.get("two")], None)
        self.assertEqual([(each.position, each.value) for each in found], [(1, "x")])
