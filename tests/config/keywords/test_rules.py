"""
Tests for mwproxy/config/keywords/rules.py.
"""

from __future__ import annotations

from tests.config.keywords.reading import KeywordTestCase


class AclTests(KeywordTestCase):
    """
    Tests for C{acl}.
    """

    def test_lines_of_a_name_are_joined(self) -> None:
        """
        An ACL is true when one of its lines is.
        """
        self.read(self.front, "acl x a", "acl x b")
        match = self.front.acls["x"]
        self.assertEqual([match(["a"]), match(["b"]), match(["c"])], [True, True, False])

    def test_conditions_see_later_lines(self) -> None:
        """
        A condition that was compiled before an ACL's second line knows that line too.
        """
        self.read(self.front, "acl x a", "use_backend q if x", "acl x b")
        condition = self.front.use_backend[0].condition
        assert condition is not None
        self.assertTrue(condition(["b"]))

    def test_acl_of_defaults_is_hidden(self) -> None:
        """
        A proxy's ACL takes the place of one of the same name that came from elsewhere.
        """
        self.read(self.named, "acl x a")
        self.front.acls = dict(self.named.acls)
        self.front.acl_lines = dict(self.named.acl_lines)
        self.read(self.front, "acl x b")
        self.assertFalse(self.front.acls["x"](["a"]))
        self.assertFalse(self.named.acls["x"](["b"]))

    def test_bad_names(self) -> None:
        """
        Names are checked as HAProxy does.
        """
        self.assertEqual(
            self.refused(self.front, "acl f/oo src 1.2.3.4"),
            "character '/' is not permitted in acl name 'f/oo'.",
        )
        for name in ("or", "OR"):
            self.assertEqual(
                self.refused(self.front, f"acl {name} src 1.2.3.4"),
                f"acl name '{name}' will never match. 'or' is used to express a logical "
                "disjunction within a condition.",
            )
        self.assertEqual(self.refused(self.front, "acl"), "'acl' expects a name and a criterion.")
        self.assertEqual(
            self.refused(self.front, "acl x"),
            "error detected while parsing ACL 'x' : missing fetch method",
        )

    def test_anonymous_defaults(self) -> None:
        """
        ACLs and rules belong to named C{defaults} sections only.
        """
        for text in ("acl x a", "http-request deny", "http-response deny"):
            name = text.split()[0]
            self.assertEqual(
                self.refused(self.base, text),
                f"'{name}' not allowed in anonymous 'defaults' section.",
            )
            self.read(self.named, text)


class BackendTests(KeywordTestCase):
    """
    Tests for C{use_backend} and C{default_backend}.
    """

    def test_use_backend(self) -> None:
        """
        A name, and maybe a condition.
        """
        self.read(self.front, "use_backend a if x", "use_backend b unless x", "use_backend c")
        first, second, third = self.front.use_backend
        self.assertEqual((first.target, second.target, third.target), ("a", "b", "c"))
        assert first.condition is not None and second.condition is not None
        self.assertEqual((first.condition(["x"]), second.condition(["x"])), (True, False))
        self.assertIsNone(third.condition)
        self.assertIsNone(first.dynamic)

    def test_computed_name(self) -> None:
        """
        A name with a log-format in it is computed.
        """
        self.read(self.front, "use_backend %[path]")
        dynamic = self.front.use_backend[0].dynamic
        assert dynamic is not None
        self.assertEqual(dynamic([]), b"%[path]")

    def test_bad_use_backend(self) -> None:
        """
        What is no condition is refused.
        """
        self.assertEqual(
            self.refused(self.front, "use_backend"), "'use_backend' expects a backend name."
        )
        self.assertEqual(
            self.refused(self.front, "use_backend a b"),
            "'use_backend' : unexpected keyword 'b', only 'if' or 'unless' is allowed after the "
            "backend.",
        )
        self.assertEqual(
            self.refused(self.front, "use_backend a if nothing"),
            "error detected while parsing switching rule : no such ACL : 'nothing'.",
        )
        self.assertEqual(
            self.refused(self.named, "use_backend a"),
            "'use_backend' not allowed in 'defaults' section.",
        )

    def test_default_backend(self) -> None:
        """
        It may stand in C{defaults}, but not without name.
        """
        self.read(self.base, "default_backend a")
        self.assertEqual(self.base.default_backend, "a")
        self.assertEqual(
            self.refused(self.front, "default_backend"), "'default_backend' expects a backend name."
        )

    def test_backends_ignore_them(self) -> None:
        """
        In a backend both are ignored with a warning.
        """
        self.read(self.back, "use_backend a", "default_backend a")
        self.assertEqual(
            self.warnings(),
            [
                "'use_backend' ignored because backend 'b' has no frontend capability.",
                "'default_backend' ignored because backend 'b' has no frontend capability.",
            ],
        )


class RuleTests(KeywordTestCase):
    """
    Tests for C{http-request} and C{http-response}.
    """

    def test_rules_are_kept_in_order(self) -> None:
        """
        Each ruleset keeps its lines as compiled.
        """
        self.read(self.front, "http-request a 1", "http-response b", "http-request c")
        self.assertEqual(
            {
                ruleset: [action(None) for _, action in lines]
                for ruleset, lines in self.front.rule_lines.items()
            },
            {
                "http-request": [("http-request", "a", "1"), ("http-request", "c")],
                "http-response": [("http-response", "b")],
            },
        )

    def test_order_is_warned_of(self) -> None:
        """
        A request rule behind C{use_backend} runs before it all the same.
        """
        self.read(self.front, "use_backend a", "http-request deny", "http-response deny")
        self.assertEqual(
            self.warnings(),
            [
                "a 'http-request' rule placed after a 'use_backend' rule will still be processed "
                "before."
            ],
        )
