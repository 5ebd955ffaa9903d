"""
The stream that log variables are tested with, and the base of these tests.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.sessions import Stream
from tests.rules.streams import log, make_stream


def served() -> Stream:
    """
    Make a stream that a server answered.

    @return: The stream.
    """
    stream = make_stream(b'GET /a?b=c"d HTTP/1.1\r\nhost: h\r\n\r\n')
    backend = stream.session.frontend.default_backend
    assert backend is not None
    backend.counters.scur = 3
    stream.backend = backend
    stream.server = backend.servers[0]
    stream.server.current = 2
    stream.server_host, stream.server_port = "10.0.0.9", 4000
    stream.status = 200
    stream.bytes_in, stream.bytes_out = 50, 600
    stream.retries = 1
    stream.server_queue, stream.backend_queue = 4, 5
    stream.cause, stream.phase, stream.cookies = "S", "H", "NI"
    stream.request_captures = (b'ex|a"m', None)
    stream.response_captures = (b"hey",)
    return stream


class VariableCase(SynchronousTestCase):
    """
    Writes variables in both ways: alone, where they are called, and beside text, where their
    source is written into the line.
    """

    def both(self, text: str, bare: bool = False) -> str:
        """
        Write a variable in both ways.

        @param bare: True for a stream that had no request.

        @return: What both give.
        """
        stream = make_stream(None) if bare else served()
        alone = log(text, stream)
        self.assertEqual(log(f"<{text}>%f", stream), f"<{alone}>f", text)
        return alone
