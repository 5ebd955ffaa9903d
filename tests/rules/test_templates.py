"""
Tests of C{mwproxy/rules/templates.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.rules.aliases import inline
from mwproxy.rules.templates import Part, constant, join_parts
from tests.rules.streams import log, make_stream


def _say(word: bytes) -> Part:
    return lambda stream: word


class TemplateTests(SynchronousTestCase):
    """
    Tests of joining parts.
    """

    def joined(self, *parts: Part) -> bytes:
        """
        Join parts and call the result.

        @return: What it gives.
        """
        return join_parts(list(parts))(make_stream())

    def test_calls(self) -> None:
        """
        Any number of functions and literals are put in order, percent signs among them.
        """
        for number in range(5):
            parts: list[Part] = []
            for index in range(number):
                parts += [b"%d<", _say(b"%d" % index)]
            expected = b"".join(b"%%d<%d" % index for index in range(number))
            self.assertEqual(self.joined(*parts), expected)

    def test_inline(self) -> None:
        """
        Source of a variable stands among calls and literals, whatever bytes those hold.
        """
        part = inline(_say(b"?"), "{stream.retries}")  # type: ignore[type-var]
        odd = bytes(range(256))
        self.assertEqual(self.joined(odd, part, _say(b"\xff\n"), odd), odd + b"0\xff\n" + odd)

    def test_two_things_of_one_name(self) -> None:
        """
        Source whose names mean something else already is not used; the function is called.
        """
        first = inline(_say(b"1"), "{word()}", word=lambda: "one")  # type: ignore[type-var]
        second = inline(_say(b"2"), "{word()}", word=lambda: "two")  # type: ignore[type-var]
        self.assertEqual(self.joined(first, b"-", second), b"one-2")

    def test_twice(self) -> None:
        """
        A variable may stand twice in a format.
        """
        stream = make_stream()
        stream.request_captures = (b"x",)
        self.assertEqual(log("%hr|%hr|%r|%r|%s|%s", stream).count("{x}"), 2)

    def test_constant(self) -> None:
        """
        Literals alone make a constant.
        """
        self.assertEqual(vars(join_parts([b"a", b"b"]))["constant"], b"ab")
        self.assertEqual(constant(b"x")(make_stream()), b"x")
