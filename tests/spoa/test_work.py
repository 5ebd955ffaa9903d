"""
Tests for L{mwproxy.spoa.work}, over connections.
"""

from __future__ import annotations

import sys
from typing import Any

from mwproxy.protocols.spop.notify import Message, encode_notify
from mwproxy.spoa.actions import set_var
from tests.protocols.pieces import every_split
from tests.spoa.fakes import HELLO, ConnectionTestCase, notify


class NotifyTests(ConnectionTestCase):
    """
    Tests of answering.
    """

    def test_every_split(self) -> None:
        """
        However the bytes are cut, the answers are the same.
        """
        data = HELLO + notify(1, "echo", value=5) + notify(2, "echo", value="x")
        for pieces in every_split(data):
            engine = self.scene.engine(greet=False)
            for piece in pieces:
                engine.say(piece)
            expected = {1: [set_var("txn", "value", 5)], 2: [set_var("txn", "value", "x")]}
            self.assertEqual(engine.acks(), expected)

    def test_together(self) -> None:
        """
        Answers to what comes together leave in one write.
        """
        engine = self.scene.engine()
        sends = engine.transport.socket.sends
        engine.say(b"".join(notify(number, "echo") for number in range(100)))
        self.assertEqual(len(engine.acks()), 100)
        self.assertEqual(engine.transport.socket.sends - sends, 1)

    def test_several_messages(self) -> None:
        """
        The actions of several messages come together, in order; unknown ones and those that fail
        have none.
        """
        engine = self.scene.engine()
        names = [("echo", 1), ("unknown", 2), ("fail", 3), ("echo", 4)]
        messages = [Message(name, [("value", value)]) for name, value in names]
        engine.say(encode_notify(9, 3, messages))
        [(kind, said)] = engine.frames()
        actions = [set_var("txn", "value", 1), set_var("txn", "value", 4)]
        self.assertEqual((kind, said), (103, (9, 3, actions)))
        self.assertEqual((self.counters.unknown, self.counters.errors), (1, 1))
        self.assertIn("no function for message 'unknown'", self.scene.log)
        self.assertIn("message 'fail': 'oops'", self.scene.log)
        self.assertIn("builtins.KeyError", self.scene.log)

    def test_exit(self) -> None:
        """
        A function that wants to exit fails like any other: an engine must not be able to end us.
        """
        self.agent.message("exit")(lambda: sys.exit(3))
        engine = self.scene.engine()
        engine.say(notify(1, "exit") + notify(2, "echo"))
        self.assertEqual(list(engine.acks()), [1, 2])
        self.assertEqual(self.counters.errors, 1)

    def test_nothing_to_do(self) -> None:
        """
        A NOTIFY without messages is answered too.
        """
        engine = self.scene.engine()
        engine.say(encode_notify(1, 1, []))
        self.assertEqual(engine.acks(), {1: []})

    def test_request(self) -> None:
        """
        A function may know who asks.
        """
        engine = self.scene.engine()
        engine.say(notify(1, "who"))
        self.assertEqual(engine.acks(), {1: [set_var("txn", "who", "e-1 127.0.0.1:4711")]})

    def test_wrong_arguments(self) -> None:
        """
        Arguments that do not fit are logged without a traceback and answered without actions.
        """
        engine = self.scene.engine()
        engine.say(notify(1, "coroutine", value="x"))
        self.assertEqual(engine.acks(), {1: []})
        self.assertIn(
            "message 'coroutine': argument 'value' is string, int expected", self.scene.log
        )
        self.assertNotIn("Traceback", self.scene.log)

    def test_wrong_result(self) -> None:
        """
        So is what a function should not return.
        """
        engine = self.scene.engine()
        engine.say(notify(1, "wait"))
        self.waiting[0].callback(5)
        self.assertEqual(engine.acks(), {1: []})
        self.assertIn("message 'wait': returned int, actions expected", self.scene.log)

    def test_coroutines(self) -> None:
        """
        A coroutine that waits for nothing is answered at once, and may fail.
        """
        engine = self.scene.engine()
        engine.say(notify(1, "coroutine", value=0) + notify(2, "coroutine", value=1))
        self.assertEqual(engine.acks(), {1: [set_var("txn", "value", 0)], 2: []})
        self.assertEqual(self.counters.errors, 1)

    def test_out_of_order(self) -> None:
        """
        With pipelining whatever is done first is answered first.
        """
        engine = self.scene.engine()
        engine.say(b"".join(notify(number, "wait") for number in range(3)))
        self.assertEqual(self.counters.in_flight, 3)
        for number in (2, 0, 1):
            self.waiting[number].callback(set_var("txn", "n", number))
            self.assertEqual(engine.acks(), {number: [set_var("txn", "n", number)]})
        self.assertEqual(self.counters.in_flight, 0)

    def test_same_ids(self) -> None:
        """
        Ids that come twice are answered twice: they are the engine's matter.
        """
        engine = self.scene.engine()
        engine.say(notify(1, "wait") * 2)
        self.waiting[1].callback(None)
        self.waiting[0].callback(None)
        self.assertEqual([said for _, said in engine.frames()], [(1, 1, [])] * 2)

    def test_too_many_actions(self) -> None:
        """
        Actions that do not fit into a frame are left out and logged.
        """
        engine = self.scene.engine()
        messages = [Message("many", [("count", 200)]), Message("many", [("count", 2)])]
        engine.say(encode_notify(1, 1, messages))
        self.assertEqual(len(engine.acks()[1]), 2)
        self.assertIn("do not fit into a frame of 16380 bytes", self.scene.log)

    def test_timeout(self) -> None:
        """
        A function that takes too long is answered without its actions, and told to stop.
        """
        self.make(timeout_ms=100)
        engine = self.scene.engine()
        engine.say(notify(1, "wait"))
        self.scene.clock.advance(0.1)
        self.assertEqual(engine.acks(), {1: []})
        self.assertEqual((self.counters.timeouts, self.counters.in_flight), (1, 0))
        self.assertIn("message 'wait' takes too long", self.scene.log)

    def test_engine_goes_away(self) -> None:
        """
        What nobody waits for is told to stop.
        """
        engine = self.scene.engine()
        stopped: list[Any] = []
        engine.say(notify(1, "wait"))
        self.waiting[0].addErrback(stopped.append)
        engine.close()
        self.assertEqual((self.counters.canceled, self.counters.in_flight), (1, 0))
        self.assertEqual(engine.frames(), [])
