"""
The service directories for runit under a true C{runsv}.
"""

from __future__ import annotations

import os
import signal
import socket

from tests.integration.clients import Crowd, fetch
from tests.integration.supervised import SupervisedTestCase

#: Seconds that C{sv} waits at most.
LIMIT = "30"


class RunitTestCase(SupervisedTestCase):
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


class RunitTests(RunitTestCase):
    """
    Master and workers.
    """

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

    def test_soft_stop(self) -> None:
        """
        C{sv once} and then C{sv 1}: it ends when its last connection has, and is not started again.
        """
        self.configure("one")
        self.up()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{self.directory}/web.sock")
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n")
            self.wait(lambda: "CurrConns: 1" in self.cli("@1 show info"))
            self.sv("once")
            self.sv("1")
            self.wait(lambda: "Proxy web stopped" in self.log())
            self.assertTrue(self.pid())
            client.sendall(b"\r\n")
            self.assertIn(b"one", client.recv(1000))
        self.wait(lambda: self.tool("sv", "status", str(self.service)).startswith("down"))
        self.assert_nothing_left()

    def test_killed(self) -> None:
        """
        A master that is killed takes its workers along, and is started anew.
        """
        self.configure("one")
        self.up()
        before = set(self.processes())
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        self.wait(lambda: self.pid() not in (0, pid))
        self.sv("start")
        self.assertEqual(self.get(), "one")
        self.wait(lambda: not before & set(self.processes()))
        self.assertIn("mwproxy died of signal 9, and its workers with it", self.log())

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


class HandoverTests(RunitTestCase):
    """
    A process without a master.
    """

    def test_handover(self) -> None:
        """
        A copy takes over, runsv starts its own, which takes back; all clients are served
        meanwhile, and in the end one process is left, with the new configuration.
        """
        with socket.socket() as reserved:
            # Bound, and not listening: it keeps the number, and gets no connection.
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reserved.bind(("127.0.0.1", 0))
            port = reserved.getsockname()[1]
            self.configure("one", f"127.0.0.1:{port}")
            self.up("mwproxy-single")
            self.wait(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
            crowd = Crowd(port)
            self.addCleanup(crowd.finish)
            for word in ("two", "three"):
                crowd.wait_for(20)
                former = self.pid()
                self.configure(word, f"127.0.0.1:{port}")
                self.tool("./handover")
                self.wait(lambda: self.pid() not in (0, former))  # noqa: B023  # run at once
                self.wait(lambda: list(self.processes()) == [self.pid()])
                self.assertEqual(fetch(port).body.decode(), word)
            crowd.wait_for(20)
            tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))
