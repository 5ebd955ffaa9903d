"""
Tests for L{mwproxy.process.environment}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.process.environment import console_variable, initial_environment, predefine


class EnvironmentTests(SynchronousTestCase):
    """
    What workers and programs find in their environment.
    """

    def test_hidden(self) -> None:
        """
        What concerns the service manager or a former instance does not reach children.
        """
        found = initial_environment(
            {"PATH": "/bin", "NOTIFY_SOCKET": "/run/n", "HAPROXY_MWORKER_REEXEC": "1"}
        )
        self.assertEqual(found, {"PATH": "/bin"})

    def test_predefined(self) -> None:
        """
        HAProxy's public variables are set; files only once they are known.
        """
        self.assertEqual(
            predefine({"A": "b"}, master=True, files=["x", "y"]),
            {
                "A": "b",
                "HAPROXY_STARTUP_VERSION": __version__,
                "HAPROXY_BRANCH": "3.2",
                "HAPROXY_MWORKER": "1",
                "HAPROXY_CFGFILES": "x;y",
            },
        )
        alone = predefine({}, master=False)
        self.assertNotIn("HAPROXY_MWORKER", alone)
        self.assertNotIn("HAPROXY_CFGFILES", alone)

    def test_console(self) -> None:
        """
        The consoles' addresses are listed in reverse order; options do not appear.
        """
        self.assertEqual(
            console_variable(["/run/m,level,user", "127.0.0.1:99", "[::1]:98", "abns@n", "?"]),
            "abns@n;ipv6@[::1]:98;ipv4@127.0.0.1:99;unix@/run/m",
        )
