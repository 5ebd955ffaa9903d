"""
Tests for L{mwproxy.process.discovery}.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import Diagnostic
from mwproxy.process.discovery import Discovery, discover, wants_master
from mwproxy.process.settings import Settings


class DiscoveryTests(SynchronousTestCase):
    """
    The discovery pass.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.file = self.directory / "a.cfg"
        self.said: list[str] = []

    def find(self, text: str, *, master: bool = True, **given: object) -> Discovery | None:
        self.file.write_text(text)
        settings = Settings(files=(str(self.directory),), **given)  # type: ignore[arg-type]  # values of any field
        return discover(settings, {}, self.note, master=master)

    def note(self, message: Diagnostic) -> None:
        self.said.append(message.text)

    def test_what_is_read(self) -> None:
        """
        Global keywords of the process, programs and the environment are read; the rest may be
        wrong.
        """
        found = self.find(
            "global\n    daemon\n    pidfile /p\n    setenv A b\n    nonsense\n"
            "frontend f\n    more nonsense\nprogram p\n    command x y\n"
        )
        assert found is not None
        self.assertEqual(found.files, [str(self.file)])
        self.assertEqual((found.settings.daemon, found.settings.pidfile), (True, "/p"))
        self.assertEqual(found.environment["A"], "b")
        self.assertEqual([each.command for each in found.programs], [("x", "y")])
        self.assertEqual(self.said, [])

    def test_the_command_line_wins(self) -> None:
        """
        C{-db} keeps the process in the foreground, C{-p} is kept with a warning, C{-V} cancels
        C{quiet}.
        """
        found = self.find(
            "global\n    daemon\n    quiet\n    pidfile /p\n",
            foreground=True,
            pidfile="/q",
            verbose=True,
        )
        assert found is not None
        settings = found.settings
        self.assertEqual((settings.daemon, settings.pidfile, settings.quiet), (False, "/q", False))
        self.assertEqual(
            self.said,
            [f"config : parsing [{self.file}:4] : 'pidfile' already specified. Continuing."],
        )

    def test_localpeer_twice(self) -> None:
        """
        C{localpeer} and C{-L} exclude each other.
        """
        self.assertIsNone(self.find("global\n    localpeer x\n", localpeer="y"))
        self.assertEqual(len(self.said), 1)

    def test_programs_need_a_master(self) -> None:
        """
        A C{program} section without a master is refused.
        """
        self.assertIsNone(self.find("program p\n    command x\n", master=False))
        self.assertEqual(
            self.said,
            [
                "config : 'program' section is defined in configuration, but master-worker mode "
                "(-W) is not enabled."
            ],
        )

    def test_wants_master(self) -> None:
        """
        C{master-worker} asks for a master; a file that cannot be read asks for nothing.
        """
        self.file.write_text("global\n    master-worker\n")
        self.assertTrue(wants_master(Settings(files=("a.cfg",), directory=str(self.directory)), {}))
        self.file.write_text("global\n")
        self.assertFalse(wants_master(Settings(files=(str(self.file),)), {}))
        self.assertFalse(wants_master(Settings(files=("/no/such/file",)), {}))
