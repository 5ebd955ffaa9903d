"""
The master is killed at each step of a reload: nothing of it is left that goes on, or that is in the
way of the next start.
"""

from __future__ import annotations

import signal
import socket
import sys

from tests.integration import harness
from tests.integration.configs import WITH_PROGRAM
from tests.integration.dying_master import STEPS
from tests.integration.harness import ProcessTestCase

TEXT = WITH_PROGRAM.replace("<listen:web>", "unix@<dir>/web.sock")
#: The reload binds one more.
MORE = TEXT.replace("web.sock\n", "web.sock\n    bind unix@<dir>/more.sock\n")


class DyingMasterTests(ProcessTestCase):
    """
    Tests of C{kill -9} between any two things that a reload does.
    """

    def killed_at(self, step: str) -> None:
        """
        Kill a master at a step, and start another one in the same place.
        """
        proxy = self.make(TEXT, word="one", python=sys.executable)
        words = [sys.executable, "-m", "tests.integration.dying_master", step, "-Ws"]
        self.patch(harness, "command_of", lambda product: words)
        arguments = ("-p", str(proxy.directory / "pid"))
        proxy.start(*arguments)
        proxy.wait_ready()
        proxy.configure(MORE, word="two")
        proxy.signal(signal.SIGUSR2)
        self.assertEqual(proxy.wait_exit(), -signal.SIGKILL, proxy.output)
        self.assert_no_orphans(proxy)
        words[1:] = ["-m", "mwproxy", "-Ws"]
        proxy.notices.clear()
        proxy.start(*arguments)
        proxy.wait_ready()
        self.assertEqual((proxy.directory / "pid").read_text(), f"{proxy.pid}\n")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(proxy.directory / "more.sock"))
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            self.assertTrue(client.makefile("rb").read().endswith(b"\r\n\r\ntwo"))
        self.assertEqual(len(proxy.rows()["programs"]), 1)
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)
        left = {entry.name for entry in proxy.directory.iterdir()}
        self.assertEqual(left, {"n.sock", "output", "proxy.cfg"})


def _add(step: str) -> None:
    def test(self: DyingMasterTests) -> None:
        self.killed_at(step)

    owner, name, when = STEPS[step]
    test.__doc__ = f"Killed {when} {owner.__name__}.{name} it leaves nothing that is in the way."
    setattr(DyingMasterTests, f"test_{step.replace('-', '_')}", test)


for _step in STEPS:
    _add(_step)
