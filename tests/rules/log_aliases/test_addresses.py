"""
Tests of C{mwproxy/rules/log_aliases/addresses.py}.
"""

from __future__ import annotations

from tests.rules.log_aliases.streams import VariableCase, served
from tests.rules.streams import log, make_stream


class AddressTests(VariableCase):
    """
    Tests of log variables.
    """

    def test_served(self) -> None:
        """
        Each variable shows its part of a stream that was served.
        """
        for text, expected in (
            ("%ci", "127.0.0.1"),
            ("%cp", "5000"),
            ("%fi", "127.0.0.1"),
            ("%fp", "8080"),
            ("%bi", "10.0.0.9"),
            ("%bp", "4000"),
            ("%si", "10.0.0.1"),
            ("%sp", "80"),
            ("%{+Q}ci", '"127.0.0.1"'),
            ("%{+X}ci", "7F000001"),
            ("%{+X}sp", "0050"),
        ):
            self.assertEqual(self.both(text), expected, text)

    def test_bare(self) -> None:
        """
        Each variable has a form for what there is not.
        """
        for text, expected in (
            ("%bi", "-"),
            ("%bp", "-"),
            ("%si", "-"),
            ("%sp", "-"),
            ("%{+Q}si", '""'),
        ):
            self.assertEqual(self.both(text, True), expected, text)

    def test_unix_client(self) -> None:
        """
        A client on a UNIX socket is named so, its port is the listener.
        """
        stream = make_stream()
        stream.session.client_host = stream.session.own_host = ""
        self.assertEqual(log("%ci:%cp %fi:%fp", stream), "unix:1 unix:1")

    def test_other_addresses(self) -> None:
        """
        Servers may be on UNIX sockets, or on the port that the client came to.
        """
        stream = served()
        assert stream.server is not None
        stream.server.port_follows = True
        self.assertEqual(log("%sp", stream), "8080")
        stream.server.port_offset = True
        self.assertEqual(log("%sp", stream), "8160")
        stream.server.sockaddr = "/tmp/socket"
        self.assertEqual(log("%si", stream), "unix")
        stream.session.client_host = "2001:db8::1"
        self.assertEqual(log("%{+X}ci", stream), "2001:db8::1")
