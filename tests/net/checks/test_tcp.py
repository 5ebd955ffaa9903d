"""
Tests for L{mwproxy.net.checks.tcp}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.net.checks.result import Result
from mwproxy.net.checks.tcp import check_tcp
from tests.live.backends import make_backend


class TcpTests(SynchronousTestCase):
    """
    Tests for the plain check.
    """

    def test_nothing_is_said(self) -> None:
        """
        There is no request; whatever comes, the server is fine.
        """
        dialog = check_tcp(make_backend({}).servers[0])
        self.assertEqual(dialog.request, b"")
        self.assertEqual(dialog.received(b"220 hello"), Result("L4OK"))
