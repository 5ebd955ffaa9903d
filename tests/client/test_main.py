"""
Tests for L{mwproxy.client.main}.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.client.main import DEFAULT, VARIABLE, main, make_parser


class MainTests(SynchronousTestCase):
    """
    The command line.
    """

    def _ends(self, *words: str) -> tuple[object, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            exit_ = self.assertRaises(SystemExit, main, list(words))
        return exit_.code, out.getvalue(), err.getvalue()

    def test_wrong_usage(self) -> None:
        """
        A command line that makes no sense is status 64, which no command has.
        """
        for words in ((), ("relaod",), ("reload", "--timeout", "0"), ("reload", "now")):
            status, out, err = self._ends(*words)
            self.assertEqual((status, out), (64, ""))
            self.assertIn("usage: mwproxyctl", err)

    def test_version(self) -> None:
        """
        It tells its version.
        """
        self.assertEqual(self._ends("--version"), (0, f"mwproxy {__version__}\n", ""))

    def test_help(self) -> None:
        """
        The help names the commands and the exit statuses.
        """
        status, out, _ = self._ends("--help")
        self.assertEqual(status, 0)
        self.assertIn("reload the configuration, and wait for its end", out)
        self.assertIn("2 the console cannot be reached", out)

    def test_where(self) -> None:
        """
        The console is that of the units unless the environment or C{-s} names another.
        """
        before = os.environ.pop(VARIABLE, None)
        try:
            self.assertEqual(make_parser().parse_args(["reload"]).socket, DEFAULT)
            os.environ[VARIABLE] = "/elsewhere"
            self.assertEqual(make_parser().parse_args(["reload"]).socket, "/elsewhere")
            self.assertEqual(make_parser().parse_args(["-s", "/a", "reload"]).socket, "/a")
        finally:
            os.environ.pop(VARIABLE, None)
            if before is not None:
                os.environ[VARIABLE] = before

    def test_needs_little(self) -> None:
        """
        It starts without Twisted: C{ExecReload} should not wait for imports.
        """
        code = (
            "import mwproxy.client.main as m, sys; m.make_parser(); print('twisted' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        self.assertEqual(done.stdout, b"False\n")
