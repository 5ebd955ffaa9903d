"""
Tests for L{mwproxy.config.files}.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.files import expand_files
from mwproxy.core.diagnostics import ConfigError


class ExpandFilesTests(SynchronousTestCase):
    """
    Tests for replacing directories by their files.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)

    def make(self, *names: str) -> None:
        for name in names:
            (self.directory / name).write_bytes(b"")

    def names(self) -> list[str]:
        return [Path(each).name for each in expand_files([str(self.directory)])]

    def test_order(self) -> None:
        """
        Files come in the order of their bytes.
        """
        self.make("b.cfg", "a.cfg", "B.cfg", "10.cfg", "9.cfg", "\xe9.cfg")
        self.assertEqual(self.names(), ["10.cfg", "9.cfg", "B.cfg", "a.cfg", "b.cfg", "\xe9.cfg"])

    def test_names(self) -> None:
        """
        The name ends at its first C{.cfg} and is not hidden.
        """
        self.make("a.cfg", ".b.cfg", "a.cfg.cfg", "a.cfgx", "x.conf", ".cfg", "cfg", "a.b.cfg")
        self.assertEqual(self.names(), ["a.b.cfg", "a.cfg"])

    def test_kinds(self) -> None:
        """
        Links to files count, directories do not.
        """
        self.make("a.cfg")
        (self.directory / "l.cfg").symlink_to(self.directory / "a.cfg")
        (self.directory / "d.cfg").mkdir()
        self.assertEqual(self.names(), ["a.cfg", "l.cfg"])

    def test_mixed(self) -> None:
        """
        Files and directories keep their order; a file's name does not matter.
        """
        self.make("a.cfg", "z")
        single, many = str(self.directory / "z"), str(self.directory)
        self.assertEqual(
            expand_files([single, many, single]), [single, str(self.directory / "a.cfg"), single]
        )

    def test_nothing(self) -> None:
        """
        An empty directory has no files.
        """
        self.assertEqual(self.names(), [])

    def test_missing(self) -> None:
        """
        What does not exist is an error.
        """
        name = str(self.directory / "x")
        error = self.assertRaises(ConfigError, expand_files, [name])
        self.assertEqual(
            str(error),
            f"config : Cannot open configuration file/directory {name} : No such file or directory",
        )
