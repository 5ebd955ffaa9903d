"""
Tests for L{mwproxy.demo.greeting}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.demo.greeting import greeting


class GreetingTests(SynchronousTestCase):
    """
    Tests for L{greeting}.
    """

    def test_five_commands(self) -> None:
        """
        Five commands are named, with the ports and the socket in use.
        """
        said = greeting({"PORT": "9", "TCP_PORT": "10", "HAPROXY_MASTER_CLI": "unix@/r/m.sock"})
        lines = said.splitlines()[1:]
        self.assertEqual(len(lines), 5)
        self.assertIn("curl http://127.0.0.1:9/ ", lines[0])
        self.assertIn(":10/", lines[2])
        self.assertIn("socat - unix:/r/m.sock", lines[3])

    def test_defaults(self) -> None:
        """
        Without variables the ports are those of the quickstart.
        """
        self.assertIn("http://127.0.0.1:8080/", greeting({}))
        self.assertIn("unix:run/master.sock", greeting({}))

    def test_spoa(self) -> None:
        """
        The example with an agent has six of its own.
        """
        said = greeting({"PORT": "9", "HAPROXY_MASTER_CLI": "unix@/r/m.sock"}, "spoa")
        lines = said.splitlines()
        self.assertEqual(lines[0], "mwproxy is ready. Six things to try next:")
        self.assertEqual(len(lines), 7)
        self.assertIn("http://127.0.0.1:9/private ", lines[1])
        self.assertIn("socat - unix:/r/m.sock", lines[6])
