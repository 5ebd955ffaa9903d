"""
Tests for L{mwproxy.programs.mark}.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import Program
from mwproxy.config.program_settings import ProgramSettings
from mwproxy.programs.mark import mark_of


class MarkTests(SynchronousTestCase):
    """
    Tests for what makes a program another one.
    """

    def test_changes(self) -> None:
        """
        Words, settings, variables and the file count; what only concerns reloads does not.
        """
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        file = Path(directory, "x")
        file.write_text("one")
        file.chmod(0o700)
        environment = {"PATH": directory, "A": "b"}
        one = Program("p", ("x", "y"))
        mark = mark_of(one, environment)
        kept = replace(one, settings=ProgramSettings(keep_unchanged=True), start_on_reload=False)
        for program, variables, same in (
            (one, environment, True),
            (kept, environment, True),
            (one, environment | {"HAPROXY_CFGFILES": "z"}, True),
            (one, environment | {"A": "c"}, False),
            (replace(one, command=("x", "z")), environment, False),
            (replace(one, settings=ProgramSettings(directory="/")), environment, False),
        ):
            self.assertEqual(mark_of(program, variables) == mark, same)
        file.write_text("another")
        self.assertNotEqual(mark_of(one, environment), mark)

    def test_no_file(self) -> None:
        """
        A program that is not there has a mark too.
        """
        one = Program("p", ("/no/such/program",))
        self.assertEqual(mark_of(one, {}), mark_of(one, {}))
