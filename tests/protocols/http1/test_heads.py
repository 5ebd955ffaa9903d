"""
Tests for L{mwproxy.protocols.http1.heads}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.http1 import heads
from mwproxy.protocols.http1.heads import (
    parse_request,
    parse_response,
    reject_partial,
    skip_empty_lines,
)
from mwproxy.protocols.http1.messages import BadMessage
from tests.protocols.http1.cases_text import describe_request, describe_response, read_cases

TOKENS = st.text("!#$%&'*+-.^_`|~09azAZ", min_size=1, max_size=12).map(str.encode)
NAMES = TOKENS.map(lambda name: b"x-" + name)
TARGETS = st.text("/?=&%;.-_~azAZ09|{}\"'", max_size=20).map(lambda text: b"/" + text.encode())
VALUES = st.binary(max_size=20).map(
    lambda value: bytes(
        [byte for byte in value if (byte >= 32 and byte != 127) or byte == 9]
    ).strip(b" \t")
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=8)
PIECES = st.sampled_from(
    [
        b"GET", b"POST", b" ", b"/", b"*", b"http://", b"a", b":", b"80", b"HTTP/1.1", b"HTTP/1.0",
        b"\r\n", b"\n", b"\r", b"\t", b"\0", b",", b"200", b"Host: a", b"Content-Length: 5",
        b"Transfer-Encoding: chunked", b"Connection: ", b"upgrade", b"\xff", b"#", b"@", b"[",
    ]
)  # fmt: skip
GARBAGE = st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=20).map(b"".join))
quick = settings(derandomize=True, max_examples=150, deadline=None, database=None)


def partial_outcome(data: bytes, *, request: bool) -> BadMessage | None:
    """
    Feed a head byte by byte, as a slow peer sends it.

    @return: The first refusal, L{None} when there is none before the head is complete.
    """
    resume = -1
    for end in range(1, len(data)):
        piece = data[:end]
        if b"\r\n\r\n" in piece:
            return None
        try:
            resume = reject_partial(piece, request=request, resume=resume)
        except BadMessage as error:
            return error
    return None


class CaseTests(SynchronousTestCase):
    """
    Tests of whole heads, from files.
    """

    def test_requests(self) -> None:
        """
        Each request is understood or refused as its file says, the first time and when its
        lines are remembered.
        """
        for name, data, expected in read_cases("requests"):
            self.assertEqual((name, describe_request(data)), (name, expected))
            self.assertEqual((name, describe_request(data)), (name, expected))

    def test_responses(self) -> None:
        """
        Each response is understood or refused as its file says, the first time and when its
        lines are remembered.
        """
        for name, data, expected in read_cases("responses"):
            self.assertEqual((name, describe_response(data)), (name, expected))
            self.assertEqual((name, describe_response(data)), (name, expected))

    def test_elsewhere_in_the_data(self) -> None:
        """
        Where in the data a message stands does not matter, nor what surrounds it.
        """
        for name, data, expected in read_cases("requests"):
            padded = b"GET / " + data + b"X: y\r\n\r\n"
            try:
                request = parse_request(padded, 6 + len(data), 6)
            except BadMessage as error:
                self.assertEqual((name, str(error.status)), (name, expected[:3]))
            else:
                self.assertEqual((name, "ok"), (name, expected[:2]))
                self.assertEqual(request.size, len(data))

    def test_slow_requests(self) -> None:
        """
        A good request is never refused early, whatever part of it has come; what is refused
        early is refused as a whole too, with the same status.
        """
        for name, data, expected in read_cases("requests"):
            error = partial_outcome(data, request=True)
            if error is not None:
                self.assertEqual((name, str(error.status)), (name, expected[:3]))

    def test_slow_responses(self) -> None:
        """
        A good response is never refused early; what is refused early is refused as a
        whole too.
        """
        for name, data, expected in read_cases("responses"):
            error = partial_outcome(data, request=False)
            if error is not None:
                self.assertEqual((name, str(error.status)), (name, expected[:3]))


class PartialTests(SynchronousTestCase):
    """
    Tests for refusing early.
    """

    def assert_refused(self, data: bytes, reason: str, position: int) -> None:
        """
        The beginning of a request is refused.
        """
        error = self.assertRaises(BadMessage, reject_partial, data, request=True)
        self.assertEqual((error.status, str(error), error.position), (400, reason, position))

    def test_tls_hello(self) -> None:
        """
        The first byte of a TLS connection is no method.
        """
        self.assert_refused(b"\x16\x03\x01", "bad character 0x16 in method", 0)

    def test_start_line_ended_by_line_feed(self) -> None:
        """
        A request line that ends in a bare line feed is refused when it has come.
        """
        self.assert_refused(b"GET / HTTP/1.1\n", "bad HTTP version", 5)

    def test_header_line(self) -> None:
        """
        A header line is judged as far as it has come.
        """
        start = b"GET / HTTP/1.1\r\n"
        self.assert_refused(start + b" ", "header line continues on the next one", 16)
        self.assert_refused(start + b"X ", "blank before the colon of a header", 17)
        self.assert_refused(start + b"X: \0", "NUL in header value", 19)
        self.assert_refused(start + b"X: y\n", "bare LF in header value", 20)
        self.assert_refused(start + b"X: y\rz", "bare CR in header value", 20)

    def test_position_counts_from_the_message(self) -> None:
        """
        Positions count from where the message begins.
        """
        data = b"12345GET / HTTP/1.1\r\nX y"
        error = self.assertRaises(BadMessage, reject_partial, data, 5, request=True)
        self.assertEqual(error.position, 17)

    def test_too_many_lines(self) -> None:
        """
        More header lines than allowed are refused before the head ends.
        """
        data = b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3
        self.assertEqual(reject_partial(data, request=True, maxhdr=3), len(data))
        error = self.assertRaises(
            BadMessage, reject_partial, data + b"X: y\r\n", request=True, maxhdr=3
        )
        self.assertEqual(str(error), "too many header lines")

    def test_response_to_another_protocol(self) -> None:
        """
        A server that does not speak HTTP is found out at its first bytes.
        """
        error = self.assertRaises(BadMessage, reject_partial, b"220 m", request=False)
        self.assertEqual((error.status, str(error)), (502, "bad status line"))


class EmptyLineTests(SynchronousTestCase):
    """
    Tests for the empty lines before a request.
    """

    def test_skipped(self) -> None:
        """
        Whole empty lines are skipped, half ones are not.
        """
        self.assertEqual(skip_empty_lines(b"GET"), 0)
        self.assertEqual(skip_empty_lines(b"\r\n\r\nGET"), 4)
        self.assertEqual(skip_empty_lines(b"\r\n\r"), 2)
        self.assertEqual(skip_empty_lines(b"x\r\ny", 1), 3)

    def test_half_an_empty_line_may_wait(self) -> None:
        """
        A lone CR is not refused, since the line feed may follow; a line feed alone is.
        """
        self.assertEqual(reject_partial(b"\r", request=True), 0)
        self.assertRaises(BadMessage, reject_partial, b"\n", request=True)
        self.assertRaises(BadMessage, reject_partial, b"\rG", request=True)


class MemoryTests(SynchronousTestCase):
    """
    Tests for what is remembered.
    """

    def test_blocks_are_shared(self) -> None:
        """
        The same header lines give the same block, also under another request line.
        """
        lines = b"Host: shared.example\r\nX: y\r\n\r\n"
        one = b"GET /1 HTTP/1.1\r\n" + lines
        two = b"POST /22 HTTP/1.1\r\n" + lines
        self.assertIs(
            parse_request(one, len(one)).block,
            parse_request(two, len(two)).block,
        )

    def test_memory_is_bounded(self) -> None:
        """
        However many different messages come, only some are remembered.
        """
        for number in range(heads.REMEMBERED * 2):
            data = b"GET /%d HTTP/1.1\r\nHost: h%d\r\n\r\n" % (number, number)
            self.assertEqual(parse_request(data, len(data)).target, b"/%d" % number)
        self.assertLessEqual(len(heads._request_lines), heads.REMEMBERED)
        self.assertLessEqual(len(heads._request_blocks), heads.REMEMBERED)

    def test_long_heads_are_not_remembered(self) -> None:
        """
        What is longer than the bound is parsed and forgotten.
        """
        data = b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (b"y" * heads.REMEMBERED_BYTES)
        one = parse_request(data, len(data))
        self.assertIsNot(one.block, parse_request(data, len(data)).block)

    def test_limit_of_lines_holds_for_remembered_ones(self) -> None:
        """
        A block that was accepted is refused under a smaller limit.
        """
        data = b"GET / HTTP/1.1\r\nHost: limit\r\nX: y\r\n\r\n"
        parse_request(data, len(data))
        self.assertRaises(BadMessage, parse_request, data, len(data), 0, 1)
        answer = b"HTTP/1.1 200 OK\r\nX: limit\r\nX: y\r\n\r\n"
        parse_response(answer, len(answer))
        self.assertRaises(BadMessage, parse_response, answer, len(answer), 0, 1)

    def test_edits_do_not_reach_the_memory(self) -> None:
        """
        A request that rules changed leaves the shared block as it was.
        """
        data = b"GET / HTTP/1.1\r\nHost: edit\r\n\r\n"
        first = parse_request(data, len(data))
        first.own().append((b"x", b"y"))
        self.assertEqual(first.wire_fields(), b"host: edit\r\nx: y\r\n")
        self.assertEqual(parse_request(data, len(data)).wire_fields(), b"host: edit\r\n")


class GeneratedTests(SynchronousTestCase):
    """
    Tests with generated input.
    """

    @quick
    @given(TOKENS.filter(lambda method: method != b"CONNECT"), TARGETS, FIELDS)
    def test_requests_round_trip(
        self, method: bytes, target: bytes, fields: list[tuple[bytes, bytes]]
    ) -> None:
        """
        What is written is read again, names in lower case.
        """
        lines = b"".join([b"%b:%b\r\n" % field for field in [(b"Host", b"a"), *fields]])
        data = b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, lines)
        request = parse_request(data, len(data))
        self.assertEqual((request.method, request.target), (method, target))
        expected = [(b"host", b"a")] + [(name.lower(), value) for name, value in fields]
        self.assertEqual(list(request.block.fields), expected)
        again = b"GET / HTTP/1.1\r\n%b\r\n" % request.wire_fields()
        self.assertEqual(parse_request(again, len(again)).block.fields, request.block.fields)

    @quick
    @given(st.integers(100, 999), VALUES, FIELDS)
    def test_responses_round_trip(
        self, status: int, reason: bytes, fields: list[tuple[bytes, bytes]]
    ) -> None:
        """
        What is written is read again, names in lower case.
        """
        lines = b"".join([b"%b: %b \r\n" % field for field in fields])
        data = b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, reason, lines)
        response = parse_response(data, len(data))
        self.assertEqual((response.status, response.reason), (status, reason))
        expected = [(name.lower(), value) for name, value in fields]
        self.assertEqual(list(response.block.fields), expected)

    @quick
    @given(GARBAGE)
    def test_garbage(self, garbage: bytes) -> None:
        """
        Nothing but L{BadMessage} comes of any bytes, and a head that is refused early would be
        refused as a whole.
        """
        head = garbage.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        for request in (True, False):
            parse = parse_request if request else parse_response
            try:
                parse(head, len(head))
            except BadMessage as error:
                self.assertIn(error.status, (400, 422, 505) if request else (502,))
            else:
                self.assertIsNone(partial_outcome(head, request=request))
            start = skip_empty_lines(garbage)
            if b"\r\n\r\n" not in garbage[start:]:
                try:
                    reject_partial(garbage, start, request=request)
                except BadMessage as error:
                    self.assertLess(error.position, len(garbage) - start + 1)
