"""
Tests for L{mwproxy.worker.standalone}.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process import messages
from mwproxy.process.settings import Settings
from mwproxy.worker.standalone import check

GOOD = """\
frontend f
    mode http
    timeout client 1s
    bind 127.0.0.1:1
    http-request return status 200
"""


class CheckTests(SynchronousTestCase):
    """
    C{-c}: a configuration is checked, nothing is started.
    """

    def setUp(self) -> None:
        # Other tests may have left messages to who does not wait.
        self.patch(messages, "_never_waits", None)
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.file = Path(self.directory, "a.cfg")

    def check(
        self, text: str, *, quiet: bool = False, master: bool = False
    ) -> tuple[int, str, str]:
        """
        Check a configuration.

        @return: Exit status, standard output, standard error.
        """
        self.file.write_text(text)
        output, errors = io.StringIO(), io.StringIO()
        self.patch(sys, "__stderr__", errors)
        with contextlib.redirect_stdout(output):
            status = check(
                Settings(files=(str(self.file),), quiet=quiet, master=master, check=True)
            )
        return status, output.getvalue(), errors.getvalue()

    def test_good(self) -> None:
        """
        A good configuration is valid; nobody is told when quiet.
        """
        self.assertEqual(self.check(GOOD), (0, "Configuration file is valid\n", ""))
        self.assertEqual(self.check(GOOD, quiet=True), (0, "", ""))

    def test_bad(self) -> None:
        """
        Every mistake is an alert, and the exit status is 1.
        """
        status, output, errors = self.check(GOOD + "    bnid x\n    tmeout y\n")
        self.assertEqual((status, output), (1, ""))
        self.assertEqual(errors.count("unknown keyword"), 2)
        self.assertIn("Fatal errors found in configuration.\n", errors)

    def test_no_listener(self) -> None:
        """
        What listens nowhere would not start: exit status 2.
        """
        self.assertEqual(
            self.check("global\n"),
            (
                2,
                "Configuration file has no error but will not start (no listener) => exit(2).\n",
                "",
            ),
        )

    def test_missing(self) -> None:
        """
        A file that does not exist is named.
        """
        errors = io.StringIO()
        self.patch(sys, "__stderr__", errors)
        self.assertEqual(check(Settings(files=("/no/such/file",))), 1)
        self.assertIn(
            "config : Cannot open configuration file/directory /no/such/file : "
            "No such file or directory\n",
            errors.getvalue(),
        )

    def test_programs(self) -> None:
        """
        A C{program} section is fine when there will be a master.
        """
        text = GOOD + "program p\n    command x\n"
        self.assertEqual(self.check(text)[0], 1)
        self.assertEqual(self.check(text, master=True)[0], 0)
        self.assertEqual(self.check("global\n    master-worker\n" + text)[0], 0)
