"""
Tests for L{mwproxy.protocols.http1.answers}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.http1.answers import ERROR_STATUSES, build_answer, error_answer, reason
from mwproxy.protocols.http1.framing import response_length
from mwproxy.protocols.http1.heads import parse_response


class ErrorAnswerTests(SynchronousTestCase):
    """
    Tests for default answers.
    """

    def test_whole(self) -> None:
        """
        Lines, order and letter case are those of HAProxy's answers.
        """
        self.assertEqual(
            error_answer(503, close=True),
            b"HTTP/1.1 503 Service Unavailable\r\n"
            b"content-length: 101\r\n"
            b"cache-control: no-cache\r\n"
            b"content-type: text/html\r\n"
            b"connection: close\r\n"
            b"\r\n"
            b"<html><body><h1>503 Service Unavailable</h1>\n"
            b"No server is available for this request.\n"
            b"</body></html>\n",
        )

    def test_each_is_valid(self) -> None:
        """
        Each default answer is a valid response of the length that it claims.
        """
        for status in ERROR_STATUSES:
            for close in (False, True):
                answer = error_answer(status, close=close)
                end = answer.find(b"\r\n\r\n") + 4
                response = parse_response(answer, end)
                self.assertEqual(response.status, status)
                self.assertEqual(response.reason, reason(status).encode())
                self.assertEqual(response.block.close, close)
                self.assertEqual(response_length(response, b"GET"), len(answer) - end)
                self.assertEqual(error_answer(status, close=close, head=True), answer[:end])

    def test_unknown_status(self) -> None:
        """
        A status without a text of its own has a short answer.
        """
        answer = error_answer(499, close=False)
        self.assertIn(b"HTTP/1.1 499 Bad request\r\n", answer)
        self.assertNotIn(b"connection", answer)

    def test_reasons(self) -> None:
        """
        Unknown statuses have the phrase of their class, those of no class another one.
        """
        self.assertEqual(reason(404), "Not Found")
        self.assertEqual(reason(299), "OK")
        self.assertEqual(reason(799), "Other")


class BuildAnswerTests(SynchronousTestCase):
    """
    Tests for answers that rules give.
    """

    def test_headers(self) -> None:
        """
        Given lines stand between the length and what concerns the connection.
        """
        self.assertEqual(
            build_answer(302, [(b"location", b"/x")], close=True),
            b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: /x\r\nconnection: close\r\n\r\n",
        )

    def test_phrase(self) -> None:
        """
        The reason phrase can be given.
        """
        self.assertEqual(
            build_answer(200, [], b"x", phrase="Fine"),
            b"HTTP/1.1 200 Fine\r\ncontent-length: 1\r\n\r\nx",
        )

    def test_no_length_without_body(self) -> None:
        """
        Statuses without a body have no length.
        """
        self.assertEqual(build_answer(204, []), b"HTTP/1.1 204 No Content\r\n\r\n")
        self.assertEqual(build_answer(100, []), b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_head(self) -> None:
        """
        An answer to HEAD tells the length of the body that it leaves out.
        """
        self.assertEqual(
            build_answer(200, [], b"abc", head=True),
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n",
        )
