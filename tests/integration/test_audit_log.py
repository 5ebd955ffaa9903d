"""
The audit in the log, where nobody reads standard error.
"""

from __future__ import annotations

import socket

from tests.integration.clients import PATIENCE, console
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase

GLOBAL = """\
global
    stats socket <dir>/s.sock level admin
    log <log> format priority daemon notice
"""
LOGGED = NAMED.replace("global\n", GLOBAL)


class AuditLogTests(ProcessTestCase):
    """
    Tests of C{log} in C{global} as a target of the audit.
    """

    def setUp(self) -> None:
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.server.close)
        self.server.bind(("127.0.0.1", 0))
        self.server.settimeout(3 * PATIENCE)

    def until(self, part: str) -> str:
        """
        Read lines until one has a text in it.
        """
        while True:
            line = self.server.recv(65536).decode()
            if part in line:
                return line

    def test_quiet(self) -> None:
        """
        With C{-q} nothing is on standard error; what master and workers were commanded is in the
        log, also after the master was replaced.
        """
        text = LOGGED.replace("no-exit-on-failure", "re-exec always")
        log = f"127.0.0.1:{self.server.getsockname()[1]}"
        proxy = self.start(text, ["-q"], word="x", log=log)
        console(str(proxy.directory / "s.sock"), "disable frontend web;enable frontend web")
        line = self.until('command="enable frontend web"')
        self.assertTrue(line.startswith("<29>audit: peer=uid="), line)
        self.assertIn(f"target={proxy.worker_pids()[0]} ", line)
        for _ in range(2):
            # The second one is asked of another image of the master.
            self.assertIn("Success=1", proxy.reload())
            line = self.until('command="reload"')
            self.assertIn(' target=master command="reload" result="Success=1"', line)
        self.assertNotIn("audit:", proxy.output)
