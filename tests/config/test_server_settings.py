"""
Tests of C{mwproxy/config/server_settings.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.server_settings import NO_AGENT, NO_SETTINGS, ServerSettings


class ServerSettingsTests(SynchronousTestCase):
    """
    Tests for L{ServerSettings}.
    """

    def test_fork_shares_what_is_sealed(self) -> None:
        """
        Who changes nothing about checks and agents shares them; who does has their own.
        """
        other = NO_SETTINGS.fork()
        self.assertIs(other.check, NO_SETTINGS.check)
        self.assertIs(other.agent, NO_AGENT)
        other.own_check().enabled = True
        other.own_agent().port = 81
        self.assertFalse(NO_SETTINGS.check.enabled)
        self.assertEqual((NO_AGENT.port, other.agent.port), (0, 81))

    def test_fork_of_open_settings(self) -> None:
        """
        What is still open is copied, so that two lines never change the same.
        """
        first = ServerSettings()
        first.own_agent().port = 81
        second = first.fork()
        second.own_agent().port = 82
        second.own_check().port = 83
        self.assertEqual((first.agent.port, first.check.port), (81, 0))

    def test_seal(self) -> None:
        """
        Sealed settings have sealed checks and agents.
        """
        settings = ServerSettings()
        settings.own_agent()
        settings.seal()
        self.assertTrue(settings.check.sealed and settings.agent.sealed)
