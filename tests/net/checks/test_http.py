"""
Tests for L{mwproxy.net.checks.http}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import HttpCheck
from mwproxy.net.checks.http import MAX_ANSWER, HttpDialog, build_request, check_http
from mwproxy.net.checks.result import Result
from tests.live.backends import make_backend

PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
CODED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
)
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\nhello"


def expect_hello(status: int, body: bytes) -> bool:
    """
    Want the whole of a body.
    """
    return status == 200 and body == b"hello"


def converse(check: HttpCheck, pieces: list[bytes]) -> Result | None:
    """
    Feed an answer in pieces, until there is a result.
    """
    dialog = HttpDialog(check)
    for piece in pieces:
        result = dialog.received(piece)
        if result is not None:
            return result
    return None


class RequestTests(SynchronousTestCase):
    """
    Tests for L{build_request}.
    """

    def test_default(self) -> None:
        """
        By default the options of C{/} are asked for.
        """
        self.assertEqual(build_request(HttpCheck()), b"OPTIONS / HTTP/1.0\r\n\r\n")

    def test_all(self) -> None:
        """
        Header names are sent in lower case, a body with its length; HTTP/1.1 with a wish to close.
        """
        check = HttpCheck("POST", "/x", "HTTP/1.1", (("Host", "foo"),), "a=1")
        self.assertEqual(
            build_request(check),
            b"POST /x HTTP/1.1\r\nhost: foo\r\ncontent-length: 3\r\nconnection: close\r\n\r\na=1",
        )

    def test_own_headers(self) -> None:
        """
        Headers that were configured are not sent twice.
        """
        headers = (("Connection", "keep-alive"), ("Content-Length", "1"))
        request = build_request(HttpCheck("GET", "/", "HTTP/1.1", headers, "x"))
        self.assertEqual(
            request, b"GET / HTTP/1.1\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx"
        )

    def test_of_the_backend(self) -> None:
        """
        The backend's C{option httpchk} is used.
        """
        backend = make_backend({}, http_check=HttpCheck("HEAD", "/up"))
        self.assertEqual(check_http(backend.servers[0]).request, b"HEAD /up HTTP/1.0\r\n\r\n")


class AnswerTests(SynchronousTestCase):
    """
    Tests for L{HttpDialog}.
    """

    def test_status(self) -> None:
        """
        2xx and 3xx are fine, everything else is not; the head is enough to know.
        """
        for status, name in ((200, "L7OK"), (302, "L7OK"), (404, "L7STS"), (503, "L7STS")):
            result = converse(HttpCheck(), [b"HTTP/1.1 %d Some Reason\r\n\r\n" % status])
            assert result is not None
            self.assertEqual((result.status, result.code), (name, status))
            self.assertEqual(result.info, "" if name == "L7OK" else "Some Reason")

    def test_every_cut(self) -> None:
        """
        Wherever an answer is cut, the result is the same.
        """
        for check in (HttpCheck(), HttpCheck(expect=expect_hello)):
            for answer in (PLAIN, CODED, UNTIL_CLOSE):
                self.assertEqual(
                    converse(check, [answer[at : at + 1] for at in range(len(answer))] + [b""]),
                    Result("L7OK", 200),
                )
                for at in range(1, len(answer)):
                    pieces = [answer[:at], answer[at:], b""]
                    self.assertEqual(converse(check, pieces), Result("L7OK", 200), pieces)

    def test_waits_for_the_body(self) -> None:
        """
        What C{http-check expect} sees is the whole body.
        """
        check = HttpCheck(expect=expect_hello)
        self.assertIsNone(converse(check, [PLAIN[:-1]]))
        self.assertIsNone(converse(check, [CODED[:-2]]))
        self.assertIsNone(converse(check, [UNTIL_CLOSE]))

    def test_unexpected(self) -> None:
        """
        A condition that is not met is a wrong status.
        """
        check = HttpCheck(expect=expect_hello)
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbye"
        self.assertEqual(converse(check, [answer]), Result("L7STS", 200, "OK"))

    def test_invalid(self) -> None:
        """
        What is no HTTP answer, or ends before its head, is invalid.
        """
        for answer in (b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\nbad header\r\n\r\n", b"", b"HTTP/1."):
            self.assertEqual(converse(HttpCheck(), [answer, b""]), Result("L7RSP"))

    def test_bad_chunk(self) -> None:
        """
        A body that breaks its coding is invalid.
        """
        answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"
        self.assertEqual(converse(HttpCheck(expect=expect_hello), [answer]), Result("L7RSP"))

    def test_bounded(self) -> None:
        """
        A head without end is invalid; of an endless body the beginning is judged.
        """
        head = b"HTTP/1.1 200 OK\r\nx: "
        self.assertEqual(converse(HttpCheck(), [head, b"x" * MAX_ANSWER]), Result("L7RSP"))
        check = HttpCheck(expect=lambda status, body: b"needle" in body)
        pieces = [b"HTTP/1.1 200 OK\r\n\r\nneedle", b"x" * MAX_ANSWER]
        self.assertEqual(converse(check, pieces), Result("L7OK", 200))
