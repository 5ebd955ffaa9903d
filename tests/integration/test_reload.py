"""
Reloads of a true master with true workers.
"""

from __future__ import annotations

import signal
import threading

from tests.integration.clients import Connection, fetch
from tests.integration.configs import BOTH_MODES, NAMED
from tests.integration.harness import ProcessTestCase
from tests.integration.origins import EchoOrigin, Origin


class ReloadTests(ProcessTestCase):
    """
    Tests of C{reload} and USR2.
    """

    def test_success(self) -> None:
        """
        A good reload says so, and the change is live when it has said so.
        """
        proxy = self.start(NAMED, word="one")
        self.assertEqual(proxy.get("web").body, b"one")
        before = proxy.worker_pids()
        proxy.configure(NAMED, word="two")
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[:2], ["Success=1", "--"])
        self.assertIn("Loading success.", answer)
        self.assertEqual(proxy.get("web").body, b"two")
        self.assertNotEqual(proxy.worker_pids(), before)
        master = proxy.rows()["master"][0]
        self.assertEqual(master[:5], [str(proxy.pid), "master", "1", "[failed:", "0]"])

    def test_failure(self) -> None:
        """
        A bad configuration is refused with file and line, and nothing else changes; the
        next good one clears the failure.
        """
        proxy = self.start(NAMED, word="one")
        before = proxy.worker_pids()
        proxy.configure(NAMED.replace("bind", "bnid"), word="two")
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[:2], ["Success=0", "--"])
        self.assertIn(f"parsing [{proxy.file}:9] : unknown keyword 'bnid'", answer)
        self.assertEqual(proxy.get("web").body, b"one")
        rows = proxy.rows()
        self.assertEqual(rows["master"][0][3:5], ["[failed:", "1]"])
        serving = rows["workers"] + rows.get("old workers", [])
        self.assertEqual([int(row[0]) for row in serving], before)
        proxy.configure(NAMED, word="three")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web").body, b"three")
        self.assertEqual(proxy.rows()["master"][0][3:5], ["[failed:", "0]"])

    def test_file_is_gone(self) -> None:
        """
        A configuration file that is gone fails the reload and nothing else.
        """
        proxy = self.start(NAMED, word="one")
        proxy.file.unlink()
        self.assertEqual(proxy.reload().splitlines()[0], "Success=0")
        self.assertEqual(proxy.get("web").body, b"one")

    def test_failure_is_told_everywhere(self) -> None:
        """
        The reason of a failure is on stderr, in the start-up log, in the prompt, in the status.
        """
        proxy = self.start(NAMED, word="one")
        proxy.configure(NAMED.replace("bind", "bnid"), word="two")
        proxy.reload()
        self.assertIn("unknown keyword 'bnid'", proxy.output)
        self.assertIn("unknown keyword 'bnid'", proxy.master_cli("show startup-logs"))
        self.assertIn("master[ReloadFailed]> ", proxy.master_cli("prompt\nquit"))
        proxy.wait(lambda: any("Reload failed!" in notice for notice in proxy.notices))

    def test_usr2(self) -> None:
        """
        USR2 does what C{reload} does.
        """
        proxy = self.start(NAMED, word="one")
        proxy.configure(NAMED, word="two")
        proxy.signal(signal.SIGUSR2)
        proxy.wait_ready(times=2)
        self.assertEqual(proxy.get("web").body, b"two")

    def test_second_waits(self) -> None:
        """
        A reload that is asked for during another is answered too, and for what it loaded.
        """
        proxy = self.start(NAMED, word="one")
        proxy.configure(NAMED, word="two")
        answers: list[str] = []
        askers = [threading.Thread(target=lambda: answers.append(proxy.reload())) for _ in range(3)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        self.assertEqual([answer.splitlines()[0] for answer in answers], ["Success=1"] * 3)
        self.assertEqual(proxy.get("web").body, b"two")

    def test_no_client_is_refused(self) -> None:
        """
        Clients that ask all along good and bad reloads are all served.
        """
        proxy = self.start(NAMED, word="zero")
        crowd = proxy.keep_connecting("web")
        for number in range(6):
            crowd.wait_for(20)
            bad = number % 3 == 2
            text = NAMED.replace("bind", "bnid") if bad else NAMED
            proxy.configure(text, word=f"word{number}")
            self.assertEqual(proxy.reload().splitlines()[0], f"Success={int(not bad)}")
        crowd.wait_for(20)
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))

    def test_request_in_flight(self) -> None:
        """
        A request that the old worker has begun is answered by it.
        """
        release = threading.Event()

        def answer(request: bytes) -> bytes:
            if b"GET /slow " in request:
                release.wait(20)
            return b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone"

        origin, echo = Origin(answer), EchoOrigin()
        self.addCleanup(origin.stop)
        self.addCleanup(echo.stop)
        proxy = self.start(BOTH_MODES, origin=origin.address, echo=echo.address)
        slow = Connection(proxy.port("web"))
        slow.send(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")
        proxy.wait(lambda: origin.requests)
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web", "/other").body, b"done")
        release.set()
        self.assertEqual(slow.response().body, b"done")
        slow.close()

    def test_tunnel_survives(self) -> None:
        """
        A TCP connection goes on over a reload, for as long as it lasts.
        """
        origin, echo = Origin(), EchoOrigin()
        self.addCleanup(origin.stop)
        self.addCleanup(echo.stop)
        proxy = self.start(BOTH_MODES, origin=origin.address, echo=echo.address)
        tunnel = Connection(proxy.port("relay"))
        tunnel.send(b"before")
        self.assertEqual(tunnel.receive_exactly(6), b"before")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        tunnel.send(b"after")
        self.assertEqual(tunnel.receive_exactly(5), b"after")
        tunnel.close()

    def test_old_worker_leaves(self) -> None:
        """
        An old worker without connections ends by itself.
        """
        proxy = self.start(NAMED, word="one")
        (old,) = proxy.worker_pids()
        proxy.reload()
        proxy.wait_output(
            rf"\[WARNING\]  \({proxy.pid}\) : Former worker \({old}\) exited with code 0"
        )
        self.assertNotIn("old workers", proxy.rows())

    def test_listener_comes_and_goes(self) -> None:
        """
        A new C{bind} listens after the reload; one that no worker uses any more is closed.
        """
        path = "bind unix@<dir>/web.sock"
        proxy = self.start(NAMED, word="one")
        web = proxy.port("web")
        both = NAMED.replace("    http-request", f"    {path}\n    http-request")
        proxy.configure(both)
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertTrue((proxy.directory / "web.sock").is_socket())
        proxy.configure(NAMED)
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        proxy.wait(lambda: "old workers" not in proxy.rows())
        self.assertEqual(fetch(web).body, b"one")
        proxy.wait(lambda: not (proxy.directory / "web.sock").exists())
