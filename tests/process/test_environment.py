"""
Tests for L{mwproxy.process.environment}.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.config.model import Bind, BindSettings
from mwproxy.core.addresses import parse_address
from mwproxy.process.environment import (
    OwnEnvironment,
    console_variable,
    initial_environment,
    predefine,
    stats_variable,
)


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

    def test_stats_sockets(self) -> None:
        """
        The addresses of C{stats socket} lines are listed in their order.
        """
        binds = [Bind(parse_address(text), BindSettings()) for text in ("/run/s", "127.0.0.1:99")]
        self.assertEqual(stats_variable(binds), "unix@/run/s;ipv4@127.0.0.1:99")
        self.assertEqual(stats_variable([]), "")


class OwnEnvironmentTests(SynchronousTestCase):
    """
    Tests for L{OwnEnvironment}.
    """

    def setUp(self) -> None:
        before = dict(os.environ)

        def restore() -> None:
            os.environ.clear()
            os.environ.update(before)

        self.addCleanup(restore)

    def test_changes_reach_the_process(self) -> None:
        """
        Whatever the configuration does to its variables happens to the process's environment.
        """
        own = OwnEnvironment({"A": "1", "B": "2", "C": "3"})
        own["D"] = "4"
        own.update({"E": "5"})
        self.assertEqual(own.setdefault("A", "9"), "1")
        self.assertEqual(own.setdefault("F", "6"), "6")
        del own["B"]
        self.assertEqual(own.pop("C"), "3")
        self.assertIsNone(own.pop("C", None))
        self.assertEqual(own, {"A": "1", "D": "4", "E": "5", "F": "6"})
        self.assertEqual(dict(os.environ), dict(own))

    def test_names_that_the_system_cannot_have(self) -> None:
        """
        They are known to the configuration alone.
        """
        own = OwnEnvironment({})
        for name in ("", "a=b", "a\0"):
            own[name] = "x"
        self.assertEqual(dict(os.environ), {})
        self.assertEqual(len(own), 3)
        self.assertEqual([own.pop(name) for name in list(own)], ["x"] * 3)
