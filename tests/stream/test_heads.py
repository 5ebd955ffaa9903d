"""
Tests for L{mwproxy.stream.heads}.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.http1.messages import Response
from mwproxy.stream import heads
from mwproxy.stream.heads import (
    forwarded_for,
    request_head,
    response_head,
    server_keeps,
    status_line,
)
from mwproxy.stream.routing import Route
from tests.rules.streams import make_stream, response

OK = b"HTTP/1.1 200 OK\r\n"


class RequestTests(SynchronousTestCase):
    """
    Tests for L{request_head}.
    """

    def head(self, data: bytes, **settings: Any) -> bytes:
        """
        Write the head for a request.

        @param settings: Attributes of the backend's section.
        """
        stream = make_stream(data)
        assert stream.request is not None
        frontend = stream.frontend
        [backend] = frontend.worker.backends.values()
        for name, value in settings.items():
            setattr(backend.description, name, value)
        return request_head(stream, stream.request, Route(frontend, backend))

    def test_as_it_came(self) -> None:
        """
        Names leave in lower case, values as they are.
        """
        self.assertEqual(
            self.head(b"GET /a?b HTTP/1.1\r\nHost: A\r\nX-Y:  z \r\n\r\n"),
            b"GET /a?b HTTP/1.1\r\nhost: A\r\nx-y: z\r\n\r\n",
        )

    def test_connection(self) -> None:
        """
        The connection line is our own.
        """
        came = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close, x\r\nx: y\r\n\r\n"
        self.assertEqual(self.head(came), b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        self.assertEqual(
            self.head(came, close_mode="server-close"),
            b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        )
        self.assertEqual(
            self.head(came, close_mode="server-close", options={"http-pretend-keepalive"}),
            b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        )
        self.assertEqual(
            self.head(b"GET / HTTP/1.0\r\n\r\n"),
            b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
        )

    def test_chunked(self) -> None:
        """
        The coding is said anew.
        """
        self.assertEqual(
            self.head(b"POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n",
        )

    def test_upgrade(self) -> None:
        """
        So is the wish for another protocol.
        """
        self.assertEqual(
            self.head(b"GET / HTTP/1.1\r\nhost: a\r\nupgrade: ws\r\nconnection: upgrade\r\n\r\n"),
            b"GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: ws\r\n\r\n",
        )

    def test_edited(self) -> None:
        """
        What rules made of the lines is sent.
        """
        stream = make_stream()
        assert stream.request is not None
        stream.request.own().append((b"x-new", b"1"))
        [backend] = stream.frontend.worker.backends.values()
        self.assertEqual(
            request_head(stream, stream.request, Route(stream.frontend, backend)),
            b"GET /path?x=1 HTTP/1.1\r\nhost: example.com\r\nx-new: 1\r\n\r\n",
        )

    def test_forwarded_for(self) -> None:
        """
        The client's address is added, unless it is exempt, unknown, or one is there and
        C{if-none} was asked for.
        """
        self.assertEqual(
            self.head(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", forwardfor=(b"x-client", (), False)),
            b"GET / HTTP/1.1\r\nhost: a\r\nx-client: 127.0.0.1\r\n\r\n",
        )
        stream = make_stream(b"GET / HTTP/1.1\r\nhost: a\r\nX-Forwarded-For: 1\r\n\r\n")
        request = stream.request
        assert request is not None
        name = b"X-Forwarded-For"
        line = b"X-Forwarded-For: 127.0.0.1\r\n"
        ours = (ipaddress.ip_network("127.0.0.0/8"),)
        others = (ipaddress.ip_network("10.0.0.0/8"),)
        self.assertEqual(forwarded_for(stream, request, (name, (), False)), line)
        self.assertEqual(forwarded_for(stream, request, (name, others, False)), line)
        self.assertEqual(forwarded_for(stream, request, (name, ours, False)), b"")
        self.assertEqual(forwarded_for(stream, request, (name, (), True)), b"")
        stream.session.client_host = ""
        self.assertEqual(forwarded_for(stream, request, (name, (), False)), b"")


class ResponseTests(SynchronousTestCase):
    """
    Tests for L{response_head}.
    """

    def head(
        self,
        data: bytes,
        request: bytes = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        *,
        keep: bool = True,
        decoded: bool = False,
        line: tuple[bytes, bytes] | None = None,
    ) -> bytes:
        """
        Write the head for a response.

        @param line: A line that a rule added.
        """
        stream = make_stream(request)
        assert stream.request is not None
        message = response(data)
        if line is not None:
            message.own().append(line)
        return response_head(message, stream.request, keep=keep, decoded=decoded)

    def test_connection(self) -> None:
        """
        The connection line says what becomes of the client's connection.
        """
        came = OK + b"Connection: keep-alive\r\nContent-Length: 0\r\n\r\n"
        self.assertEqual(self.head(came), OK + b"content-length: 0\r\n\r\n")
        self.assertEqual(
            self.head(came, keep=False), OK + b"content-length: 0\r\nconnection: close\r\n\r\n"
        )
        self.assertEqual(
            self.head(came, b"GET / HTTP/1.0\r\n\r\n"),
            OK + b"content-length: 0\r\nconnection: keep-alive\r\n\r\n",
        )

    def test_chunked(self) -> None:
        """
        The coding is named unless it was taken off.
        """
        came = OK + b"transfer-encoding: chunked\r\n\r\n"
        self.assertEqual(self.head(came), came)
        self.assertEqual(
            self.head(came, keep=False, decoded=True), OK + b"connection: close\r\n\r\n"
        )

    def test_switch(self) -> None:
        """
        101 names the protocol.
        """
        came = b"HTTP/1.1 101 Sure\r\nconnection: upgrade\r\nupgrade: ws\r\n\r\n"
        self.assertEqual(self.head(came), came)

    def test_edited(self) -> None:
        """
        What rules made of the lines is sent.
        """
        self.assertEqual(
            self.head(OK + b"a: b\r\n\r\n", line=(b"c", b"d")), OK + b"a: b\r\nc: d\r\n\r\n"
        )

    def test_many_status_lines(self) -> None:
        """
        Status lines are right also when there are more than are remembered.
        """
        self.patch(heads, "_status_lines", {})
        sample = response(OK + b"\r\n")
        for number in range(300):
            reason = b"R%d" % number
            made = Response(200, reason, 11, sample.block, 0)
            self.assertEqual(status_line(made), b"HTTP/1.1 200 " + reason + b"\r\n")
        self.assertEqual(len(heads._status_lines), 256)

    def test_server_keeps(self) -> None:
        """
        A server's connection lives on by default in HTTP/1.1, on request in 1.0.
        """
        for line, keeps in (
            (b"HTTP/1.1 200 OK\r\n\r\n", True),
            (b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", False),
            (b"HTTP/1.0 200 OK\r\n\r\n", False),
            (b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\n", True),
        ):
            self.assertEqual(server_keeps(response(line)), keeps)
