"""
Tests for L{mwproxy.config.keywords.variables}.
"""

from __future__ import annotations

from tests.config.loading import LoadingTestCase


class VariablesTests(LoadingTestCase):
    """
    Tests for changing the environment.
    """

    def after(self, *lines: str) -> dict[str, str]:
        self.environment.update(A="a", B="b")
        self.load("global\n" + "".join(f" {line}\n" for line in lines), discovery=True)
        self.assertEqual(self.messages, [])
        return self.environment

    def test_setenv(self) -> None:
        """
        A variable is set, whether it was or not.
        """
        self.assertEqual(self.after("setenv A x", "setenv C y z"), {"A": "x", "B": "b", "C": "y"})

    def test_presetenv(self) -> None:
        """
        A variable is set unless it was.
        """
        self.assertEqual(
            self.after("presetenv A x", "presetenv C y"), {"A": "a", "B": "b", "C": "y"}
        )

    def test_unsetenv(self) -> None:
        """
        Variables are removed, unknown ones silently.
        """
        self.assertEqual(self.after("unsetenv A X"), {"B": "b"})

    def test_resetenv(self) -> None:
        """
        All but those named are removed.
        """
        self.assertEqual(self.after("resetenv B X"), {"B": "b"})

    def test_following_lines(self) -> None:
        """
        The lines that follow see it.
        """
        self.assertEqual(self.after("setenv C x", 'setenv D "$C$C"')["D"], "xx")

    def test_errors(self) -> None:
        """
        Names and values are there.
        """
        self.assertEqual(
            self.alerts("global\n setenv A\n presetenv\n unsetenv\n"),
            [
                "parsing [1.cfg:2]: 'setenv' expects a name and a value.",
                "parsing [1.cfg:3]: 'presetenv' expects a name and a value.",
                "parsing [1.cfg:4]: 'unsetenv' expects at least one variable name.",
            ],
        )
