"""
The service directories for s6 under a true C{s6-supervise}.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.integration import supervised
from tests.integration.configs import WITH_PROGRAM
from tests.integration.harness import ROOT, ProcessTestCase

#: Milliseconds that C{s6-svwait} and C{s6-svc} wait at most.
LIMIT = "30000"


class S6TestCase(supervised.SupervisedTestCase):
    """
    A service under s6.
    """

    programs = ("s6-supervise", "s6-svc", "s6-svwait", "s6-svstat")
    family = "s6"

    def up(self, example: str = "mwproxy") -> None:
        """
        Start it, and wait until s6 has heard that it is ready.
        """
        self.supervise(example, "s6-supervise")
        self.wait(lambda: (self.service / "supervise" / "status").exists())
        self.tool("s6-svwait", "-U", "-t", LIMIT, ".")

    def stat(self, field: str) -> str:
        return self.tool("s6-svstat", "-o", field, ".").strip()


class S6Tests(S6TestCase, supervised.LifeTestCase):
    """
    Master and workers.
    """

    def pid(self) -> int:
        return max(0, int(self.stat("pid")))

    def wait_for_another(self, former: int) -> None:
        self.wait(lambda: self.stat("ready") == "true" and self.pid() not in (former, 0))

    def stop_softly(self) -> None:
        self.tool("s6-svc", "-O", "-1", ".")

    def wait_down(self) -> None:
        self.tool("s6-svwait", "-D", "-t", LIMIT, ".")
        self.assertEqual(self.stat("exitcode"), "0")

    def test_life(self) -> None:
        """
        It is ready when it serves; USR2 and HUP reload; a bad reload changes nothing; what it
        logs comes on its output; TERM ends it and all it started.
        """
        self.configure("one")
        self.up()
        self.assertEqual(self.get(), "one")
        pid = self.stat("pid")
        self.configure("two")
        self.tool("s6-svc", "-2", ".")
        self.wait(lambda: self.serves("two"))
        self.configure("three")
        self.tool("s6-svc", "-h", ".")
        self.wait(lambda: self.serves("three"))
        self.configure("four", mistake=True)
        self.tool("s6-svc", "-2", ".")
        self.wait(lambda: "unknown keyword 'bnid'" in self.log())
        self.wait(lambda: "Failed to load worker" in self.log())
        self.assertEqual(self.get(), "three")
        self.assertEqual((self.stat("pid"), self.stat("ready")), (pid, "true"))
        self.wait(lambda: '"GET / HTTP/1.1"' in self.log())
        self.tool("s6-svc", "-T", LIMIT, "-wD", "-d", ".")
        self.assert_nothing_left()
        self.assertIn("Exiting Master process...", self.log())
        self.assertEqual((self.stat("exitcode"), self.stat("signal")), ("0", "NA"))

    def test_synchronous_reload(self) -> None:
        """
        C{mwproxyctl} reloads, and tells how it ended.
        """
        self.configure("one")
        self.up()
        self.configure("two")
        self.tool("mwproxyctl", "-s", f"{self.directory}/m.sock", "reload")
        self.assertEqual(self.get(), "two")
        self.configure("three", mistake=True)
        done = self.run_tool("mwproxyctl", "-s", f"{self.directory}/m.sock", "reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn("unknown keyword 'bnid' in 'frontend' section", done.stderr)

    def test_cannot_start(self) -> None:
        """
        One that cannot start is never ready; the log says why, and it is not tried all the time.
        """
        self.configure("one", mistake=True)
        self.supervise("mwproxy", "s6-supervise")
        self.wait(lambda: "mwproxy cannot start, the reason stands above" in self.log())
        self.assertIn("unknown keyword 'bnid'", self.log())
        self.assertEqual((self.stat("up"), self.stat("ready")), ("false", "false"))


class SingleTests(S6TestCase):
    """
    A process without a master.
    """

    def test_handover_that_fails(self) -> None:
        """
        With a mistake in the file the hand-over fails with the reason, and nothing has changed.
        """
        self.configure("one")
        self.up("mwproxy-single")
        before = set(self.processes())
        self.configure("two", mistake=True)
        done = self.run_tool("./handover")
        self.assertEqual(done.returncode, 1)
        self.assertIn("unknown keyword 'bnid' in 'frontend' section", done.stderr)
        self.assertEqual((self.get(), set(self.processes())), ("one", before))

    def test_signals(self) -> None:
        """
        TERM ends it at once; USR1 lets it finish.
        """
        self.configure("one")
        self.up("mwproxy-single")
        self.tool("s6-svc", "-T", LIMIT, "-wD", "-d", ".")
        self.assertEqual(self.stat("signal"), "SIGTERM")
        self.assert_nothing_left()
        self.tool("s6-svc", "-T", LIMIT, "-wU", "-u", ".")
        self.tool("s6-svc", "-O", "-1", ".")
        self.tool("s6-svwait", "-D", "-t", LIMIT, ".")
        self.assertEqual(self.stat("exitcode"), "0")
        self.assert_nothing_left()


class NotifyFdTests(ProcessTestCase):
    """
    Readiness on a descriptor, without s6.
    """

    def _hears(self, *mode: str) -> None:
        proxy = self.make(WITH_PROGRAM, word="x", python=sys.executable)
        if "-W" not in mode:
            proxy.configure(proxy.file.read_text().partition("program side")[0])
        web = proxy.values["listen:web"].removeprefix("fd@")
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "mwproxy", *mode, "-f", str(proxy.file)]
        with os.fdopen(reading, "rb") as heard:
            process = subprocess.Popen(
                [*command, "--notify-fd", str(writing)],
                cwd=ROOT,
                pass_fds=[writing, int(web)],
            )
            os.close(writing)
            # The end only comes when no worker, program or nursery holds the other end.
            self.assertEqual(heard.read(), b"\n")
            self.assertEqual(proxy.get("web").body, b"x")
            process.terminate()
            process.wait()

    def test_master(self) -> None:
        """
        A master writes a line feed when it serves, and no child has the descriptor.
        """
        self._hears("-W", "-db")

    def test_without_master(self) -> None:
        """
        So does a process without one.
        """
        self._hears("-db")
