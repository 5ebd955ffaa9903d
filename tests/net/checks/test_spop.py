"""
Tests for L{mwproxy.net.checks.spop}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.net.checks.result import Result
from mwproxy.net.checks.spop import SpopDialog, check_spop
from mwproxy.protocols.spop.data import Uint32, Value
from mwproxy.protocols.spop.disconnect import encode_disconnect
from mwproxy.protocols.spop.frames import Kind, decode_head, encode_frame
from mwproxy.protocols.spop.hello import EngineHello, decode_engine_hello
from mwproxy.protocols.spop.kvlist import encode_kvlist
from tests.live.backends import make_backend

OFFERED = 16380
PASSED = Result("L7OK")

ITEMS: dict[str, Value] = {
    "version": "2.0",
    "max-frame-size": Uint32(OFFERED),
    "capabilities": "pipelining",
}


def hello(**items: Value) -> bytes:
    """
    Write an AGENT-HELLO with other items; those that are L{None} are left out.
    """
    named = {name.replace("_", "-"): value for name, value in items.items()}
    changed = {name: value for name, value in {**ITEMS, **named}.items() if value is not None}
    return encode_frame(Kind.AGENT_HELLO, encode_kvlist(changed))


def judge(*pieces: bytes) -> Result | None:
    """
    Feed an answer in pieces, until there is a result.
    """
    dialog = SpopDialog(OFFERED)
    for piece in pieces:
        result = dialog.received(piece)
        if result is not None:
            return result
    return None


def bad(info: str) -> Result:
    """
    Make the result of an answer that is wrong.
    """
    return Result("L7RSP", info=info)


class SpopCheckTests(SynchronousTestCase):
    """
    Tests of the handshake.
    """

    def test_request(self) -> None:
        """
        The engine says that it only checks, as HAProxy does, byte by byte.
        """
        backend = make_backend({}, spop_check=OFFERED)
        request = check_spop(backend.servers[0]).request
        self.assertEqual(
            request,
            b"\0\0\0\x4e\x01\0\0\0\x01\0\0\x12supported-versions\x08\x032.0\x0emax-frame-size"
            b"\x03\xfc\xf0\x06\x0ccapabilities\x08\0\x0bhealthcheck\x11",
        )
        *_, at = decode_head(request[4:])
        self.assertEqual(
            decode_engine_hello(request[4:], at), EngineHello(OFFERED, healthcheck=True)
        )

    def test_passed(self) -> None:
        """
        A hello that fits is good, whatever else it says or what follows.
        """
        for answer in (
            hello(),
            hello(version=" 2.0 "),
            hello(max_frame_size=Uint32(256)),
            hello(capabilities=None),
            hello(capabilities=""),
            hello(capabilities="async,fragmentation,zork"),
            hello(foo="bar"),
            hello() + b"xxx",
        ):
            self.assertEqual(judge(answer), PASSED)

    def test_every_split(self) -> None:
        """
        It may come in any pieces.
        """
        answer = hello()
        for end in range(len(answer)):
            pieces = [piece for piece in (answer[:end], answer[end:]) if piece]
            self.assertEqual(judge(*pieces), PASSED)
            self.assertIsNone(judge(*pieces[: 1 if end else 0]))

    def test_refused(self) -> None:
        """
        What is wrong with a hello is told in HAProxy's words.
        """
        for answer, info in (
            (hello(version=None), "version value not found"),
            (hello(version="3.0"), "unsupported version"),
            (hello(version="2.1"), "unsupported version"),
            (hello(version="2.0, 1.0"), "unsupported version"),
            (hello(version=Uint32(2)), "invalid frame received"),
            (hello(max_frame_size=None), "max-frame-size value not found"),
            (hello(max_frame_size=Uint32(OFFERED + 1)), "max-frame-size too big or too small"),
            (hello(max_frame_size=Uint32(255)), "max-frame-size too big or too small"),
            (hello(max_frame_size="x"), "invalid frame received"),
            (hello(capabilities=Uint32(1)), "invalid frame received"),
            (encode_frame(Kind.AGENT_HELLO, b""), "version value not found"),
            (encode_frame(Kind.AGENT_HELLO, b"\xff\xff\xff"), "invalid frame received"),
            (encode_frame(Kind.AGENT_HELLO, b"", 1, 1), "invalid frame received"),
            (encode_frame(Kind.AGENT_HELLO, b"", flags=0), "fragmentation not supported"),
            (encode_frame(Kind.HAPROXY_HELLO, b""), "invalid frame received"),
            (encode_frame(Kind.ACK, b""), "invalid frame received"),
            (encode_frame(77, b""), "invalid frame received"),
            (b"\0\0\0\0", "invalid frame received"),
            (b"HTTP/1.0 200 OK\r\n\r\n", "frame is too big"),
        ):
            self.assertEqual(judge(answer), bad(info))

    def test_disconnect(self) -> None:
        """
        A DISCONNECT is told by its status; agents' own and those that make no sense too.
        """
        for code, info in (
            (0, "normal"),
            (3, "frame is too big"),
            (8, "unsupported version"),
            (99, "an unknown error occurred"),
            (150, "an unknown error occurred"),
        ):
            answer = encode_disconnect(Kind.AGENT_DISCONNECT, code, "words of the agent")
            self.assertEqual(judge(answer), bad(info))
        self.assertEqual(judge(encode_frame(Kind.AGENT_DISCONNECT, b"")), bad("normal"))
        words = encode_kvlist({"status-code": "8", "message": "x"})
        self.assertEqual(
            judge(encode_frame(Kind.AGENT_DISCONNECT, words)), bad("invalid frame received")
        )

    def test_end(self) -> None:
        """
        An agent that closes too early has said something invalid, or nothing.
        """
        self.assertEqual(judge(b""), bad("TCPCHK got an empty response at step 2"))
        self.assertEqual(judge(hello()[:-1], b""), bad("invalid frame received"))
        self.assertEqual(judge(b"\0", b""), bad("invalid frame received"))
