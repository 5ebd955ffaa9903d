"""
Tests of C{mwproxy/rules/aliases.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.rules.aliases import http_only, inline, name, number, plain, text
from mwproxy.rules.log_format import Options
from tests.rules.streams import make_stream


class AliasTests(SynchronousTestCase):
    """
    Tests of the styles of log variables.
    """

    def test_text(self) -> None:
        """
        An empty string is a dash in logs, empty elsewhere, and quotes stay.
        """
        stream = make_stream()
        for options, empty, full in (
            (Options(), b"-", b"x"),
            (Options(mandatory=False), b"", b"x"),
            (Options(quote=True), b'""', b'"x"'),
        ):
            self.assertEqual(text(lambda stream: b"", options)(stream), empty)
            self.assertEqual(text(lambda stream: b"x", options)(stream), full)
            self.assertEqual(name(lambda stream: b"x", options)(stream), full)

    def test_number(self) -> None:
        """
        Only numbers with a hexadecimal form heed the flag.
        """
        stream = make_stream()
        flag = Options(hexadecimal=True)
        self.assertEqual(number(lambda stream: 10, flag, 4)(stream), b"000A")
        self.assertEqual(number(lambda stream: 10, flag)(stream), b"10")
        self.assertEqual(number(lambda stream: 10, Options(), 4)(stream), b"10")

    def test_marks(self) -> None:
        """
        Marks are attributes of the function.
        """
        made = http_only(inline(lambda stream: b"", "x"))
        self.assertEqual(vars(made), {"inline": ("x", {}), "http_only": True})
        self.assertTrue(plain(Options()))
        self.assertFalse(plain(Options(escape=True)))
