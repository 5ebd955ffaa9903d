"""
The service directories for runit under a true C{runsv}.
"""

from __future__ import annotations

from tests.integration import supervised

#: Seconds that C{sv} waits at most.
LIMIT = "30"


class RunitTests(supervised.LifeTestCase):
    """
    A service under runit.
    """

    programs = ("runsv", "sv")
    family = "runit"

    def up(self, example: str = "mwproxy") -> None:
        """
        Start it, and wait as far as runit can.
        """
        self.supervise(example, "runsv")
        self.wait(lambda: (self.service / "supervise" / "ok").exists())
        self.sv("start")

    def sv(self, command: str) -> str:
        return self.tool("sv", "-w", LIMIT, command, str(self.service))

    def pid(self) -> int:
        text = (self.service / "supervise" / "pid").read_text().strip()
        return int(text) if text else 0

    def wait_for_another(self, former: int) -> None:
        self.wait(lambda: self.pid() not in (0, former))
        self.sv("start")

    def stop_softly(self) -> None:
        self.sv("once")
        self.sv("1")

    def wait_down(self) -> None:
        self.wait(lambda: self.tool("sv", "status", str(self.service)).startswith("down"))

    def test_life(self) -> None:
        """
        C{sv start} returns when it serves; C{sv 2} and C{sv reload} reload; a bad reload changes
        nothing; what it logs comes on its output; C{sv down} ends it and all it started.
        """
        self.configure("one")
        self.up()
        self.assertEqual(self.get(), "one")
        pid = self.pid()
        self.assertEqual((self.directory / "pid").read_text(), f"{pid}\n")
        self.configure("two")
        self.sv("2")
        self.wait(lambda: self.serves("two"))
        self.configure("three")
        self.sv("reload")
        self.wait(lambda: self.serves("three"))
        self.configure("four", mistake=True)
        self.sv("2")
        self.wait(lambda: "unknown keyword 'bnid'" in self.log())
        self.wait(lambda: "Failed to load worker" in self.log())
        self.assertEqual((self.get(), self.pid()), ("three", pid))
        self.wait(lambda: '"GET / HTTP/1.1"' in self.log())
        self.sv("down")
        self.assert_nothing_left()
        self.assertIn("Exiting Master process...", self.log())
        self.assertFalse((self.directory / "pid").exists())

    def test_cannot_start(self) -> None:
        """
        C{sv start} of one that cannot start fails; the log says why.
        """
        self.configure("one", mistake=True)
        self.supervise("mwproxy", "runsv")
        self.wait(lambda: "mwproxy cannot start, the reason stands above" in self.log())
        self.assertIn("unknown keyword 'bnid'", self.log())
        done = self.run_tool("sv", "-w", "1", "start", str(self.service))
        self.assertNotEqual(done.returncode, 0, f"{done}{self.log()}")
