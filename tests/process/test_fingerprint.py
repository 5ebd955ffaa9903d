"""
Tests for L{mwproxy.process.fingerprint}.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import mwproxy
from mwproxy.process.fingerprint import fingerprint


class FingerprintTests(SynchronousTestCase):
    """
    Whether the installed code changed.
    """

    def setUp(self) -> None:
        directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, directory)
        self.package = directory / "mwproxy"
        (self.package / "room").mkdir(parents=True)
        self.file = self.package / "room" / "a.py"
        self.file.write_text("1\n")
        self.patch(mwproxy, "__file__", str(self.package / "__init__.py"))

    def test_nothing_changed(self) -> None:
        """
        The same code has the same fingerprint; compiled files do not count.
        """
        before = fingerprint()
        (self.package / "__pycache__").mkdir()
        (self.package / "__pycache__" / "x.py").write_text("")
        self.assertEqual(fingerprint(), before)

    def test_out_of_descriptors(self) -> None:
        """
        When it cannot be looked, nothing has changed.
        """
        before = fingerprint()
        self.file.write_text("22\n")
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            blind = fingerprint()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        self.assertEqual(blind, before)
        self.assertNotEqual(fingerprint(), before)

    def test_changed_added_removed(self) -> None:
        """
        A source file that changes, comes or goes shows.
        """
        seen = [fingerprint()]
        self.file.write_text("22\n")
        seen.append(fingerprint())
        (self.package / "b.py").write_text("")
        seen.append(fingerprint())
        self.file.unlink()
        seen.append(fingerprint())
        self.assertEqual(len(set(map(repr, seen))), 4)
