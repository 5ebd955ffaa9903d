"""
Tests for L{mwproxy.config.conditions}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.conditions import BlockError, Blocks, ConditionError, evaluate

ENVIRONMENT = {"A": "va"}

TRUE = (
    "1", "5", "-1", "1 || 0", "1||0", "! 0", "!!1", "!(0)", "( 1 )", "1&&0||1", "defined(A)",
    "streq(,)", "streq(a b,a b)", "strneq(a,b)", "!defined(B) && streq(x,x)", "((1))",
)  # fmt: skip
FALSE = (
    "", " ", "0", "+0", "00", "0 || 0 && 1", "defined(B)", "defined( A)", "streq(a, a)",
    "defined()", "1 && !1",
)  # fmt: skip


class EvaluateTests(SynchronousTestCase):
    """
    Tests for conditional expressions.
    """

    def test_true(self) -> None:
        """
        These are true.
        """
        for text in TRUE:
            self.assertTrue(evaluate(text, ENVIRONMENT), text)

    def test_false(self) -> None:
        """
        These are false, an empty one among them.
        """
        for text in FALSE:
            self.assertFalse(evaluate(text, ENVIRONMENT), text)

    def check(self, text: str, reason: str, position: int) -> None:
        error = self.assertRaises(ConditionError, evaluate, text, ENVIRONMENT)
        self.assertEqual((error.reason, error.position), (reason, position))

    def test_unparsable(self) -> None:
        """
        What is no term is shown from where it begins.
        """
        for text, shown, position in (
            ("foo", "foo", 1),
            ("foo(1)", "foo(1)", 1),
            ("()", ")", 2),
            ("!", "!", 1),
            ("1 && foo", "foo", 6),
            ("! foo(2)", "! foo(2)", 1),
            ("1 || ", "1 || ", 3),
            ("enable(x)", "enable(x)", 1),
        ):
            self.check(text, f"unparsable conditional expression '{shown}'", position)

    def test_parentheses(self) -> None:
        """
        Parentheses are closed.
        """
        for text in ("(1", "((1)"):
            self.check(text, f"expected ')' after conditional expression '{text}'", 1)

    def test_end(self) -> None:
        """
        Nothing follows a complete expression.
        """
        for text, char, position in (
            ("1)", ")", 2),
            ("(1))", ")", 4),
            ("1 2", "2", 3),
            ("1 |", "|", 3),
            ("1 & 1", "&", 3),
            ("0x", "x", 2),
            ("defined(A) zz", "z", 12),
        ):
            self.check(
                text,
                f"unexpected character '{char}' at the end of conditional expression '{text}'",
                position,
            )

    def test_arguments(self) -> None:
        """
        A predicate has as many arguments as it wants, in closed parentheses.
        """
        place = "in argument 1 of predicate 'streq' used in conditional expression"
        self.check("streq(a,b", f"expected ')' {place}", 10)
        self.check("streq(a,b,c)", f"expected ')' before ',c)' {place}", 10)
        self.check("streq(a)", f"missing arguments (got 1/2), type 'string' expected {place}", 8)

    def test_depth(self) -> None:
        """
        Nesting has a limit, so that no expression exhausts the stack.
        """
        self.assertRaises(ConditionError, evaluate, "(" * 5000 + "1" + ")" * 5000, {})

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(st.text(alphabet="01 !&|()defind,A", max_size=20))
    def test_any_text(self, text: str) -> None:
        """
        Any text has a value or an error with a position.
        """
        try:
            self.assertIn(evaluate(text, ENVIRONMENT), (True, False))
        except ConditionError as error:
            self.assertTrue(1 <= error.position <= len(text) + 1)

    def test_cut(self) -> None:
        """
        An expression cut anywhere is a shorter one or an error, never something else.
        """
        text = "!(defined(A) || 0) && streq(a,b)"
        for cut in range(len(text)):
            try:
                evaluate(text[:cut], ENVIRONMENT)
            except ConditionError:
                continue


class BlocksTests(SynchronousTestCase):
    """
    Tests for conditional blocks.
    """

    def run_lines(self, *lines: str) -> list[bool]:
        """
        Apply directives; tell after each whether lines are skipped.
        """
        blocks = Blocks()
        seen = []
        for line in lines:
            blocks.apply(line.split()[0], line.split()[1:], ENVIRONMENT)
            seen.append(blocks.skipping)
        self.assertEqual(len(blocks), 0)
        return seen

    def test_taken(self) -> None:
        """
        A true branch counts and the others do not.
        """
        self.assertEqual(
            self.run_lines(".if 1", ".elif 1", ".else", ".endif"), [False, True, True, False]
        )

    def test_second_branch(self) -> None:
        """
        The first true branch counts.
        """
        self.assertEqual(
            self.run_lines(".if 0", ".elif 1", ".elif 1", ".else", ".endif"),
            [True, False, True, True, False],
        )

    def test_otherwise(self) -> None:
        """
        C{.else} counts when no branch was true.
        """
        self.assertEqual(self.run_lines(".if", ".else", ".endif"), [True, False, False])

    def test_nested_in_skipped(self) -> None:
        """
        All branches of a block in skipped text are skipped, their conditions are not read.
        """
        self.assertEqual(
            self.run_lines(".if 0", ".if nonsense", ".elif (", ".else", ".endif", ".endif"),
            [True, True, True, True, True, False],
        )

    def test_unread_condition(self) -> None:
        """
        The condition behind a true branch is not read.
        """
        self.assertEqual(self.run_lines(".if 1", ".elif nonsense", ".endif"), [False, True, False])

    def check(self, reason: str, *lines: str) -> None:
        error = self.assertRaises(BlockError, self.run_lines, *lines)
        self.assertEqual(str(error), reason)

    def test_lone(self) -> None:
        """
        Only C{.if} begins a block.
        """
        for name in (".else", ".elif", ".endif"):
            self.check(f"lone '{name}' with no matching '.if'.", name)

    def test_after_else(self) -> None:
        """
        C{.else} is the last branch.
        """
        self.check("'.else' after '.else' is not permitted.", ".if 1", ".else", ".else")
        self.check("'.elif' after '.else' is not permitted.", ".if 0", ".else", ".elif 1")

    def test_argument(self) -> None:
        """
        C{.else} and C{.endif} take no argument.
        """
        self.check("Unexpected argument 'x' for '.else'.", ".if 1", ".else x")
        self.check("Unexpected argument 'x' for '.endif'.", ".if 1", ".endif x")

    def test_depth(self) -> None:
        """
        Nesting has a limit.
        """
        self.check("too many nested '.if', max 100.", *[".if 1"] * 101)
