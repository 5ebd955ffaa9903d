"""
Tests for L{mwproxy.spoe.answers}.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.ack import encode_ack
from mwproxy.protocols.spop.actions import Action, Scope, SetVar, UnsetVar, decode_actions
from mwproxy.protocols.spop.errors import BadFrame
from mwproxy.protocols.spop.frames import decode_head
from mwproxy.rules.variables import reader
from mwproxy.spoe.answers import AnswerReader
from tests.protocols.spop.strategies import ACTIONS, quick
from tests.rules.streams import make_stream, response


class AnswerTests(SynchronousTestCase):
    """
    Tests for L{AnswerReader}.
    """

    def setUp(self) -> None:
        self.stream = make_stream()
        self.addCleanup(self.apply, AnswerReader("p", None), UnsetVar(Scope.proc, "v"))

    def apply(self, answers: AnswerReader, *actions: Action) -> None:
        """
        Do what an answer says.
        """
        frame = encode_ack(1, 1, actions)[4:]
        for write, value in answers.read(frame, decode_head(frame)[4]):
            write(self.stream, value)

    def value(self, name: str) -> Any:
        """
        Read a variable.
        """
        return reader(name)(self.stream)

    def test_scopes(self) -> None:
        """
        Variables of all scopes are set under the prefix, and unset; those of the response once
        there is one.
        """
        answers = AnswerReader("p", None)
        self.apply(answers, *[SetVar(scope, "v", scope.name) for scope in Scope])
        for name in ("proc", "sess", "txn", "req"):
            self.assertEqual(self.value(f"{name}.p.v"), name.encode())
        self.stream.response = response(b"HTTP/1.1 200 OK\r\n\r\n")
        self.apply(answers, SetVar(Scope.res, "v", "res"))
        self.assertEqual(self.value("res.p.v"), b"res")
        self.apply(answers, *[UnsetVar(scope, "v") for scope in Scope])
        for scope in Scope:
            self.assertIsNone(self.value(f"{scope.name}.p.v"))

    def test_values(self) -> None:
        """
        Rules find text and binary data as bytes, all else as what it is; C{NULL} unsets.
        """
        answers = AnswerReader("p", None)
        for sent, found in (
            ("\udcffé", b"\xff\xc3\xa9"),
            ("x" * 300, b"x" * 300),
            (b"\0", b"\0"),
            (-7, -7),
            (True, True),
            (IPv4Address("1.2.3.4"), IPv4Address("1.2.3.4")),
            (None, None),
        ):
            self.apply(answers, SetVar(Scope.txn, "v", sent))
            self.assertEqual(self.value("txn.p.v"), found)

    def test_unknown_names(self) -> None:
        """
        A variable that the configuration does not know is passed over, the others are set.
        """
        answers = AnswerReader("p", {"txn.p.known", "sess.p.other"})
        self.apply(
            answers,
            SetVar(Scope.txn, "other", 1),
            SetVar(Scope.sess, "other", 2),
            SetVar(Scope.proc, "known", 3),
            SetVar(Scope.txn, "known", 4),
            UnsetVar(Scope.req, "known"),
        )
        self.assertEqual(self.value("txn.p.known"), 4)
        self.assertEqual(self.value("sess.p.other"), 2)
        self.assertIsNone(self.value("txn.p.other"))
        self.assertIsNone(self.value("proc.p.known"))

    def test_no_name(self) -> None:
        """
        What cannot be the name of a variable is none, even if all may be set.
        """
        answers = AnswerReader("p", None)
        for name in ("", "a b", "a-b", "\udcff", "é", "a\n"):
            self.apply(answers, SetVar(Scope.txn, name, 1))
        self.assertIsNone(self.stream.variables)

    def test_any_number_of_names(self) -> None:
        """
        An agent that invents names all the time costs no more memory.
        """
        answers = AnswerReader("p", None)
        for number in range(3000):
            self.apply(answers, UnsetVar(Scope.txn, f"v{number}"))
        self.assertLessEqual(len(answers._writers), 1024)

    def test_unknown_actions(self) -> None:
        """
        Actions of other types are passed over with their arguments.
        """
        frame = b"\x09\x02\x08\x01x\x00" + encode_ack(1, 1, [SetVar(Scope.txn, "v", 1)])[11:]
        [(write, value)] = AnswerReader("p", None).read(frame, 0)
        write(self.stream, value)
        self.assertEqual(self.value("txn.p.v"), 1)

    def test_cut(self) -> None:
        """
        Of an answer that is cut off nothing is done.
        """
        frame = encode_ack(
            1, 1, [SetVar(Scope.txn, "a", "text"), SetVar(Scope.sess, "b", IPv4Address("1.2.3.4"))]
        )[4:]
        answers = AnswerReader("p", None)
        first = encode_ack(1, 1, [SetVar(Scope.txn, "a", "text")])[4:]
        for end in range(8, len(frame)):
            if end != len(first):
                self.assertRaises(BadFrame, answers.read, frame[:end], 7)

    def test_wrong(self) -> None:
        """
        A scope that is none, and a wrong number of arguments, are faults.
        """
        answers = AnswerReader("p", None)
        for data in (
            b"\x01\x03\x05\x01v\x00",
            b"\x01\x02\x02\x01v\x00",
            b"\x02\x03\x02\x01v",
            b"\x01\x03\x02\x01v\x0f",
        ):
            self.assertRaises(BadFrame, answers.read, data, 0)

    @quick
    @given(st.lists(ACTIONS, max_size=6))
    def test_same_as_the_codec(self, actions: list[Action]) -> None:
        """
        What it understands is what the codec understands.
        """
        frame = encode_ack(1, 1, actions)[4:]
        answers = AnswerReader("p", None)
        found = answers.read(frame, 7)
        named = [each for each in decode_actions(frame, 7) if _is_name(each.name)]
        self.assertEqual(len(found), len(named))

    @quick
    @given(st.binary(max_size=40))
    def test_garbage(self, data: bytes) -> None:
        """
        It refuses what the codec refuses, and nothing else happens.
        """
        answers = AnswerReader("p", None)
        try:
            decode_actions(data, 0)
        except BadFrame:
            self.assertRaises(BadFrame, answers.read, data, 0)
        else:
            answers.read(data, 0)


def _is_name(name: str) -> bool:
    return bool(name) and all(each.isascii() and (each.isalnum() or each in "._") for each in name)
