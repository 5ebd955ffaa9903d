"""
Tests for L{mwproxy.config.program_settings}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.program_settings import (
    OutputRate,
    PassedSocket,
    ProgramSettings,
    Ready,
    Restart,
)
from mwproxy.process.facts import decode, encode


class ProgramSettingsTests(SynchronousTestCase):
    """
    Tests for what mwproxy's own keywords say.
    """

    def test_they_cross_an_upgrade(self) -> None:
        """
        All of them are the same behind it, and what a newer version adds is passed over.
        """
        settings = ProgramSettings(
            Restart("always", 1, 2, 3),
            "degrade",
            Ready("line", "x", 5),
            True,
            3,
            7,
            ("A=b",),
            "/",
            ("as=1:2",),
            (PassedSocket("/a", "b", 0o600), PassedSocket("/c")),
            OutputRate(1, 2),
        )
        for each in (settings, ProgramSettings()):
            self.assertEqual(decode(ProgramSettings, encode(each)), each)
        self.assertEqual(decode(ProgramSettings, b'{"new": 1}'), ProgramSettings())
