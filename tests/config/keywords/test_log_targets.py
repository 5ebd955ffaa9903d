"""
Tests for L{mwproxy.config.keywords.log_targets}: what the master sees of C{log} lines.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.loader import load
from mwproxy.config.model import Global
from mwproxy.core.diagnostics import Diagnostics

TEXT = """
global
    log 127.0.0.1:514 format raw local0 notice
    log no.such.name.invalid daemon
    log-tag "a tag"
    log-send-hostname here
"""


class LogTargetTests(SynchronousTestCase):
    """
    Tests of the discovery pass.
    """

    def discover(self, text: str) -> Global:
        """
        Read as a master does.
        """
        diagnostics = Diagnostics()
        found = load(["x"], {}, diagnostics, discovery=True, read=lambda name: text.encode())
        self.assertEqual(diagnostics.errors, 0)
        return found.global_

    def test_words(self) -> None:
        """
        The master keeps the words, looks no name up, and judges nothing.
        """
        found = self.discover(TEXT)
        self.assertEqual(
            found.log_lines,
            "127.0.0.1:514\0format\0raw\0local0\0notice\nno.such.name.invalid\0daemon\n",
        )
        self.assertEqual(found.log_targets, [])
        self.assertEqual((found.log_tag, found.log_send_hostname), ("a tag", "here"))

    def test_no_log(self) -> None:
        """
        C{no log} takes them back.
        """
        self.assertEqual(self.discover(f"{TEXT}    no log\n").log_lines, "")
