"""
Tests for L{mwproxy.config.keywords.limits}.
"""

from __future__ import annotations

from mwproxy.config.model import Global
from tests.config.loading import LoadingTestCase


class LimitTests(LoadingTestCase):
    """
    Tests for the keywords about what workers may have and do.
    """

    def settings(self, *lines: str) -> Global:
        """
        Load a C{global} section that has nothing wrong.
        """
        found = self.load("global\n" + "".join(f" {line}\n" for line in lines)).global_
        self.assertEqual(self.messages, [])
        return found

    def test_defaults(self) -> None:
        """
        Limits are strict, and workers neither fork nor leave core files.
        """
        found = self.settings()
        self.assertTrue(found.strict_limits)
        self.assertFalse(found.dumpable or found.may_fork or found.may_setuid)
        self.assertIsNone(found.fd_hard_limit)

    def test_switches(self) -> None:
        """
        Each can be switched, and back with C{no}; the last line counts.
        """
        words = ("set-dumpable", "insecure-fork-wanted", "insecure-setuid-wanted")
        found = self.settings("no strict-limits", *words)
        self.assertFalse(found.strict_limits)
        self.assertTrue(found.dumpable and found.may_fork and found.may_setuid)
        found = self.settings("no strict-limits", "strict-limits", *words,
                              *(f"no {word}" for word in words))  # fmt: skip
        self.assertTrue(found.strict_limits)
        self.assertFalse(found.dumpable or found.may_fork or found.may_setuid)

    def test_hard_limit(self) -> None:
        """
        The limit is a positive number.
        """
        self.assertEqual(self.settings("fd-hard-limit 500").fd_hard_limit, 500)
        for line in ("fd-hard-limit", "fd-hard-limit x", "fd-hard-limit 0"):
            self.assertNotEqual(self.alerts(f"global\n {line}\n"), [])
