"""
Going back to former configurations, trials, and the console's commands about them, with true
processes.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

from tests.integration.clients import PATIENCE, console
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase, Proxy

#: Each reload replaces the master.
ALWAYS = NAMED.replace("no-exit-on-failure", "no-exit-on-failure re-exec always")
MANHOLE = NAMED.replace("global\n", "global\n    insecure-manhole-wanted\n")
TWO = NAMED.replace("global\n", "global\n    nbproc 2\n")
#: A map that has to be there.
MAPPED = NAMED + "    http-request set-header x %[path,map(<dir>/x.map)]\n"


class GenerationsTestCase(ProcessTestCase):
    """
    What these tests have in common.
    """

    def generations(self, proxy: Proxy) -> list[dict[str, Any]]:
        """
        List the generations, newest first.
        """
        found: list[dict[str, Any]] = json.loads(proxy.master_cli("show generations json"))
        return found

    def next(self, proxy: Proxy, config: str, word: str, command: str = "reload") -> str:
        """
        Load another configuration.

        @return: The answer.
        """
        proxy.configure(config, word=word)
        answer = proxy.master_cli(command)
        self.assertEqual(answer.splitlines()[0], "Success=1", answer)
        return answer

    def wait_for(self, proxy: Proxy, word: bytes) -> None:
        """
        Wait until a configuration is served.
        """
        proxy.wait(lambda: proxy.get("web").body == word)


class RollbackTests(GenerationsTestCase):
    """
    Tests of C{rollback}.
    """

    def test_goes_back(self, product: str = "mwproxy") -> None:
        """
        A former configuration is served again though its file is gone by now; the next reload reads
        the file.
        """
        proxy = self.start(NAMED, word="one", product=product)
        self.next(proxy, NAMED, "two")
        proxy.file.unlink()
        self.assertEqual(proxy.reload().splitlines()[0], "Success=0")
        answer = proxy.master_cli("rollback 1")
        self.assertEqual(answer.splitlines()[0], "Success=1", answer)
        self.assertIn("Generation 4 serves the text of generation 1.", answer)
        self.assertEqual(proxy.get("web").body, b"one")
        found = [(row["generation"], row["what"], row["result"]) for row in self.generations(proxy)]
        self.assertEqual(
            found,
            [
                (4, "rollback 1", "serving"),
                (3, "reload", "failed"),
                (2, "reload", "served"),
                (1, "start", "served"),
            ],
        )
        self.assertEqual(self.generations(proxy)[0]["workers"], proxy.worker_pids())
        self.next(proxy, NAMED, "five")
        self.assertEqual(proxy.get("web").body, b"five")
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_under_twistd(self) -> None:
        """
        It is the same under twistd.
        """
        self.test_goes_back("twistd")

    def test_messages(self) -> None:
        """
        What is wrong with a former text is told with the file's name and a mark; what serves serves
        on.
        """
        proxy = self.make(MAPPED, word="one")
        path = Path(proxy.directory, "x.map")
        path.write_text("/a b\n")
        proxy.start()
        proxy.wait_ready()
        self.next(proxy, NAMED, "two")
        path.unlink()
        answer = proxy.master_cli("rollback 1")
        self.assertEqual(answer.splitlines()[0], "Success=0")
        self.assertIn(f"[{proxy.file} (generation 1):11]", answer)
        self.assertIn("x.map", answer)
        self.assertEqual(proxy.get("web").body, b"two")
        self.assertIn("failed to open pattern file", "".join(self.generations(proxy)[0]["why"]))
        path.write_text("/a c\n")
        answer = proxy.master_cli("rollback 1")
        self.assertEqual(answer.splitlines()[0], "Success=1", answer)
        self.assertIn(f"and were read as they are now: {path}\n", answer)

    def test_several_files(self) -> None:
        """
        All files of a generation are kept, those of directories too; a file that has come since
        plays no part, and the environment is that of the start.
        """
        proxy = self.make(NAMED.replace('"<word>"', '"${WORD}-<word>"'), word="one")
        directory = Path(proxy.directory, "d")
        directory.mkdir()
        (directory / "1.cfg").write_text("backend b1\n    server s 127.0.0.1:1\n")
        proxy.start("-f", str(directory), environment={"WORD": "w"})
        proxy.wait_ready()
        self.assertEqual(proxy.get("web").body, b"w-one")
        (directory / "1.cfg").unlink()
        (directory / "2.cfg").write_text("backend b2\n    server s 127.0.0.1:1\n")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        names = [str(proxy.file), str(directory / "1.cfg")]
        difference = proxy.master_cli("show generations diff")
        self.assertIn(f"--- {names[1]} (generation 1)\n+++ /dev/null\n", difference)
        self.assertIn("+backend b2\n", difference)
        self.assertEqual(proxy.master_cli("rollback 1").splitlines()[0], "Success=1")
        found = self.generations(proxy)[0]
        self.assertEqual([each["name"] for each in found["files"]], names)
        stat = proxy.master_cli("@1 show stat")
        self.assertIn("\nb1,BACKEND,", stat)
        self.assertNotIn("b2", stat)
        self.assertEqual(proxy.get("web").body, b"w-one")

    def test_a_dead_worker_is_replaced_with_that_text(self) -> None:
        """
        With C{respawn} a worker that dies after a rollback is replaced with what it served.
        """
        config = NAMED.replace("master-worker", "master-worker respawn")
        proxy = self.start(config, word="one")
        self.next(proxy, config, "two")
        proxy.master_cli("rollback 1")
        (worker,) = proxy.worker_pids()
        os.kill(worker, signal.SIGKILL)
        proxy.wait_output("serves in place of the dead")
        self.assertEqual(proxy.get("web").body, b"one")

    def test_crosses_an_exec(self) -> None:
        """
        What is kept survives that the master is replaced, and so does a rollback's place in line.
        """
        proxy = self.start(ALWAYS, word="one")
        self.next(proxy, ALWAYS, "two")
        self.next(proxy, ALWAYS, "three")
        self.assertIn("takes over from version", proxy.output)
        self.assertEqual(proxy.master_cli("rollback 1").splitlines()[0], "Success=1")
        self.assertEqual(proxy.get("web").body, b"one")
        with socket.socket(socket.AF_UNIX) as waits:
            waits.settimeout(3 * PATIENCE)
            waits.connect(proxy.console_path)
            proxy.configure(ALWAYS, word="five")
            waits.sendall(b"prompt p\nreload\nrollback 2\n")
            answer = b""
            while answer.count(b"Success=1\n") < 2:
                piece = waits.recv(65536)
                self.assertTrue(piece, answer)
                answer += piece
        self.assertEqual(proxy.get("web").body, b"two")
        self.assertEqual(self.generations(proxy)[0]["what"], "rollback 2")


class TrialTests(GenerationsTestCase):
    """
    Tests of C{reload confirm}.
    """

    def test_goes_back(self, product: str = "mwproxy", config: str = NAMED) -> Proxy:
        """
        What is not confirmed goes back by itself, though the console is gone, and no client is
        lost.
        """
        proxy = self.start(config, word="one", product=product)
        crowd = proxy.keep_connecting("web")
        answer = self.next(proxy, config, "two", "reload confirm 1s")
        self.assertRegex(
            answer, r"going back to generation 1 in \ds unless 'reload confirmed' comes\."
        )
        self.wait_for(proxy, b"one")
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))
        proxy.wait_output("Generation 3 serves the text of generation 1.")
        self.assertEqual(self.generations(proxy)[0]["what"], "return 1")
        self.assertEqual(self.generations(proxy)[0]["by"], "no confirmation")
        return proxy

    def test_under_twistd(self) -> None:
        """
        It is the same under twistd.
        """
        self.test_goes_back("twistd")

    def test_crosses_an_exec(self) -> None:
        """
        A trial goes on when the master is replaced, by the very reload that begins it too. Going
        back replaces nobody.
        """
        config = ALWAYS.replace("global\n", "global\n    insecure-manhole-wanted\n")
        proxy = self.test_goes_back(config=config)
        self.assertEqual(proxy.output.count("takes over from version"), 1)
        self.next(proxy, config, "three", "reload confirm 600s")
        self.next(proxy, config, "four")
        self.assertEqual(proxy.output.count("takes over from version"), 3)
        trial = self.generations(proxy)[0]["trial"]
        self.assertEqual(trial["back_to"], 3)
        self.assertLess(trial["seconds"], 600)
        # Whoever waited that long would see the same.
        end = "supervisor.generations.trial._timer.reset(0)"
        proxy.master_cli(f"expert-mode on\nmanhole\n{end}")
        self.wait_for(proxy, b"one")

    def test_confirmed(self) -> None:
        """
        What is confirmed is not on trial any more.
        """
        proxy = self.start(NAMED, word="one")
        self.next(proxy, NAMED, "two", "reload confirm 60s")
        self.assertEqual(self.generations(proxy)[0]["trial"]["back_to"], 1)
        answer = proxy.master_cli("reload confirmed")
        self.assertEqual(answer, "Success=1\n--\nGeneration 2 is confirmed.\n\n")
        self.assertIsNone(self.generations(proxy)[0]["trial"])
        answer = proxy.master_cli("reload confirmed")
        self.assertEqual(answer, "Success=0\n--\nNothing is on trial.\n\n")

    def test_worker_dies(self) -> None:
        """
        A worker on trial that dies does not end everything, though without a trial it would: the
        former configuration is served again, and no client is refused.
        """
        config = NAMED.replace(" no-exit-on-failure", "")
        proxy = self.start(config, word="one")
        self.next(proxy, config, "two", "reload confirm 600s")
        (worker,) = proxy.worker_pids()
        os.kill(worker, signal.SIGKILL)
        proxy.wait_output("Generation 2 did not pass its trial: going back to generation 1.")
        self.assertEqual(proxy.get("web").body, b"one")
        proxy.wait_output("Generation 3 serves the text of generation 1.")
        (worker,) = proxy.worker_pids()
        os.kill(worker, signal.SIGKILL)
        self.assertEqual(proxy.wait_exit(), 137)

    def test_cannot_go_back(self) -> None:
        """
        If the former configuration cannot be loaded any more the one on trial serves on, and that
        is said.
        """
        proxy = self.make(MAPPED, word="one")
        path = Path(proxy.directory, "x.map")
        path.write_text("/a b\n")
        proxy.start()
        proxy.wait_ready()
        self.next(proxy, NAMED, "two", "reload confirm 1s")
        path.unlink()
        proxy.wait_output(
            "Cannot go back to generation 1: generation 2 serves on, without having been confirmed"
        )
        self.assertEqual(proxy.get("web").body, b"two")
        self.assertIn("master[ReloadFailed]> ", proxy.master_cli("prompt"))


class CommandTests(GenerationsTestCase):
    """
    Tests of other commands that are mwproxy's own.
    """

    def test_all_workers(self) -> None:
        """
        One worker that is stopped does not hide the answer of the other.
        """
        proxy = self.start(TWO, word="x")
        first, second = proxy.worker_pids()
        os.kill(first, signal.SIGSTOP)
        self.addCleanup(os.kill, first, signal.SIGCONT)
        answer = proxy.master_cli("@* show info")
        mine, _, rest = answer.partition("# 1 (")
        self.assertTrue(mine.startswith(f"# 2 ({second})\nName: "))
        self.assertIn(f"\nPid: {second}\n", mine)
        self.assertEqual(rest, f"{first})\n# no answer within 10s\n\n")

    def test_progress(self) -> None:
        """
        With a prompt a reload tells how far it is; without one the answer is HAProxy's.
        """
        proxy = self.start(NAMED, word="x")
        text = proxy.master_cli("prompt\nreload")
        lines = text.removeprefix("master> ").splitlines()
        self.assertEqual(lines[0], "# loading generation 2")
        self.assertRegex(lines[1], r"^# worker \(\d+\) is ready$")
        self.assertRegex(lines[2], r"^# (draining \d+ connections in old|nothing is left)")
        self.assertEqual(lines[3:5], ["Success=1", "--"])
        self.assertEqual(proxy.reload().splitlines()[:2], ["Success=1", "--"])

    def test_manhole(self) -> None:
        """
        The Python prompt sees the master, and each of its lines is in the audit; after the end of a
        C{manhole} that the configuration forbids nothing can be done.
        """
        proxy = self.start(MANHOLE, word="x")
        text = proxy.master_cli("expert-mode on\nmanhole\nimport os\nos.getpid()\nquit()")
        self.assertIn(f">>> {proxy.pid}\n>>> ", text)
        proxy.wait_output(r'audit: peer=uid=.* command="manhole: os.getpid\(\)" result="entered"')
        self.next(proxy, NAMED, "y")
        text = proxy.master_cli("expert-mode on\nmanhole")
        self.assertIn("'insecure-manhole-wanted' in 'global' allows it.", text)

    def test_levels(self) -> None:
        """
        Neither C{rollback} nor texts are for low levels.
        """
        proxy = self.make(NAMED, word="x")
        proxy.start("-S", f"{proxy.directory}/o.sock,level,operator")
        proxy.wait_ready()
        path = str(proxy.directory / "o.sock")
        self.assertEqual(
            console(path, "show generations diff 1 files;user;rollback 1;manhole"),
            "Permission denied\n\n" * 3,
        )
