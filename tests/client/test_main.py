"""
Tests for L{mwproxy.client.main}.
"""

from __future__ import annotations

import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.client.command import MODULES
from mwproxy.client.main import make_parser
from mwproxy.client.place import DEFAULT, VARIABLE
from tests.client.consoles import ctl


class MainTests(SynchronousTestCase):
    """
    The command line.
    """

    def test_wrong_usage(self) -> None:
        """
        A command line that makes no sense is status 64, which no command has.
        """
        for words in (
            ("--nonsense",),
            ("--timeout", "0", "show", "proc"),
            ("reload", "--timeout", "0"),
            ("reload", "--now"),
            ("drain",),
            ("drain", "server"),
            ("maint", "b/s;quit"),
        ):
            status, out, err = ctl(*words)
            self.assertEqual((status, out), (64, ""), words)
            self.assertIn("usage: mwproxyctl", err)

    def test_version(self) -> None:
        """
        It tells its version.
        """
        self.assertEqual(ctl("--version"), (0, f"mwproxy {__version__}\n", ""))

    def test_help(self) -> None:
        """
        The help names the commands and the exit statuses.
        """
        status, out, _ = ctl("--help")
        self.assertEqual(status, 0)
        self.assertIn("reload the configuration, and wait for its end", out)
        self.assertIn("2 the console cannot be reached", out)
        for name in MODULES:
            self.assertIn(f"\n  {name} ", out)

    def test_help_of_a_command(self) -> None:
        """
        Each command has a help of its own.
        """
        for name in MODULES:
            status, out, err = ctl(name, "--help")
            self.assertEqual((status, err), (0, ""))
            self.assertIn(f"usage: mwproxyctl {name}", out)

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
        It starts without Twisted, TLS, rich or a line editor: C{ExecReload} and people should not
        wait for imports.
        """
        code = (
            "import mwproxy.client.main as m, sys; m.make_parser(texts=False);"
            "m.command_parser('reload'); import mwproxy.client.raw;"
            "print({'twisted', 'ssl', 'cryptography', 'rich', 'prompt_toolkit', 'readline',"
            " 'asyncio'} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        self.assertEqual(done.stdout, b"set()\n")
