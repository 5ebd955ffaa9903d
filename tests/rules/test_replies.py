"""
Tests of C{mwproxy/rules/replies.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.rules.ruleset import Verdict
from tests.rules.streams import RULES, WHERE, make_stream, proxy, rule


class ReplyTests(SynchronousTestCase):
    """
    Tests of the answers of C{deny} and C{return}.
    """

    def verdict(self, *words: str) -> Verdict:
        """
        Run an action.

        @return: Its verdict.
        """
        found = rule(list(words))(make_stream())
        assert isinstance(found, Verdict)
        return found

    def answer(self, *words: str) -> bytes:
        """
        Run an action.

        @return: Its answer.
        """
        found = self.verdict(*words)
        assert found.answer is not None
        return found.answer(make_stream())

    def test_payload(self) -> None:
        """
        A payload goes out with its length and type, behind headers of its own.
        """
        self.assertEqual(
            self.answer(
                *[
                    "return",
                    "status",
                    "200",
                    "content-type",
                    "text/plain",
                    "string",
                    "hello",
                    "hdr",
                    "X-A",
                    "b",
                ]
            ),
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\ncontent-type: text/plain\r\n\r\nhello",
        )
        self.assertEqual(
            self.answer("return", "content-type", "a/b", "lf-string", "t %[path] %ci"),
            b"HTTP/1.1 200 OK\r\ncontent-length: 17\r\ncontent-type: a/b\r\n\r\nt /path 127.0.0.1",
        )

    def test_nothing(self) -> None:
        """
        Without payload the answer is empty.
        """
        self.assertEqual(self.answer("return"), b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        self.assertEqual(self.answer("return", "status", "204"), b"HTTP/1.1 204 No Content\r\n\r\n")
        self.assertEqual(
            self.answer("deny", "status", "418"),
            b"HTTP/1.1 418 I'm a teapot\r\ncontent-length: 0\r\n\r\n",
        )
        self.assertEqual(
            self.answer("deny", "hdr", "x", "y"),
            b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nx: y\r\n\r\n",
        )

    def test_error_answers(self) -> None:
        """
        The proxy's error answers are left to it.
        """
        for words, kind, status in (
            (["deny"], "deny", 403),
            (["deny", "deny_status", "429"], "deny", 429),
            (["return", "default-errorfiles", "status", "404"], "return", 404),
        ):
            self.assertEqual(self.verdict(*words), Verdict(kind, status))

    def test_files(self) -> None:
        """
        Files give a payload, raw or as format, or a whole answer.
        """
        with tempfile.TemporaryDirectory() as directory:
            body, form, whole = (Path(directory) / name for name in "abc")
            body.write_bytes(b"%f\0")
            form.write_bytes(b"%f!")
            whole.write_bytes(b"HTTP/1.0 200 OK\nx: y\n\nbody\n\n")
            kind = ["content-type", "a/b"]
            self.assertTrue(self.answer("return", *kind, "file", str(body)).endswith(b"\r\n%f\0"))
            self.assertTrue(self.answer("return", *kind, "lf-file", str(form)).endswith(b"\nf!"))
            self.assertEqual(
                self.answer("return", "errorfile", str(whole)),
                b"HTTP/1.0 200 OK\r\nx: y\r\n\r\nbody\n\n",
            )
            self.assertRaises(ConfigError, rule, ["return", "errorfile", str(body)])

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for text, message in (
            ("return string x", "a content type must be defined when non-empty payload is configured."),
            ("return content-type", "'content-type' expects <ctype> as argument."),
            ("return content-type a/b file /nonexist", "error opening file '/nonexist'."),
            ("return errorfile /nonexist", "error opening file '/nonexist'."),
            ("return status 700", "Unexpected status code '700'."),
            ("deny deny_status abc", "Unexpected status code '0'."),
            ("deny deny_status", "'status' expects <status_code> as argument."),
            ("deny deny_status 418", "status code '418' not handled by default with 'default-errorfiles' argument."),
            ("deny hdr a", "'hdr' expects <name> and <value> as arguments."),
            ("return string a string b", "unexpected 'string' argument, 'string' already defined."),
            ("return errorfiles x", "'errorfiles' is not supported by mwproxy."),
        ):  # fmt: skip
            error = str(self.assertRaises(ConfigError, rule, text.split()))
            self.assertEqual(error.partition(" rule : ")[2], message)

    def test_type_without_payload(self) -> None:
        """
        A content type without payload is warned of.
        """
        for text in ("return content-type a/b", "deny content-type a/b"):
            diagnostics = Diagnostics()
            RULES.rule("http-request", text.split(), proxy(), WHERE, diagnostics)
            self.assertEqual(
                diagnostics.messages[0].text,
                "config : parsing [test.cfg:7] : content-type 'a/b' ignored by the http reply "
                "because neither errorfile nor payload defined.",
            )
