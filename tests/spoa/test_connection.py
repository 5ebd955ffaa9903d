"""
Tests for L{mwproxy.spoa.connection}.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.interfaces import IPullProducer
from zope.interface.verify import verifyObject

from mwproxy.protocols.spop.data import Uint32
from mwproxy.protocols.spop.disconnect import Disconnect, encode_disconnect
from mwproxy.protocols.spop.errors import Status
from mwproxy.protocols.spop.frames import Kind, encode_frame
from mwproxy.protocols.spop.hello import AgentHello, EngineHello, encode_engine_hello
from mwproxy.protocols.spop.kvlist import encode_kvlist
from tests.protocols.spop.strategies import quick
from tests.spoa.fakes import HELLO, ConnectionTestCase, notify

GOOD: dict[str, Any] = {
    "supported-versions": "2.0",
    "max-frame-size": Uint32(16380),
    "capabilities": "",
}


class HelloTests(ConnectionTestCase):
    """
    Tests of shaking hands.
    """

    def test_hello(self) -> None:
        """
        The agent takes the smaller frame size and the capabilities that both have, in one write.
        """
        engine = self.scene.engine(greet=False)
        self.assertEqual(engine.hello(), AgentHello(16380, frozenset(("pipelining",))))
        self.assertEqual(engine.transport.socket.sends, 1)
        self.assertEqual(self.scene.clock.getDelayedCalls(), [])

    def test_frame_sizes(self) -> None:
        """
        The smaller size wins, whoever names it, and holds for the engine's frames from then on.
        """
        engine = self.scene.engine(greet=False)
        engine.say(encode_engine_hello(EngineHello(256)))
        self.assertEqual(engine.frames(), [(101, AgentHello(256))])
        engine.say(notify(1, "echo", value="x" * 250))
        self.assertEqual(engine.farewell(), Disconnect(3, "frame is too big"))
        self.make(max_frame_size=300)
        self.assertEqual(self.scene.engine(greet=False).hello().max_frame_size, 300)

    def test_healthcheck(self) -> None:
        """
        A health check is answered and the connection closed, without a DISCONNECT.
        """
        engine = self.scene.engine(greet=False)
        engine.say(encode_engine_hello(EngineHello(16380, healthcheck=True)))
        self.assertEqual(engine.frames(), [(101, AgentHello(16380))])
        self.assertTrue(engine.transport.half_closed)
        self.assertEqual((self.counters.checks, self.counters.refused), (1, 0))

    def test_refused(self) -> None:
        """
        A hello that is wrong is answered with the status for it.
        """
        for changes, status in (
            ({"supported-versions": "1.0"}, Status.BAD_VERSION),
            ({"supported-versions": None}, Status.NO_VERSION),
            ({"max-frame-size": None}, Status.NO_MAX_FRAME_SIZE),
            ({"capabilities": None}, Status.NO_CAPABILITIES),
            ({"max-frame-size": 100}, Status.BAD_FRAME_SIZE),
            ({"capabilities": 1}, Status.INVALID),
        ):
            engine = self.scene.engine(greet=False)
            items = {key: value for key, value in (GOOD | changes).items() if value is not None}
            engine.say(encode_frame(Kind.HAPROXY_HELLO, encode_kvlist(items)))
            self.assertEqual(engine.farewell().status, status)
            self.assertTrue(engine.transport.half_closed)

    def test_no_hello(self) -> None:
        """
        A connection that says nothing ends after a while.
        """
        engine = self.scene.engine(greet=False)
        self.scene.clock.advance(9.9)
        self.assertEqual(engine.frames(), [])
        self.scene.clock.advance(0.1)
        self.assertEqual(engine.farewell().status, Status.TIMEOUT)
        self.scene.clock.advance(1)
        self.assertTrue(engine.transport.aborted)
        engine.close()
        self.assertEqual((self.counters.open, self.scene.clock.getDelayedCalls()), (0, []))

    def test_wrong_frames(self) -> None:
        """
        Frames that have no place there end the connection with the status for it.
        """
        for greet, frame, status in (
            (False, notify(1, "echo"), Status.INVALID),
            (True, HELLO, Status.INVALID),
            (True, encode_frame(Kind.ACK, b"", 1, 1), Status.INVALID),
            (True, encode_frame(Kind.UNSET, b"", 1, 1), Status.NO_FRAGMENTS),
            (True, encode_frame(Kind.NOTIFY, b"", 1, 1, flags=0), Status.NO_FRAGMENTS),
            (False, encode_frame(Kind.HAPROXY_HELLO, b"", flags=0), Status.NO_FRAGMENTS),
            (False, encode_frame(Kind.HAPROXY_HELLO, b"", 1), Status.INVALID),
            (True, encode_frame(Kind.NOTIFY, b"\x05", 1, 1), Status.INVALID),
            (True, b"\x7f\xff\xff\xff", Status.TOO_BIG),
            (False, b"GET / HTTP/1.1\r\n\r\n", Status.TOO_BIG),
            (True, b"\0\0\0\0", Status.INVALID),
        ):
            engine = self.scene.engine(greet)
            engine.say(frame)
            self.assertEqual(engine.farewell().status, status, frame)
            self.assertTrue(engine.transport.half_closed)
            engine.say(notify(1, "echo"))
            self.assertEqual(engine.frames(), [])
        self.assertEqual(self.counters.refused, 11)

    def test_unknown_frames(self) -> None:
        """
        Frames of unknown types are skipped, unknown flags ignored.
        """
        engine = self.scene.engine()
        payload = notify(4, "echo")[4 + 7 :]
        engine.say(encode_frame(50, b"xyz") + encode_frame(3, payload, 4, 1, flags=0xFFFFFFF1))
        self.assertEqual(list(engine.acks()), [4])

    def test_engine_ends(self) -> None:
        """
        A DISCONNECT is answered by one; only what is not usual is logged.
        """
        for status, logged in ((0, False), (2, False), (3, True)):
            engine = self.scene.engine()
            engine.say(encode_disconnect(Kind.HAPROXY_DISCONNECT, status))
            self.assertEqual(engine.farewell(), Disconnect(0, "normal"))
            self.assertTrue(engine.transport.half_closed)
            self.assertEqual("ends the connection" in self.scene.log, logged)

    @quick
    @given(st.booleans(), st.lists(st.binary(max_size=40), max_size=10))
    def test_garbage(self, greet: bool, pieces: list[bytes]) -> None:
        """
        Whatever comes, the connection goes on or ends with a DISCONNECT.
        """
        engine = self.scene.engine(greet)
        for piece in pieces:
            engine.say(piece)
        frames = engine.frames()
        self.assertEqual(bool(frames) and frames[-1][0] == 102, engine.transport.half_closed)
        engine.close()
        self.assertEqual(self.counters.open, 0)


class PressureTests(ConnectionTestCase):
    """
    Tests of not doing more than engines and agent can take.
    """

    def test_producer(self) -> None:
        """
        It is a producer as Twisted wants it.
        """
        verifyObject(IPullProducer, self.scene.engine().connection)

    def test_engine_that_does_not_read(self) -> None:
        """
        While an engine does not read its answers it is not read from, and nothing is done for it.
        """
        engine = self.scene.engine()
        engine.transport.socket.room = 10
        engine.say(notify(1, "echo"))
        self.assertFalse(engine.transport.reading)
        engine.say(notify(2, "echo"))
        self.assertEqual(self.counters.notifies, 1)
        engine.transport.drain()
        self.assertEqual(list(engine.acks()), [1, 2])
        self.assertTrue(engine.transport.reading)
        self.assertIsNone(engine.transport.producer)

    def test_functions_in_work(self) -> None:
        """
        What is in work meanwhile waits for its turn to be written.
        """
        engine = self.scene.engine()
        engine.say(notify(1, "wait") + notify(2, "wait"))
        engine.transport.socket.room = 0
        self.waiting[0].callback(None)
        self.waiting[1].callback(None)
        self.assertEqual(engine.frames(), [])
        engine.transport.drain()
        self.assertEqual(list(engine.acks()), [1, 2])

    def test_broken(self) -> None:
        """
        A connection that turns out to be broken when it is written to is left to the transport.
        """
        engine = self.scene.engine()
        engine.transport.socket.broken = True
        engine.say(notify(1, "echo"))
        self.assertNotEqual(engine.transport.buffer, b"")
        engine.close()
        self.assertEqual(self.counters.open, 0)
        self.assertEqual(self.scene.clock.getDelayedCalls(), [])

    def test_batches(self) -> None:
        """
        An engine that does not read gets one batch ready, not more.
        """
        engine = self.scene.engine()
        engine.transport.socket.room = 0
        engine.say(b"".join(notify(number, "many", count=100) for number in range(200)))
        self.assertLess(len(engine.transport.buffer), 65536 + 16384)
        self.assertLess(self.counters.notifies, 20)
        engine.transport.drain()
        self.assertEqual(len(engine.acks()), 200)

    def test_concurrency(self) -> None:
        """
        No more functions are in work than allowed, over all connections; the others wait in turn.
        """
        self.make(max_in_flight=2)
        first, second = self.scene.engine(), self.scene.engine()
        first.say(b"".join(notify(number, "wait") for number in range(3)))
        second.say(notify(7, "wait"))
        self.assertEqual(len(self.waiting), 2)
        self.assertEqual((first.transport.reading, second.transport.reading), (False, False))
        self.waiting[0].callback(None)
        self.assertEqual(len(self.waiting), 3)
        self.assertTrue(first.transport.reading)
        self.waiting[1].callback(None)
        self.waiting[2].callback(None)
        self.waiting[3].callback(None)
        self.assertEqual((list(first.acks()), list(second.acks())), ([0, 1, 2], [7]))
        self.assertEqual(self.scene.service.slots.taken, 0)

    def test_waiting_engine_goes_away(self) -> None:
        """
        An engine that waits for a place and goes away is not waited for.
        """
        self.make(max_in_flight=1)
        first, second, third = (self.scene.engine() for _ in range(3))
        for engine in (first, second, third):
            engine.say(notify(1, "wait"))
        second.close()
        first.close()
        self.assertEqual(len(self.waiting), 2)
        self.waiting[1].callback(None)
        self.assertEqual(list(third.acks()), [1])

    def test_silent_death(self) -> None:
        """
        An engine that goes away while it is not read from is noticed, and gives its places back.
        """
        self.make(max_in_flight=1)
        engine = self.scene.engine()
        engine.say(notify(1, "wait") * 2)
        self.assertFalse(engine.transport.reading)
        self.scene.clock.pump([1, 1, 1])
        self.assertFalse(engine.transport.aborted)
        engine.transport.socket.hang_up()
        self.scene.clock.advance(1)
        self.assertTrue(engine.transport.aborted)
        engine.close()
        self.assertEqual(self.scene.service.slots.taken, 0)
        self.assertEqual(self.scene.clock.getDelayedCalls(), [])

    def test_farewell_that_is_not_read(self) -> None:
        """
        A connection whose engine does not read its end is cut after a moment.
        """
        engine = self.scene.engine()
        engine.transport.socket.room = 0
        engine.say(b"\0\0\0\0")
        self.assertTrue(engine.transport.half_closed)
        self.assertIsNone(engine.transport.producer)
        self.scene.clock.advance(1)
        self.assertTrue(engine.transport.aborted)


class LeaveTests(ConnectionTestCase):
    """
    Tests of leaving.
    """

    def test_idle(self) -> None:
        """
        A connection without work is told after a moment.
        """
        engine = self.scene.engine()
        left = self.scene.service.leave(0)
        self.scene.clock.advance(0.4)
        self.assertEqual(engine.frames(), [])
        self.scene.clock.advance(0.2)
        self.assertEqual(engine.farewell(), Disconnect(0, "normal"))
        self.assertNoResult(left)
        engine.close()
        self.successResultOf(left)

    def test_with_the_answer(self) -> None:
        """
        A connection that is asked is told together with the answer, in one write.
        """
        engine = self.scene.engine(pipelining=False)
        self.scene.service.leave(0)
        sends = engine.transport.socket.sends
        engine.say(notify(1, "echo") + notify(2, "echo"))
        self.assertEqual([kind for kind, _ in engine.frames()], [103, 103, 102])
        self.assertEqual(engine.transport.socket.sends - sends, 1)

    def test_pipelining(self) -> None:
        """
        With pipelining answers are held back until nothing has come for a moment.
        """
        engine = self.scene.engine()
        self.scene.service.leave(0)
        for number in range(5):
            engine.say(notify(number, "echo"))
            self.scene.clock.advance(0.004)
            self.assertEqual(engine.frames(), [])
        sends = engine.transport.socket.sends
        self.scene.clock.advance(0.001)
        self.assertEqual([kind for kind, _ in engine.frames()], [103] * 5 + [102])
        self.assertEqual(engine.transport.socket.sends - sends, 1)

    def test_not_held_for_long(self) -> None:
        """
        Answers do not wait for functions that take long.
        """
        engine = self.scene.engine()
        self.scene.service.leave(0)
        engine.say(notify(1, "wait") + notify(2, "echo"))
        self.assertEqual(engine.frames(), [])
        self.scene.clock.pump([0.005] * 11)
        self.assertEqual(list(engine.acks()), [2])
        self.scene.clock.advance(5)
        self.waiting[0].callback(None)
        self.scene.clock.advance(0.005)
        self.assertEqual([kind for kind, _ in engine.frames()], [103, 102])

    def test_in_work(self) -> None:
        """
        What is in work is answered before, however long it takes.
        """
        engine = self.scene.engine(pipelining=False)
        engine.say(notify(1, "wait") + notify(2, "wait"))
        self.scene.service.leave(0)
        self.scene.clock.advance(5)
        self.waiting[0].callback(None)
        self.assertEqual([kind for kind, _ in engine.frames()], [103])
        self.waiting[1].callback(None)
        self.assertEqual([kind for kind, _ in engine.frames()], [103, 102])

    def test_something_unread(self) -> None:
        """
        What has arrived but is not read yet is answered before.
        """
        engine = self.scene.engine(pipelining=False)
        self.scene.service.leave(0)
        engine.transport.socket.unread = notify(1, "echo")
        self.scene.clock.advance(0.5)
        self.assertEqual(engine.frames(), [])
        data, engine.transport.socket.unread = engine.transport.socket.unread, b""
        engine.say(data)
        self.assertEqual([kind for kind, _ in engine.frames()], [103, 102])

    def test_skipped_frame(self) -> None:
        """
        What has arrived and needs no answer does not hold up the end.
        """
        engine = self.scene.engine()
        self.scene.service.leave(0)
        engine.transport.socket.unread = b"x"
        self.scene.clock.advance(0.5)
        engine.transport.socket.unread = b""
        engine.say(encode_frame(50, b""))
        self.scene.clock.advance(0.1)
        self.assertEqual([kind for kind, _ in engine.frames()], [102])

    def test_new_connection(self) -> None:
        """
        Who was accepted in the last moment is answered once.
        """
        self.scene.service.leave(0)
        engine = self.scene.engine(pipelining=False)
        engine.say(notify(1, "echo"))
        self.assertEqual([kind for kind, _ in engine.frames()], [103, 102])

    def test_limit(self) -> None:
        """
        When leaving takes too long connections are cut.
        """
        engine = self.scene.engine()
        engine.say(notify(1, "wait"))
        left = self.scene.service.leave(2000)
        self.scene.clock.advance(2)
        self.assertTrue(engine.transport.aborted)
        engine.close()
        self.successResultOf(left)
        self.assertEqual(self.scene.clock.getDelayedCalls(), [])
