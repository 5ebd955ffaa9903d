"""
Tests for L{mwproxy.core.diagnostics}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import Diagnostic, Diagnostics, Severity, Where


class DiagnosticsTests(SynchronousTestCase):
    """
    Tests for L{Diagnostics}.
    """

    def test_form(self) -> None:
        """
        Labels are padded to ten characters; the line to blame stands before the text.
        """
        found = Diagnostics()
        at = Where("f.cfg", 7)
        found.alert("bad", at)
        found.warning("odd", at)
        found.notice("so")
        found.diag("hint")
        self.assertEqual(
            [message.render(17) for message in found.messages],
            [
                "[ALERT]    (17) : config : parsing [f.cfg:7] : bad",
                "[WARNING]  (17) : config : parsing [f.cfg:7] : odd",
                "[NOTICE]   (17) : so",
                "[DIAG]     (17) : hint",
            ],
        )

    def test_counts(self) -> None:
        """
        Alerts and warnings are counted, each for itself.
        """
        found = Diagnostics()
        found.alert("a")
        found.warning("b")
        found.warning("c")
        found.notice("d")
        self.assertEqual((found.errors, found.warnings), (1, 2))

    def test_emit(self) -> None:
        """
        Each message is handed on as it comes.
        """
        seen: list[Diagnostic] = []
        Diagnostics(seen.append).notice("now")
        self.assertEqual(seen, [Diagnostic(Severity.NOTICE, "now")])
