"""
Agent files of C{filter spoe} across reloads, with true processes.
"""

from __future__ import annotations

from pathlib import Path

from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase

AGENT = """\
spoe-agent ag
    messages m
    timeout hello 1s
    timeout idle 1s
    timeout processing 1s
    use-backend agents
spoe-message m
    args src
    event on-http-response
"""

FILTERED = (
    NAMED
    + """\
    filter spoe config <dir>/a.conf
backend agents
    mode spop
    timeout connect 1s
    timeout server 1s
    option spop-check
"""
)


class AgentFileTests(ProcessTestCase):
    """
    Tests of reloads and of going back.
    """

    def test_reload_and_rollback(self) -> None:
        """
        A reload reads the agent file anew and is refused with all of its mistakes while the former
        worker serves on. Going back tells that the file is not what it was.
        """
        proxy = self.make(FILTERED, word="one")
        path = Path(proxy.directory, "a.conf")
        path.write_text(AGENT)
        proxy.start()
        proxy.wait_ready()
        self.assertEqual(proxy.get("web").body, b"one")
        proxy.configure(FILTERED, word="two")
        path.write_text(AGENT.replace("src", "scr").replace("idle", "idel"))
        answer = proxy.master_cli("reload")
        self.assertEqual(answer.splitlines()[0], "Success=0")
        self.assertIn(f"parsing [{path}:4] : 'timeout' supports 'hello', 'idle' or", answer)
        self.assertIn(f"parsing [{path}:8] : 'args': unknown fetch method 'scr'", answer)
        self.assertIn(f"'filter' : 'Error(s) found in configuration file {path}'", answer)
        self.assertEqual(proxy.get("web").body, b"one")
        path.write_text(AGENT.replace("spoe-agent ag", "spoe-agent other"))
        answer = proxy.master_cli("reload")
        self.assertEqual(answer.splitlines()[0], "Success=1", answer)
        self.assertEqual(proxy.get("web").body, b"two")
        answer = proxy.master_cli("rollback 1")
        self.assertEqual(answer.splitlines()[0], "Success=1", answer)
        self.assertIn(f"and were read as they are now: {path}\n", answer)
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)
