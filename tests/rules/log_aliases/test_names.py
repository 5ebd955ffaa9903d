"""
Tests of C{mwproxy/rules/log_aliases/names.py}.
"""

from __future__ import annotations

import os
import socket

from tests.rules.log_aliases.streams import VariableCase
from tests.rules.streams import log, make_stream


class NameTests(VariableCase):
    """
    Tests of log variables.
    """

    def test_served(self) -> None:
        """
        Each variable shows its part of a stream that was served.
        """
        for text, expected in (
            ("%f", "f"),
            ("%ft", "f"),
            ("%b", "b"),
            ("%s", "s"),
            ("%{+Q}s", '"s"'),
            ("%ts", "SH"),
            ("%tsc", "SHNI"),
            ("%ID", "-"),
            ("%sslc", "-"),
            ("%sslv", "-"),
        ):
            self.assertEqual(self.both(text), expected, text)

    def test_bare(self) -> None:
        """
        Each variable has a form for what there is not.
        """
        for text, expected in (
            ("%b", "f"),
            ("%s", "<NOSRV>"),
            ("%ts", "--"),
            ("%tsc", "----"),
        ):
            self.assertEqual(self.both(text, True), expected, text)

    def test_service(self) -> None:
        """
        A service of the proxy stands for a server.
        """
        stream = make_stream()
        stream.service = "STATS"
        self.assertEqual(log("%s|%{+Q}s", stream), '<STATS>|"<STATS>"')

    def test_process(self) -> None:
        """
        Machine and process are known.
        """
        stream = make_stream()
        self.assertEqual(log("%H %pid", stream), f"{socket.gethostname()} {os.getpid()}")
