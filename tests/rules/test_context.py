"""
Tests of C{mwproxy/rules/context.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core.addresses import Address
from mwproxy.rules.context import check_references, pending
from tests.rules.streams import context, proxy


class ReferenceTests(SynchronousTestCase):
    """
    Tests of names that must exist.
    """

    def check(self, kind: str, name: str) -> list[str]:
        """
        Check one name against a frontend C{f} and a backend C{b} with a server C{s}.

        @return: The messages.
        """
        back = proxy("backend", "b")
        back.servers = [model.Server("s", Address("ipv4", "10.0.0.1", 80), model.ServerSettings())]
        configuration = model.Configuration(proxies=[proxy(), back])
        place = context()
        place.refer(kind, name, "key")
        check_references(configuration, place.diagnostics)
        self.assertEqual(pending(place.diagnostics), [])
        return [message.text for message in place.diagnostics.messages]

    def test_known(self) -> None:
        """
        Names that exist are fine.
        """
        for kind, name in (("backend", "b"), ("frontend", "f"), ("server", "b/s")):
            self.assertEqual(self.check(kind, name), [])

    def test_unknown(self) -> None:
        """
        Names that do not are told with their line.
        """
        tail = "referenced in arg 1 of keyword 'key' in proxy 'f'"
        for kind, name, message in (
            ("backend", "x", f"unable to find backend 'x' {tail}."),
            ("backend", "f", f"proxy 'f', {tail}, has not backend capability."),
            ("frontend", "b", f"proxy 'b', {tail}, has not frontend capability."),
            ("server", "b/x", f"unable to find server 'x' in proxy 'b', {tail}."),
            ("server", "x/s", f"unable to find proxy 'x' {tail}."),
        ):
            self.assertEqual(self.check(kind, name), [f"config : parsing [test.cfg:7] : {message}"])
