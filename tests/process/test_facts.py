"""
Tests for L{mwproxy.process.facts}.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.facts import BadFacts, decode, encode


@dataclass(slots=True)
class Inner:
    """
    A nested object.
    """

    number: int
    data: bytes = b""


@dataclass(slots=True)
class Outer:
    """
    One field of each kind.
    """

    name: str
    inner: Inner
    several: list[Inner] = field(default_factory=list)
    perhaps: int | None = None
    maybe: Inner | None = None
    yes: bool = False
    seconds: float = 0.0
    names: dict[str, str] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    anything: dict[str, Any] = field(default_factory=dict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
OUTERS = st.builds(
    Outer,
    several=...,
    perhaps=...,
    maybe=...,
    yes=...,
    seconds=st.floats(allow_nan=False, allow_infinity=False),
    names=...,
    texts=...,
    anything=st.just({"a": [1, {"b": None}]}),
)
PLAIN = {"name": "n", "inner": {"number": 1}}


class FactsTests(SynchronousTestCase):
    """
    Tests for reading and writing.
    """

    @given(OUTERS)
    def test_round_trip(self, outer: Outer) -> None:
        """
        What was written is read as it was.
        """
        self.assertEqual(decode(Outer, encode(outer)), outer)

    def test_no_utf8(self) -> None:
        """
        Bytes that are no UTF-8 survive in texts.
        """
        name = b"\xff\xfe".decode("utf-8", "surrogateescape")
        self.assertEqual(decode(Outer, encode(Outer(name, Inner(1)))).name, name)

    def test_defaults(self) -> None:
        """
        A missing name has its default, an unknown one is left out.
        """
        data = json.dumps({**PLAIN, "later": [1]}).encode()
        self.assertEqual(decode(Outer, data), Outer("n", Inner(1)))

    def test_missing(self) -> None:
        """
        A name without default must be there; the message says which.
        """
        error = self.assertRaises(BadFacts, decode, Outer, b'{"name": "n", "inner": {}}')
        self.assertEqual(str(error), "Outer.inner.number is not what it should be")

    def test_wrong_kinds(self) -> None:
        """
        A value of another kind is refused, true and false as numbers too.
        """
        wrong: list[tuple[str, Any]] = [
            ("name", 1),
            ("inner", None),
            ("inner", {"number": True}),
            ("inner", {"number": 1.0}),
            ("inner", {"number": 1, "data": "%"}),
            ("inner", {"number": 1, "data": "\u00e9"}),
            ("several", {}),
            ("several", [1]),
            ("perhaps", "1"),
            ("maybe", []),
            ("yes", 1),
            ("seconds", "1"),
            ("seconds", True),
            ("seconds", float("nan")),
            ("seconds", 10**400),
            ("names", {"a": 1}),
            ("names", []),
        ]
        for name, value in wrong:
            data = json.dumps({**PLAIN, name: value}).encode()
            self.assertRaises(BadFacts, decode, Outer, data)

    @given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
    def test_garbage(self, data: bytes) -> None:
        """
        Whatever is read, nothing but L{BadFacts} is raised.
        """
        try:
            decode(Outer, data)
        except BadFacts:
            return

    def test_deep_nesting(self) -> None:
        """
        So it is with nesting that is too deep.
        """
        self.assertRaises(BadFacts, decode, Outer, b"[" * 1_000_000)
