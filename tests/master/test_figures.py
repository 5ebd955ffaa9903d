"""
Tests for L{mwproxy.master.figures}.
"""

from __future__ import annotations

import os

from mwproxy.master.figures import descriptors, figures
from tests.master.fixture import SupervisorTestCase


class FigureTests(SupervisorTestCase):
    """
    Tests of what the master tells of itself.
    """

    def test_figures(self) -> None:
        """
        They are those of the master, with the names of C{show info}.
        """
        self.start()
        self.serve_next()
        rows = self.supervisor.generations.rows()
        found = dict(figures(self.instance, rows, 3, 4))
        self.assertEqual(list(found)[:3], ["Name", "Version", "Release_date"])
        self.assertEqual(
            [found[name] for name in ("Pid", "CurrConns", "Tasks", "Generation", "Reloads")],
            [100, 3, 4, 2, 1],
        )
        size = len(self.file.read_bytes())
        self.assertEqual((found["Kept_generations"], found["Kept_bytes"]), (2, 2 * size))
        self.assertGreater(int(str(found["Resident_bytes"])), 1 << 20)

    def test_descriptors(self) -> None:
        """
        Each open descriptor is named as the system names it.
        """
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        found = dict(descriptors())
        self.assertTrue(found[read].startswith("pipe:["))
        self.assertEqual(found[read], found[write])
