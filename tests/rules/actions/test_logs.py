"""
Tests of C{mwproxy/rules/actions/logs.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.actions.logs import SILENT
from tests.rules.streams import make_stream, rule


class LogActionTests(SynchronousTestCase):
    """
    Tests of actions on log level and status.
    """

    def test_level(self) -> None:
        """
        Levels are syslog's; C{silent} is a level of its own.
        """
        stream = make_stream()
        for word, level in (("emerg", 0), ("warning", 4), ("debug", 7), ("silent", SILENT)):
            rule(["set-log-level", word])(stream)
            self.assertEqual(stream.log_level, level)

    def test_status(self) -> None:
        """
        The status gets its usual phrase, or the one that is given.
        """
        stream = make_stream(answer=b"HTTP/1.1 200 OK\r\n\r\n")
        assert stream.response is not None
        rule(["set-status", "431"], "http-response")(stream)
        self.assertEqual(stream.response.reason, b"Request Header Fields Too Large")
        rule(["set-status", "503", "reason", "Slow Down"], "http-response")(stream)
        self.assertEqual((stream.response.status, stream.response.reason), (503, b"Slow Down"))

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for words, message in (
            (["set-status"], "expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>."),
            (["set-status", "99"], "expects an integer status code between 100 and 999."),
            (["set-status", "1000"], "expects an integer status code between 100 and 999."),
            (["set-status", "200", "reason"], "missing <reason> argument."),
            (["set-status", "200", "reason", "a\r\nb"], "reason must not hold control characters."),
        ):  # fmt: skip
            error = str(self.assertRaises(ConfigError, rule, words, "http-response"))
            self.assertEqual(error.partition(" rule : ")[2], message)
