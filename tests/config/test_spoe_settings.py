"""
Tests for L{mwproxy.config.spoe_settings}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.spoe_settings import EVENTS, GroupCall


class GroupCallTests(SynchronousTestCase):
    """
    Tests of calls of groups.
    """

    def test_call(self) -> None:
        """
        A call does what the engine has put there, with the stream; before that, nothing.
        """
        call = GroupCall("e", "g", "f")
        stream = object()
        self.assertIsNone(call(stream))
        asked: list[object] = []
        call.send = asked.append
        self.assertIsNone(call(stream))
        self.assertEqual(asked, [stream])
        self.assertTrue(call.waits)


class EventTests(SynchronousTestCase):
    """
    Tests of the names of events.
    """

    def test_names(self) -> None:
        """
        There are eight, each with a side or a kind in its name.
        """
        self.assertEqual(len(set(EVENTS)), 8)
        for event in EVENTS:
            self.assertRegex(event, "^on-.*-(session|request|response)$")
