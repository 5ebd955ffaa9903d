"""
What tests of upgrades have in common.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable

from tests.integration.clients import PATIENCE
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase, Proxy
from tests.integration.installs import Installation

#: All that has to survive: a program that stays, and a connection that keeps the old worker, for
#: as long as a reload may take on a busy machine.
WHOLE = (
    NAMED.replace("100s", "300s")
    + """\
    bind unix@<dir>/web.sock
listen relay
    bind <listen:relay>
    mode tcp
    server one <echo>
program side
    command <python> -c "import signal, time; signal.signal(10, lambda *a: 0); time.sleep(600)"
    no option start-on-reload
"""
)


class Console:
    """
    An interactive connection to a console.
    """

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(3 * PATIENCE)
        self.sock.connect(path)

    def ask(self, command: str, end: str = "\n\n") -> str:
        """
        Run a command.

        @return: The answer, with what ends it.
        """
        self.sock.sendall(command.encode() + b"\n")
        return self.until(end)

    def until(self, end: str) -> str:
        """
        Receive up to a text.
        """
        data = b""
        while not data.endswith(end.encode()):
            more = self.sock.recv(65536)
            if not more:
                raise EOFError(data)
            data += more
        return data.decode()


class UpgradeTestCase(ProcessTestCase):
    """
    What tests of upgrades have in common.
    """

    def setUp(self) -> None:
        self.installation = Installation()
        self.addCleanup(self.installation.clean_up)

    def begin(self, config: str = NAMED, *arguments: str, **values: str) -> Proxy:
        """
        Start a proxy from the installation.
        """
        self.config = config
        proxy = self.make(config, word="one", python=sys.executable, **values)
        proxy.start(*arguments, environment=self.installation.environment)
        proxy.wait_ready()
        return proxy

    def install(self, proxy: Proxy, version: str = "2.0.0") -> None:
        """
        Install another version, and have the configuration answer with it.
        """
        self.installation.set_version(version)
        proxy.configure(self.config, word=version)

    def versions(self, proxy: Proxy) -> list[str]:
        """
        List the versions of master and current workers.
        """
        rows = proxy.rows()
        return [row[-1] for row in [*rows["master"], *rows["workers"]]]

    def in_background(self, function: Callable[[], str]) -> Callable[[], str]:
        """
        Run something in a thread.

        @return: Waits for its result.
        """
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(function()), daemon=True)
        thread.start()

        def result() -> str:
            thread.join(4 * PATIENCE)
            self.assertEqual(len(found), 1, "no answer")
            return found[0]

        return result
