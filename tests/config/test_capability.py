"""
Tests for mwproxy/config/capability.py.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import capability
from mwproxy.config.line import Line
from mwproxy.config.model import Proxy
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where


class CapabilityTests(SynchronousTestCase):
    """
    Tests for keywords in the wrong section.
    """

    def setUp(self) -> None:
        self.diagnostics = Diagnostics()
        self.line = Line([], "option x", [], Where("t.cfg", 1), self.diagnostics, "")

    def test_ignored(self) -> None:
        """
        Only proxies that lack the side ignore a keyword.
        """
        for kind, in_backend, in_frontend in (
            ("frontend", False, True),
            ("backend", True, False),
            ("listen", False, False),
            ("defaults", False, False),
        ):
            proxy = Proxy(kind, "p")
            self.assertEqual(capability.ignored_in_backend(self.line, proxy), in_backend)
            self.assertEqual(capability.ignored_in_frontend(self.line, proxy, " So."), in_frontend)
        self.assertEqual(
            [each.text for each in self.diagnostics.messages],
            [
                "config : parsing [t.cfg:1] : 'x' ignored because frontend 'p' has no backend "
                "capability. So.",
                "config : parsing [t.cfg:1] : 'x' ignored because backend 'p' has no frontend "
                "capability.",
            ],
        )

    def test_refused_in_defaults(self) -> None:
        """
        Some are refused in C{defaults}, some only in those without name.
        """
        named, anonymous = Proxy("defaults", "d"), Proxy("defaults", "")
        for check, proxy, said in (
            (capability.refuse_in_defaults, named, "'option x' not allowed in 'defaults' section."),
            (
                capability.refuse_in_anonymous_defaults,
                anonymous,
                "'option x' not allowed in anonymous 'defaults' section.",
            ),
        ):
            self.assertEqual(str(self.assertRaises(ConfigError, check, self.line, proxy)), said)
        capability.refuse_in_anonymous_defaults(self.line, named)
        capability.refuse_in_defaults(self.line, Proxy("backend", "b"))

    def test_no_effect(self) -> None:
        """
        What changes nothing is warned of with the reason.
        """
        capability.no_effect(self.line, "it is so anyway")
        self.assertEqual(
            self.diagnostics.messages[0].text,
            "config : parsing [t.cfg:1] : 'option x' has no effect in mwproxy: it is so anyway.",
        )
