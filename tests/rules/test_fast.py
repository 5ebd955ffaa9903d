"""
Tests of C{mwproxy/rules/fast.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.rules.streams import make_stream, matches


class FastTests(SynchronousTestCase):
    """
    Tests of the shortcuts: they decide as the ordinary way does.
    """

    def test_absolute_target(self) -> None:
        """
        The path of an absolute target is what counts.
        """
        stream = make_stream(b"GET http://h.x/api?y HTTP/1.1\r\nhost: h.x\r\n\r\n")
        self.assertTrue(matches(["path_beg", "/api"], stream))
        self.assertFalse(matches(["path_beg", "http:"], stream))
        self.assertTrue(matches(["path", "/api"], stream))

    def test_query_is_no_path(self) -> None:
        """
        What a query holds is not looked at.
        """
        stream = make_stream(b"GET /a?/b HTTP/1.1\r\nhost: h\r\n\r\n")
        self.assertTrue(matches(["path", "/a"], stream))
        self.assertFalse(matches(["path", "/a?/b"], stream))
        self.assertFalse(matches(["path_beg", "/a?"], stream))

    def test_no_request(self) -> None:
        """
        Without a request only the client's address matches.
        """
        stream = make_stream(None)
        for words in (["path", "/"], ["path_beg", "/"], ["method", "GET"], ["hdr(host)", "h"]):
            self.assertFalse(matches(words, stream))
        self.assertTrue(matches(["src", "127.0.0.1"], stream))

    def test_no_client_address(self) -> None:
        """
        A client on a UNIX socket has no address.
        """
        stream = make_stream()
        stream.session.client_host = ""
        self.assertFalse(matches(["src", "0.0.0.0/0"], stream))

    def test_no_host(self) -> None:
        """
        A request without C{Host} matches no host.
        """
        stream = make_stream(b"GET / HTTP/1.0\r\n\r\n")
        self.assertFalse(matches(["hdr(host)", ""], stream))
