"""
Tests of the layout: each file of a pure room has its own test file.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent
PURE = ("core", "protocols", "config", "live", "balance", "rules", "stream")
LONGEST = 600


class FilenameTests(SynchronousTestCase):
    """
    Tests of file names and sizes.
    """

    def test_pure_files_have_tests(self) -> None:
        """
        C{mwproxy/core/registry.py} is tested by C{tests/core/test_registry.py}, and so on.
        """
        missing = []
        for room in PURE:
            for path in sorted((ROOT / "mwproxy" / room).rglob("*.py")):
                inside = path.relative_to(ROOT / "mwproxy")
                test = ROOT / "tests" / inside.parent / f"test_{path.name}"
                if path.name != "__init__.py" and not test.is_file():
                    missing.append(str(test.relative_to(ROOT)))
        self.assertEqual(missing, [])

    def test_test_packages_are_packages(self) -> None:
        """
        Each directory with tests has an C{__init__.py}, without which trial finds nothing.
        """
        missing = {
            str(path.parent.relative_to(ROOT))
            for path in (ROOT / "tests").rglob("test_*.py")
            if not (path.parent / "__init__.py").is_file()
        }
        self.assertEqual(missing, set())

    def test_no_file_is_too_long(self) -> None:
        """
        A file of more than 600 lines has two subjects.
        """
        long = [
            str(path.relative_to(ROOT))
            for room in ("mwproxy", "tests", "bench", "doc")
            for path in sorted((ROOT / room).rglob("*.py"))
            if len(path.read_text().splitlines()) > LONGEST
        ]
        self.assertEqual(long, [])
