"""
Tests for L{mwproxy.config.directives}.
"""

from __future__ import annotations

from tests.config.loading import LoadingTestCase


class StatusTests(LoadingTestCase):
    """
    Tests for the directives that speak.
    """

    def test_levels(self) -> None:
        """
        Each speaks at its level, and C{.alert} ends reading without the last line.
        """
        self.load('.notice "a b"\n.warning x\n.diag d\n.alert "al al"\nglobal\n foo\n')
        self.assertEqual(
            self.messages,
            [
                "NOTICE config : parsing [1.cfg:1]: 'a b'.",
                "WARNING config : parsing [1.cfg:2]: 'x'.",
                "ALERT config : parsing [1.cfg:4]: 'al al'.",
                "ALERT config : Error(s) found in configuration file : 1.cfg",
            ],
        )

    def test_diag(self) -> None:
        """
        C{.diag} speaks only when asked to.
        """
        self.load('.diag "d d"\n', diag=True)
        self.assertEqual(self.messages, ["DIAG config : parsing [1.cfg:1]: 'd d'."])

    def test_silent(self) -> None:
        """
        None speaks in the discovery pass.
        """
        self.load(".notice a\n.warning b\n.alert c\n", discovery=True)
        self.assertEqual(self.messages, [])

    def test_two_words(self) -> None:
        """
        They take one word.
        """
        self.assertEqual(
            self.alerts(".notice a b\n"),
            [
                "parsing [1.cfg:1]: Unexpected argument 'b' for '.notice'."
                " Use quotes if the message should contain spaces."
            ],
        )

    def test_unknown(self) -> None:
        """
        Other words that begin with a dot are refused, unless skipped.
        """
        self.assertEqual(
            self.alerts(".foo bar\n.if 0\n.bar\n.endif\n"),
            ["parsing [1.cfg:1]: unknown directive '.foo'."],
        )


class BlockTests(LoadingTestCase):
    """
    Tests for conditional blocks in files.
    """

    def test_chosen(self) -> None:
        """
        Lines of the true branch count, the others may be nonsense.
        """
        self.environment["A"] = "x"
        found = self.load(
            'global\n .if streq("$A",x)\n maxconn 5\n .else\n nonsense\n .endif\n node n\n'
        )
        self.assertEqual(self.messages, [])
        self.assertEqual((found.global_.maxconn, found.global_.node), (5, "n"))

    def test_condition(self) -> None:
        """
        A condition that cannot be read ends reading; the alert points at the fault.
        """
        self.load(".if    1   2   3\n.endif\nfoo\n")
        self.assertEqual(
            self.messages,
            [
                "ALERT config : parsing [1.cfg:1]: unexpected character '2' at the end of"
                " conditional expression '1 2 3' in '.if' at position 3:\n"
                "  .if 1 2 3\n"
                "        ^",
                "ALERT config : Error(s) found in configuration file : 1.cfg",
            ],
        )

    def test_not_closed(self) -> None:
        """
        A block ends in its file.
        """
        self.assertEqual(
            self.alerts(".if 1\n.if 0\nfoo\n"), ["parsing [1.cfg:3]: non-terminated '.if' block."]
        )

    def test_lone(self) -> None:
        """
        What closes a block needs one.
        """
        self.assertEqual(
            self.alerts(".endif\nfoo\n"),
            ["parsing [1.cfg:1]: lone '.endif' with no matching '.if'."],
        )

    def test_lexer_in_skipped(self) -> None:
        """
        Skipped lines are cut into words all the same.
        """
        self.assertEqual(
            self.alerts('.if 0\n foo bar "\n.endif\n'),
            ['parsing [1.cfg:2]: unmatched quote at position 10:\n  foo bar "\n          ^'],
        )
