"""
Tests of C{mwproxy/rules/actions/uri.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.rules.streams import log, make_stream, rule


class UriActionTests(SynchronousTestCase):
    """
    Tests of actions on the request line.
    """

    def target(self, target: bytes, *words: str) -> bytes:
        """
        Run an action.

        @return: The new target.
        """
        stream = make_stream(b"GET " + target + b" HTTP/1.1\r\nhost: h\r\n\r\n")
        rule(list(words))(stream)
        assert stream.request is not None
        return stream.request.target

    def test_targets(self) -> None:
        """
        Each action replaces its part and keeps the rest.
        """
        for before, words, after in (
            (b"/a?b", ["set-path", "/x%[path]"], b"/x/a?b"),
            (b"http://h/a?b", ["set-path", "/x"], b"http://h/x?b"),
            (b"/a?b", ["set-path", "/x?y"], b"/x%3Fy?b"),
            (b"/a?b", ["set-pathq", "/x?y"], b"/x?y"),
            (b"/a?b", ["set-pathq", "/x"], b"/x"),
            (b"/a?b", ["set-query", "x=1"], b"/a?x=1"),
            (b"/a?b", ["set-query", "%[query,regsub(b,c,g)]"], b"/a?c"),
            (b"/a", ["set-query", "x"], b"/a?x"),
            (b"/a", ["set-query", "%[var(txn.none)]"], b"/a"),
            (b"/a?b", ["set-query", "%[var(txn.none)]"], b"/a?"),
            (b"/a?b", ["set-uri", "http://x/y"], b"http://x/y"),
            (b"/a?b", ["set-uri", "/one two"], b"/one%20two"),
            (b"/bar?q=1", ["replace-path", "(.*)", r"/foo\1"], b"/foo/bar?q=1"),
            (b"/foo/bar?q=1", ["replace-path", "/foo/(.*)", r"/\1"], b"/bar?q=1"),
            (b"/bar", ["replace-path", "/foo/(.*)", r"/\1"], b"/bar"),
            (b"/bar?q=1", ["replace-pathq", r"([^?]*)(\?(.*))?", r"\1/foo\2"], b"/bar/foo?q=1"),
            (b"/a?b", ["replace-uri", "([^/:]*://[^/]*)?(.*)", r"\1/foo\2"], b"/foo/a?b"),
        ):
            self.assertEqual(self.target(before, *words), after, words)

    def test_method(self) -> None:
        """
        A method must be one.
        """
        stream = make_stream()
        assert stream.request is not None
        rule(["set-method", "a b"])(stream)
        self.assertEqual(stream.request.method, b"GET")
        rule(["set-method", "PUT"])(stream)
        self.assertEqual(stream.request.method, b"PUT")

    def test_logged_as_it_came(self) -> None:
        """
        Logs show what the client asked for.
        """
        stream = make_stream()
        rule(["set-path", "/other"])(stream)
        rule(["set-method", "PUT"])(stream)
        self.assertEqual(log("%r %HM %HP", stream), "GET /path?x=1 HTTP/1.1 GET /path")
        self.assertEqual(log("%[capture.req.uri]", stream), "/path?x=1")
