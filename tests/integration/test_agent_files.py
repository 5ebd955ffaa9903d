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


#: Nobody answers: the code that says so is seen.
ASKED = """\
spoe-agent ag
    messages m
    option var-prefix <prefix>
    option set-on-error err
    timeout hello 5s
    timeout idle 5s
    timeout processing 5s
    use-backend agents
spoe-message m
    args src
    event <event>
"""

DISABLED = """\
defaults
    mode http
    timeout connect 2s
    timeout client 100s
    timeout server 100s
frontend web
    bind <listen:web>
    filter spoe config <dir>/front.conf
    http-request return status 200 content-type text/plain lf-string "%[var(txn.front.err)]"
backend agents
    disabled
    mode spop
    server a 127.0.0.1:1
"""

SAME_NAME = """\
defaults
    mode http
    timeout connect 2s
    timeout client 100s
    timeout server 100s
frontend web
    bind <listen:web>
    filter spoe config <dir>/front.conf
    default_backend web
backend web
    filter spoe config <dir>/back.conf
    http-request set-var(txn.seen) str(x)
    http-request return status 200 content-type text/plain lf-string "<said>"
backend agents
    mode spop
"""


class EngineTests(ProcessTestCase):
    """
    Tests of engines in a worker that agent files make.
    """

    def test_disabled_backend(self) -> None:
        """
        A disabled backend of agents has no servers: nobody can be asked.
        """
        proxy = self.make(DISABLED)
        self.write(proxy.directory, "front", "on-frontend-http-request")
        proxy.start()
        proxy.wait_ready()
        self.assertEqual(proxy.get("web").body, b"2")

    def test_same_name(self) -> None:
        """
        A frontend and a backend of one name have filters of their own, engines of one name too.
        """
        said = "%[var(txn.front.err)] %[var(txn.back.err)]"
        proxy = self.make(SAME_NAME, said=said)
        self.write(proxy.directory, "front", "on-frontend-http-request")
        self.write(proxy.directory, "back", "on-backend-http-request")
        proxy.start()
        proxy.wait_ready()
        self.assertEqual(proxy.get("web").body, b"2 2")
        # None of them has the events of the other.
        self.write(proxy.directory, "front", "on-tcp-response")
        answer = proxy.master_cli("reload")
        self.assertEqual(answer.splitlines()[0], "Success=1", answer)
        proxy.wait(lambda: proxy.get("web").body == b" 2")

    def write(self, directory: Path, prefix: str, event: str) -> None:
        """
        Write an agent file, C{<prefix>.conf}.
        """
        text = ASKED.replace("<prefix>", prefix).replace("<event>", event)
        (directory / f"{prefix}.conf").write_text(text)
