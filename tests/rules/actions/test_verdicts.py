"""
Tests of C{mwproxy/rules/actions/verdicts.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.ruleset import ALLOW, Verdict
from tests.rules.streams import make_stream, rule

HEAD = b"GET /x?y HTTP/1.1\r\nhost: h.x\r\n\r\n"


class VerdictTests(SynchronousTestCase):
    """
    Tests of what ends a ruleset.
    """

    def redirect(self, text: str) -> str:
        """
        Redirect a request.

        @return: The answer, its length left out.
        """
        verdict = rule(["redirect", *text.split()])(make_stream(HEAD))
        assert isinstance(verdict, Verdict)
        assert verdict.answer is not None
        self.assertEqual(verdict.kind, "redirect")
        answer = verdict.answer(make_stream(HEAD)).decode()
        self.assertTrue(answer.endswith("\r\n\r\n"))
        self.assertEqual(int(answer[9:12]), verdict.status)
        return answer[9:-4].replace("\r\ncontent-length: 0", "").replace("\r\n", "|")

    def test_redirects(self) -> None:
        """
        Locations, lines and their order are HAProxy's.
        """
        for text, answer in (
            ("location /there?x=%[path] code 301 set-cookie a=b",
             "301 Moved Permanently|location: /there?x=/x|set-cookie: a=b; path=/;"),
            ("prefix http://p drop-query append-slash clear-cookie U=",
             "302 Found|location: http://p/x/|cache-control: no-cache|"
             "set-cookie: U=; path=/; Max-Age=0;"),
            ("scheme https", "302 Found|location: https://h.x/x?y|cache-control: no-cache"),
            ("prefix /", "302 Found|location: /x?y|cache-control: no-cache"),
            ("location / code 303", "303 See Other|location: /|cache-control: no-cache"),
            ("location / code 307", "307 Temporary Redirect|location: /|cache-control: no-cache"),
            ("location / code 308", "308 Permanent Redirect|location: /"),
        ):  # fmt: skip
            self.assertEqual(self.redirect(text), answer)

    def test_ignore_empty(self) -> None:
        """
        An empty location may mean no redirection.
        """
        words = ["redirect", "location", "%[var(txn.none)]", "ignore-empty"]
        self.assertIsNone(rule(words)(make_stream()))
        self.assertIsNotNone(rule(words[:3])(make_stream()))

    def test_line_ends(self) -> None:
        """
        A location cannot forge a line.
        """
        stream = make_stream()
        stream.variables = {"txn.a": b"/\r\nx: y"}
        verdict = rule(["redirect", "location", "%[var(txn.a)]"])(stream)
        assert isinstance(verdict, Verdict)
        assert verdict.answer is not None
        self.assertIn(b"location: /%0D%0Ax: y\r\n", verdict.answer(stream))

    def test_plain_verdicts(self) -> None:
        """
        Requests are denied with 403, responses with 502.
        """
        stream = make_stream(answer=b"HTTP/1.1 200 OK\r\n\r\n")
        self.assertEqual(rule(["deny"])(stream), Verdict("deny", 403))
        self.assertEqual(rule(["deny"], "http-response")(stream), Verdict("deny", 502))
        self.assertIs(rule(["allow"])(stream), ALLOW)

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for text, ruleset, message in (
            ("redirect", "http-request", "redirection type expected ('prefix', 'location', or 'scheme')."),
            ("redirect location", "http-request", "missing argument for 'location'."),
            ("redirect location / code 304", "http-request", "'code': unsupported HTTP code '304' (must be one of 301, 302, 303, 307 or 308)."),
            ("redirect location / foo", "http-request", "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', 'ignore-empty' or 'append-slash' (was 'foo')."),
            ("redirect prefix /", "http-response", "response only supports redirect type 'location'."),
        ):  # fmt: skip
            error = str(self.assertRaises(ConfigError, rule, text.split(), ruleset))
            self.assertEqual(error.partition(" rule : ")[2], message)
