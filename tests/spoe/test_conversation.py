"""
Tests for L{mwproxy.spoe.conversation}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.ack import encode_ack
from mwproxy.protocols.spop.actions import Scope, SetVar
from mwproxy.protocols.spop.disconnect import decode_disconnect, encode_disconnect
from mwproxy.protocols.spop.errors import BadFrame, Status
from mwproxy.protocols.spop.frames import FIN, Kind, decode_head, encode_frame
from mwproxy.protocols.spop.hello import (
    AgentHello,
    EngineHello,
    decode_engine_hello,
    encode_agent_hello,
)
from mwproxy.spoe.conversation import (
    Conversation,
    Event,
    Failed,
    Greeted,
    Over,
    Phase,
)
from tests.protocols.pieces import every_split
from tests.protocols.spop.strategies import quick

OFFER = EngineHello(1000, frozenset({"pipelining"}), engine_id="me")
HELLO = encode_agent_hello(AgentHello(500, frozenset({"pipelining", "async"})))
ACK = encode_ack(3, 1, [SetVar(Scope.txn, "score", 7)])
BYE = encode_disconnect(Kind.AGENT_DISCONNECT, Status.NORMAL)


def greeted() -> Conversation:
    """
    Make a conversation whose agent has greeted.
    """
    talk = Conversation(OFFER)
    talk.begin()
    assert talk.receive(HELLO) == [Greeted(500, True)]
    return talk


def last_status(events: list[Event]) -> tuple[int, int]:
    """
    Tell why a conversation failed.

    @return: The status that it failed with, and the one that the agent is told.
    """
    [failed] = [each for each in events if isinstance(each, Failed)]
    frame = failed.last_words[4:]
    assert decode_head(frame)[0] == Kind.HAPROXY_DISCONNECT
    return failed.status, decode_disconnect(frame, 7).status


class ConversationTests(SynchronousTestCase):
    """
    Tests for L{Conversation}.
    """

    def test_hello(self) -> None:
        """
        The engine greets first.
        """
        talk = Conversation(OFFER)
        frame = talk.begin()[4:]
        self.assertEqual(decode_head(frame)[:4], (Kind.HAPROXY_HELLO, FIN, 0, 0))
        self.assertEqual(decode_engine_hello(frame, 7), OFFER)
        self.assertIs(talk.phase, Phase.GREETING)

    def test_every_split(self) -> None:
        """
        However the bytes are cut, the same follows.
        """
        data = HELLO + ACK + encode_frame(77, b"whatever") + ACK + BYE
        for pieces in every_split(data):
            talk = Conversation(OFFER)
            talk.begin()
            events = [event for piece in pieces for event in talk.receive(piece)]
            self.assertEqual(
                [type(event) for event in events], [Greeted, bytes, bytes, Failed, Over]
            )
            self.assertEqual(
                events[3], Failed(0, "disconnected by the agent: normal (status 0)", True)
            )
            self.assertIs(talk.phase, Phase.OVER)

    def test_pipelining_wants_both(self) -> None:
        """
        Frames are pipelined only if both sides can.
        """
        for ours, theirs in ((set(), {"pipelining"}), ({"pipelining"}, set())):
            talk = Conversation(EngineHello(1000, frozenset(ours)))
            talk.begin()
            hello = encode_agent_hello(AgentHello(1000, frozenset(theirs)))
            self.assertEqual(talk.receive(hello), [Greeted(1000, False)])

    def test_agent_refuses(self) -> None:
        """
        An agent may refuse in place of a hello; nothing is answered to that.
        """
        talk = Conversation(OFFER)
        talk.begin()
        bye = encode_disconnect(Kind.AGENT_DISCONNECT, 42, "no room\r\n\u00e9")
        self.assertEqual(
            talk.receive(bye),
            [
                Failed(42, r"disconnected by the agent: no room" "\r\n" r"\xe9 (status 42)", True),
                Over(),
            ],
        )

    def test_bad_hello(self) -> None:
        """
        A hello that does not fit is refused with its status, and the agent's last word awaited.
        """
        talk = Conversation(OFFER)
        talk.begin()
        events = talk.receive(encode_agent_hello(AgentHello(2000)))
        self.assertEqual(last_status(events), (Status.BAD_FRAME_SIZE,) * 2)
        self.assertIs(talk.phase, Phase.PARTING)
        self.assertEqual(talk.receive(ACK + BYE), [Over()])

    def test_rules(self) -> None:
        """
        Frames that must not come are refused.
        """
        cases = [
            (HELLO, Status.INVALID),
            (encode_frame(Kind.NOTIFY, b"", 1, 1), Status.INVALID),
            (encode_frame(Kind.HAPROXY_DISCONNECT, b""), Status.INVALID),
            (encode_frame(Kind.ACK, b"", 1, 1, flags=0), Status.NO_FRAGMENTS),
            (encode_frame(Kind.UNSET, b"", 1, 1), Status.NO_FRAGMENTS),
            (encode_frame(99, b"", 1, 1, flags=0), Status.NO_FRAGMENTS),
            (encode_frame(Kind.ACK, b"x" * 500, 1, 1), Status.TOO_BIG),
            (encode_frame(Kind.AGENT_DISCONNECT, b"x"), Status.INVALID),
            (b"\0\0\0\x01x", Status.INVALID),
        ]
        for data, status in cases:
            talk = greeted()
            self.assertEqual(last_status(talk.receive(data)), (status, status), data)
            self.assertIs(talk.phase, Phase.PARTING)

    def test_no_hello(self) -> None:
        """
        An answer in place of a hello is refused.
        """
        talk = Conversation(OFFER)
        talk.begin()
        self.assertEqual(last_status(talk.receive(ACK)), (Status.INVALID,) * 2)

    def test_answers_before_a_fault_count(self) -> None:
        """
        What came before the frame that is wrong is heard.
        """
        talk = greeted()
        events = talk.receive(ACK + HELLO + ACK)
        self.assertEqual([type(event) for event in events], [bytes, Failed])

    def test_wrong_contents(self) -> None:
        """
        Whoever reads the actions may find them wrong: then the agent is told.
        """
        talk = greeted()
        self.assertEqual(last_status(talk.refuse(BadFrame())), (Status.INVALID,) * 2)
        self.assertEqual(talk.refuse(BadFrame()), [Over()])
        self.assertEqual(talk.refuse(BadFrame()), [])

    def test_closed_by_the_agent(self) -> None:
        """
        A connection that ends without a word fails with an I/O error, once.
        """
        talk = greeted()
        self.assertEqual(
            talk.ended(), [Failed(Status.IO, "connection closed by the agent", False), Over()]
        )
        self.assertEqual(talk.ended(), [])

    def test_leave(self) -> None:
        """
        Leaving is said once; then only the agent's last word, or the end, counts.
        """
        talk = greeted()
        words = talk.leave(Status.TIMEOUT)
        self.assertEqual(decode_disconnect(words[4:], 7).status, Status.TIMEOUT)
        self.assertEqual(talk.leave(), b"")
        self.assertEqual(talk.receive(ACK + HELLO), [])
        self.assertEqual(talk.ended(), [Over()])

    def test_leave_before_it_began(self) -> None:
        """
        Nothing is said on a connection that does not stand yet.
        """
        self.assertEqual(Conversation(OFFER).leave(), b"")

    def test_garbage_while_parting(self) -> None:
        """
        An agent that breaks the rules even when we leave is not waited for.
        """
        talk = greeted()
        talk.leave()
        self.assertEqual(talk.receive(b"\xff" * 8), [Over()])
        self.assertIs(talk.phase, Phase.OVER)

    @quick
    @given(
        st.lists(
            st.one_of(
                st.sampled_from((HELLO, ACK, BYE)),
                st.binary(max_size=30),
                st.builds(
                    encode_frame, st.integers(0, 255), st.binary(max_size=40),
                    st.integers(0, 300), st.integers(0, 300), st.integers(0, 3),
                ),
            ),
            max_size=8,
        ),
        st.integers(1, 50),
    )  # fmt: skip
    def test_any_bytes(self, frames: list[bytes], step: int) -> None:
        """
        Whatever comes, in whatever pieces: the same follows as from all of it at once; it fails at
        most once, is over at most once, and nothing is answered after that.
        """
        data = b"".join(frames)
        runs = []
        for size in (step, max(1, len(data))):
            talk = Conversation(OFFER)
            talk.begin()
            events: list[Event] = []
            for at in range(0, len(data), size):
                if talk.phase is not Phase.OVER:
                    events += talk.receive(data[at : at + size])
            events += talk.ended()
            runs.append(events)
            kinds = [type(event) for event in events]
            self.assertEqual((kinds.count(Failed), kinds.count(Over)), (1, 1))
            self.assertLessEqual(kinds.count(Greeted), 1)
            failed = kinds.index(Failed)
            self.assertEqual(kinds[failed + 1 :], [Over])
            if bytes in kinds:
                self.assertLess(kinds.index(Greeted), kinds.index(bytes))
        self.assertEqual(runs[0], runs[1])
