"""
Tests for L{mwproxy.protocols.spop.hello}.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.data import Uint32
from mwproxy.protocols.spop.errors import BadFrame, Status
from mwproxy.protocols.spop.frames import decode_head
from mwproxy.protocols.spop.hello import (
    AgentHello,
    EngineHello,
    decode_agent_hello,
    decode_engine_hello,
    encode_agent_hello,
    encode_engine_hello,
)
from mwproxy.protocols.spop.kvlist import encode_kvlist
from tests.protocols.spop.strategies import quick

SIZES = st.integers(256, 2**31 - 1)
WORDS = st.frozensets(st.sampled_from(["pipelining", "async", "fragmentation"]))
GOOD: dict[str, Any] = {
    "supported-versions": "2.0",
    "max-frame-size": Uint32(16380),
    "capabilities": "pipelining,async",
}
AGENT: dict[str, Any] = {"version": "2.0", "max-frame-size": Uint32(1000), "capabilities": ""}
#: What HAProxy 2.6 sends for a health check and for a connection.
CHECK_26 = (
    "01000000010000"
    "12" + b"supported-versions".hex() + "0803" + b"2.0".hex()
    + "0e" + b"max-frame-size".hex() + "03fcf006"
    + "0c" + b"capabilities".hex() + "0800"
    + "0b" + b"healthcheck".hex() + "11"
)  # fmt: skip


def engine(**changes: Any) -> EngineHello:
    """
    Read a HAPROXY-HELLO that differs from a good one.

    @param changes: New values by name with C{_} for C{-}, L{None} to leave one out.
    """
    items = GOOD | {name.replace("_", "-"): value for name, value in changes.items()}
    given = {name: value for name, value in items.items() if value is not None}
    return decode_engine_hello(encode_kvlist(given), 0)


class EngineHelloTests(SynchronousTestCase):
    """
    Tests of HAPROXY-HELLO.
    """

    def assert_refused(self, status: Status, **changes: Any) -> None:
        """
        Such a hello is refused with this status.
        """
        with self.assertRaises(BadFrame) as caught:
            engine(**changes)
        self.assertEqual(caught.exception.status, status)

    @quick
    @given(st.builds(EngineHello, SIZES, WORDS, st.booleans(), st.text("abc-0", max_size=9)))
    def test_both_ways(self, hello: EngineHello) -> None:
        """
        What is written is read again.
        """
        frame = encode_engine_hello(hello)[4:]
        self.assertEqual(decode_head(frame)[:4], (1, 1, 0, 0))
        self.assertEqual(decode_engine_hello(frame, 7), hello)

    def test_haproxy_2_6(self) -> None:
        """
        A health check of HAProxy 2.6 is understood.
        """
        frame = bytes.fromhex(CHECK_26)
        self.assertEqual(decode_engine_hello(frame, 7), EngineHello(16380, healthcheck=True))

    def test_versions(self) -> None:
        """
        Any version 2 will do, with spaces or without; no other will.
        """
        for versions in ("2.0", "1.0, 2.5 ", "3.1,2.0"):
            self.assertEqual(engine(supported_versions=versions).max_frame_size, 16380)
        for versions in ("1.0", "3.0", "", "2", "2.x", "20.0", "2.0.0"):
            self.assert_refused(Status.BAD_VERSION, supported_versions=versions)

    def test_missing(self) -> None:
        """
        Each thing that has to be there has its own status.
        """
        self.assert_refused(Status.NO_VERSION, supported_versions=None)
        self.assert_refused(Status.NO_MAX_FRAME_SIZE, max_frame_size=None)
        self.assert_refused(Status.NO_CAPABILITIES, capabilities=None)

    def test_wrong_types(self) -> None:
        """
        Values of wrong types make the frame invalid; an optional one is taken as not there.
        """
        self.assert_refused(Status.INVALID, supported_versions=2)
        self.assert_refused(Status.INVALID, max_frame_size="16380")
        self.assert_refused(Status.INVALID, max_frame_size=True)
        self.assert_refused(Status.INVALID, capabilities=b"")
        self.assertEqual(engine(engine_id=7).engine_id, "")
        self.assertFalse(engine(healthcheck="yes").healthcheck)

    def test_sizes(self) -> None:
        """
        Under 256 bytes a frame size is too small.
        """
        self.assertEqual(engine(max_frame_size=Uint32(256)).max_frame_size, 256)
        for size in (255, 0, -1, 2**31):
            self.assert_refused(Status.BAD_FRAME_SIZE, max_frame_size=size)

    def test_capabilities(self) -> None:
        """
        Spaces and empty words do not count.
        """
        found = engine(capabilities=" pipelining , async,,").capabilities
        self.assertEqual(found, {"pipelining", "async"})


class AgentHelloTests(SynchronousTestCase):
    """
    Tests of AGENT-HELLO.
    """

    def assert_refused(self, status: Status, **changes: Any) -> None:
        """
        Such a hello is refused with this status.
        """
        items = AGENT | {name.replace("_", "-"): value for name, value in changes.items()}
        given = {name: value for name, value in items.items() if value is not None}
        with self.assertRaises(BadFrame) as caught:
            decode_agent_hello(encode_kvlist(given), 0, 1000)
        self.assertEqual(caught.exception.status, status)

    @quick
    @given(st.builds(AgentHello, SIZES, WORDS))
    def test_both_ways(self, hello: AgentHello) -> None:
        """
        What is written is read again.
        """
        frame = encode_agent_hello(hello)[4:]
        self.assertEqual(decode_head(frame)[:4], (101, 1, 0, 0))
        self.assertEqual(decode_agent_hello(frame, 7, hello.max_frame_size), hello)

    def test_no_capabilities(self) -> None:
        """
        An agent that names no capabilities has none.
        """
        items = {name: value for name, value in AGENT.items() if name != "capabilities"}
        found = decode_agent_hello(encode_kvlist(items), 0, 1000)
        self.assertEqual(found.capabilities, frozenset())

    def test_refused(self) -> None:
        """
        What lacks something or does not fit is refused with its status.
        """
        self.assert_refused(Status.NO_VERSION, version=None)
        self.assert_refused(Status.NO_MAX_FRAME_SIZE, max_frame_size=None)
        self.assert_refused(Status.BAD_VERSION, version="2.1")
        self.assert_refused(Status.BAD_VERSION, version="1.0")
        self.assert_refused(Status.BAD_FRAME_SIZE, max_frame_size=1001)
        self.assert_refused(Status.BAD_FRAME_SIZE, max_frame_size=255)
