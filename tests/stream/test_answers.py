"""
Tests for L{mwproxy.stream.answers}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.protocols.http1.answers import error_answer
from mwproxy.stream.answers import error, finish

FILE = b"HTTP/1.0 503 Gone\r\nConnection: close\r\nX: y\r\n\r\nfish"


class ErrorTests(SynchronousTestCase):
    """
    Tests for L{error}.
    """

    def test_default(self) -> None:
        """
        Without error files it is the default answer.
        """
        proxy = model.Proxy("frontend", "f")
        self.assertEqual(
            error(503, (None, proxy), close=True, head=False), error_answer(503, close=True)
        )

    def test_first_file_wins(self) -> None:
        """
        The first section that has a file for the status gives the answer.
        """
        back = model.Proxy("backend", "b", error_files={404: b"HTTP/1.1 404 B\r\n\r\n"})
        front = model.Proxy("frontend", "f", error_files={503: FILE, 404: FILE})
        self.assertEqual(
            error(404, (back, front), close=False, head=False),
            b"HTTP/1.1 404 B\r\ncontent-length: 0\r\n\r\n",
        )
        self.assertEqual(
            error(503, (back, front), close=False, head=False),
            b"HTTP/1.0 503 Gone\r\nX: y\r\ncontent-length: 4\r\n\r\nfish",
        )


class FinishTests(SynchronousTestCase):
    """
    Tests for L{finish}.
    """

    def test_connection(self) -> None:
        """
        The connection line is what is true, whatever the answer said.
        """
        top = b"HTTP/1.0 503 Gone\r\nX: y\r\ncontent-length: 4\r\n"
        self.assertEqual(
            finish(FILE, close=True, head=False, old=False),
            top + b"connection: close\r\n\r\nfish",
        )
        self.assertEqual(
            finish(FILE, close=False, head=False, old=True),
            top + b"connection: keep-alive\r\n\r\nfish",
        )
        self.assertEqual(finish(FILE, close=False, head=True, old=False), top + b"\r\n")

    def test_length(self) -> None:
        """
        The length is that of the body, and none is named where none may be.
        """
        wrong = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\ntransfer-encoding: chunked\r\n\r\nhi"
        self.assertEqual(
            finish(wrong, close=False, head=False, old=False),
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        )
        bare = b"HTTP/1.1 204 None\r\n\r\n"
        self.assertEqual(finish(bare, close=False, head=False, old=False), bare)
