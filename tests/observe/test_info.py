"""
Tests for L{mwproxy.observe.info}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.observe import info
from mwproxy.observe.fields import Fractional, info_fields, readings
from tests.observe.worker import START, a_worker


class InfoTests(SynchronousTestCase):
    """
    Tests of process figures.
    """

    def values(self) -> dict[str, int | str | Fractional]:
        """
        Read all figures.
        """
        self.state = a_worker()
        self.state.now = START + 90061
        self.state.startup_messages = ["[WARNING]  (1) : x", "[NOTICE]   (1) : y"]
        self.state.frontends["fe"].counters.bout = 99
        self.state.maxconn_reached = 2
        self.state.boot_ms = 31
        process = info.Process(self.state, 4711, 20000, 5 << 20, 0, 98, 7, "host")
        return {each.field.name: each.value for each in readings(info.fields(), process)}

    def test_order(self) -> None:
        """
        Each registered figure has one place.
        """
        names = [each.name for each in info.fields()]
        self.assertEqual(sorted(names), info_fields.names())
        self.assertEqual(names[:3], ["Name", "Version", "Release_date"])
        self.assertEqual(names.index("Unstoppable Jobs"), 54)
        self.assertEqual(names.index("Build info"), 66)

    def test_values(self) -> None:
        """
        Figures are those of the worker and its process.
        """
        values = self.values()
        self.assertEqual(values["Uptime"], "1d 1h01m01s")
        self.assertEqual(values["Pid"], 4711)
        self.assertEqual(values["node"], "here")
        self.assertEqual(values["Listeners"], 3)
        self.assertEqual(values["TotalWarnings"], 1)
        self.assertEqual(values["TotalBytesOut"], 99)
        self.assertEqual(values["PoolAlloc_MB"], 5)
        self.assertEqual(values["Maxconn"], 1000)
        self.assertEqual(values["Tasks"], 1)
        self.assertEqual((values["MaxconnReached"], values["BootTime_ms"]), (2, 31))

    def test_all_are_there(self) -> None:
        """
        All figures have a value but the description, which need not be set.
        """
        missing = {each.name for each in info.fields()} - set(self.values())
        self.assertEqual(missing, {"description"})

    def test_description_is_optional(self) -> None:
        """
        Without C{description} there is no such line.
        """
        self.assertNotIn("description", self.values())
