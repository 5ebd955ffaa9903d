"""
Tests for mwproxy/config/error_answers.py.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.error_answers import normalize, parse_status, redirect_answer
from mwproxy.core.diagnostics import ConfigError


class NormalizeTests(SynchronousTestCase):
    """
    Tests for the content of error files.
    """

    def test_as_the_proxy_writes(self) -> None:
        """
        Header names become lower case, lines end in CR LF, status line and body stay.
        """
        for data in (
            b"HTTP/1.0 503 Oh No\r\nFoo:  Bar \r\nContent-Length: 2\r\n\r\nA\n",
            b"HTTP/1.0 503 Oh No\nFoo: Bar\nContent-Length:2\n\nA\n",
        ):
            self.assertEqual(
                normalize(data, "f"),
                b"HTTP/1.0 503 Oh No\r\nfoo: Bar\r\ncontent-length: 2\r\n\r\nA\n",
            )

    def test_twice_is_once(self) -> None:
        """
        What was written is read again as it is.
        """
        once = normalize(b"HTTP/1.1 404 X\nA: b\n\nbody", "f")
        self.assertEqual(normalize(once, "f"), once)

    def test_nothing(self) -> None:
        """
        An empty file is an answer of no bytes.
        """
        self.assertEqual(normalize(b"", "f"), b"")

    def test_no_answer(self) -> None:
        """
        What could not be sent is refused in HAProxy's words.
        """
        headers = "unable to parse headers (error offset: "
        for data, expected in (
            (b"hello", f"{headers}0)"),
            (b"HTTP/1.1 404 X\r\nfoo: b\r\n", f"{headers}-2)"),
            (b"HTTP/2 404 X\r\n\r\n", f"{headers}0)"),
            (b"HTTP/1.1 404 X\r\nfoo bar\r\n\r\n", f"{headers}16)"),
            (b"HTTP/1.1 404 X\r\nfoo: a\rb\r\n\r\n", f"{headers}16)"),
            (
                b"HTTP/1.1 404 X\r\nContent-Length: 3\r\n\r\nhello",
                "payload size does not match the announced content-length (5 != 3)",
            ),
            (
                b"HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "chunk-encoded payload not supported",
            ),
        ):
            error = self.assertRaises(ConfigError, normalize, data, "f")
            self.assertEqual(str(error), f"errorfile : 'f': {expected}")

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b":", b" ", b"a", b"\0"])))
    def test_lines_end_in_one_way(self, parts: list[bytes]) -> None:
        """
        Whatever stands in the file, the head has no bare CR, LF or NUL.
        """
        try:
            answer = normalize(b"HTTP/1.1 503 X\r\n" + b"".join(parts), "f")
        except ConfigError:
            return
        head, _, _ = answer.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            self.assertFalse(set(b"\r\n\0") & set(line), line)


class OtherTests(SynchronousTestCase):
    """
    Tests for statuses and redirects.
    """

    def test_statuses(self) -> None:
        """
        Only statuses that the proxy answers with may be replaced.
        """
        self.assertEqual(parse_status("errorfile", "503"), 503)
        for text in ("99", "200x", "", "505", "٢٠٠"):
            error = self.assertRaises(ConfigError, parse_status, "errorloc", text)
            self.assertEqual(str(error), f"errorloc : status code '{text}' not handled.")

    def test_redirect(self) -> None:
        """
        The location is the URL as written, which cannot end the line.
        """
        self.assertEqual(
            redirect_answer(303, "/sorry"),
            b"HTTP/1.1 303 See Other\r\ncache-control: no-cache\r\ncontent-length: 0\r\n"
            b"location: /sorry\r\n\r\n",
        )
        self.assertRaises(ConfigError, redirect_answer, 302, "/a\r\nb")
