"""
Tests of C{mwproxy/rules/conditions.py}.
"""

from __future__ import annotations

from itertools import product

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.rules.conditions import PREDEFINED, compile_condition
from mwproxy.rules.context import RESPONSE
from tests.rules.streams import RULES, WHERE, context, make_stream, proxy


class ConditionTests(SynchronousTestCase):
    """
    Tests of C{if} and C{unless}.
    """

    def holds(self, text: str) -> bool:
        """
        Evaluate a condition.

        @return: Whether it holds.
        """
        section = proxy()
        section.acls["yes"] = lambda stream: True
        section.acls["no"] = lambda stream: False
        found = RULES.condition(text.split(), section, WHERE, Diagnostics())
        assert found is not None
        return bool(found(make_stream()))

    def test_operators(self) -> None:
        """
        Terms are joined by "and", groups by "or"; C{!} inverts.
        """
        for text, expected in (
            ("if yes", True),
            ("unless yes", False),
            ("if yes no", False),
            ("if yes no or yes", True),
            ("if no || no || yes", True),
            ("if no or no", False),
            ("if !no", True),
            ("if ! no", True),
            ("if !!yes", True),
            ("if ! ! yes", True),
            ("if yes !yes", False),
            ("if { path /path }", True),
            ("if !{ path /path }", False),
            ("if { path /path } { method GET } yes", True),
            ("unless { path /x } or no or no", True),
            ("if", False),
            ("unless", True),
            ("if or yes", True),
            ("if yes or or no", True),
        ):
            self.assertEqual(self.holds(text), expected, text)

    def test_same_as_python(self) -> None:
        """
        Every condition of three terms is what Python makes of it.
        """
        for terms in product(("yes", "no", "!yes", "!no"), repeat=3):
            for first, second in product(("", "or"), repeat=2):
                text = f"if {terms[0]} {first} {terms[1]} {second} {terms[2]}"
                truth = [(term.strip("!") == "yes") != term.startswith("!") for term in terms]
                groups = [[truth[0]]]
                for operator, value in ((first, truth[1]), (second, truth[2])):
                    if operator:
                        groups.append([])
                    groups[-1].append(value)
                self.assertEqual(self.holds(text), any(all(group) for group in groups), text)

    def test_no_condition(self) -> None:
        """
        No words are no condition.
        """
        self.assertIsNone(RULES.condition([], proxy(), WHERE, Diagnostics()))

    def test_predefined(self) -> None:
        """
        Predefined ACLs are known without being declared.
        """
        for name, expected in (
            ("TRUE", True), ("FALSE", False), ("LOCALHOST", True), ("HTTP", True),
            ("HTTP_1.1", True), ("HTTP_1.0", False), ("HTTP_2.0", False), ("HTTP_CONTENT", False),
            ("HTTP_URL_ABS", False), ("HTTP_URL_SLASH", True), ("HTTP_URL_STAR", False),
            ("METH_GET", True), ("METH_POST", False), ("WAIT_END", True), ("HTTP_3.0", False),
            ("METH_CONNECT", False), ("METH_DELETE", False), ("METH_HEAD", False),
            ("METH_OPTIONS", False), ("METH_PUT", False), ("METH_TRACE", False),
        ):  # fmt: skip
            self.assertEqual(self.holds(f"if {name}"), expected, name)
        self.assertEqual(len(PREDEFINED), 23)

    def test_own_acl_wins(self) -> None:
        """
        A declared ACL hides the predefined one of its name.
        """
        section = proxy()
        section.acls["TRUE"] = lambda stream: False
        found = RULES.condition(["if", "TRUE"], section, WHERE, Diagnostics())
        assert found is not None
        self.assertFalse(found(make_stream()))

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for text, message in (
            ("if nosuch", "no such ACL : 'nosuch'."),
            ("if { path /", "missing closing '}' in condition."),
            ("if { }", "missing fetch method in ACL expression ''."),
            ("if yes && no", "no such ACL : '&&'."),
            ("if RDP_COOKIE", "fetch method 'req.rdp_cookie_cnt' is not supported by mwproxy in "
             "ACL expression 'req.rdp_cookie_cnt'."),
        ):  # fmt: skip
            self.assertEqual(str(self.assertRaises(ConfigError, self.holds, text)), message)

    def test_never_matches(self) -> None:
        """
        What has no value where it stands is warned of and never matches.
        """
        place = context(phases=RESPONSE, place="frontend http-response header rule")
        found = compile_condition(["if", "{", "path", "/path", "}"], place)
        inverted = compile_condition(["if", "!{", "path", "/path", "}"], place)
        assert found is not None
        assert inverted is not None
        self.assertFalse(found(make_stream()))
        self.assertTrue(inverted(make_stream()))
        self.assertEqual(
            place.diagnostics.messages[0].text,
            "config : parsing [test.cfg:7] : anonymous acl will never match because it uses "
            "keyword 'path' which is incompatible with 'frontend http-response header rule'",
        )
