"""
Tests of C{mwproxy/rules/log_aliases/http.py}.
"""

from __future__ import annotations

from tests.rules.log_aliases.streams import VariableCase
from tests.rules.streams import log, make_stream


class HttpTests(VariableCase):
    """
    Tests of log variables.
    """

    def test_served(self) -> None:
        """
        Each variable shows its part of a stream that was served.
        """
        for text, expected in (
            ("%r", "GET /a?b=c#22d HTTP/1.1"),
            ("%{+Q}r", '"GET /a?b=c#22d HTTP/1.1"'),
            ("%HM", "GET"),
            ("%HU", "/a?b=c#22d"),
            ("%HP", "/a"),
            ("%HPO", "/a"),
            ("%HQ", "?b=c#22d"),
            ("%HV", "HTTP/1.1"),
            ("%hr", "{ex#7Ca#22m|}"),
            ("%hrl", "ex#7Ca#22m -"),
            ("%hs", "{hey}"),
            ("%{+Q}hsl", '"hey"'),
            ("%CC", "-"),
            ("%{+Q}CS", '""'),
            ("%{+Q,+E}r", '"GET /a?b=c#22d HTTP/1.1"'),
        ):
            self.assertEqual(self.both(text), expected, text)

    def test_bare(self) -> None:
        """
        Each variable has a form for what there is not.
        """
        for text, expected in (
            ("%r", "<BADREQ>"),
            ("%HM", "<BADREQ>"),
            ("%HQ", "<BADREQ>"),
            ("%hr", ""),
            ("%hrl", ""),
            ("%hs", ""),
            ("%hsl", ""),
        ):
            self.assertEqual(self.both(text, True), expected, text)

    def test_no_query(self) -> None:
        """
        A request without query shows nothing, in quotes if those are asked for.
        """
        stream = make_stream(b"GET /a HTTP/1.1\r\nhost: h\r\n\r\n")
        self.assertEqual(log("%HQ|%{+Q}HQ", stream), '|""')
