"""
C{program} sections with true processes: what no program may do to the proxy, and what a reload, an
upgrade and the end of the master do to programs.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

from tests.integration.clients import PATIENCE
from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase, Proxy

SIDECAR = Path(__file__).with_name("sidecar.py")
#: Reloads start it anew, though it has keywords of mwproxy's own.
ANEW = "option start-on-reload"


def program(words: str, *lines: str, name: str = "side") -> str:
    """
    Write a section.

    @param words: Arguments of C{sidecar.py}.
    """
    rest = "".join(f"    {line}\n" for line in lines)
    return f"program {name}\n    command {sys.executable} -I -S {SIDECAR} {words}\n{rest}"


def memory(pid: int) -> int:
    """
    Tell how much memory a process has, in KiB.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


class ProgramTests(ProcessTestCase):
    """
    Tests for programs beside a proxy.
    """

    def begin(self, *sections: str, text: str = NAMED) -> Proxy:
        return self.start(text + "".join(sections), word="one")

    def program_pids(self, proxy: Proxy, title: str = "programs") -> list[int]:
        return [int(row[0]) for row in proxy.rows().get(title, []) if row[0] != "-"]

    def ask(self, path: str) -> int:
        """
        Ask a program for its pid.
        """
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(path)
            return int(sock.makefile().readline())

    def wait_gone(self, proxy: Proxy, pid: int) -> None:
        proxy.wait(lambda: pid not in proxy.processes())

    def test_crash_loop(self) -> None:
        """
        A program that dies again and again harms neither clients nor the console.
        """
        proxy = self.begin(
            program("exit 3", "restart always backoff 1ms:5ms limit 20", "on-failure degrade")
        )
        crowd = proxy.keep_connecting("web")
        proxy.wait_output("not started again: 20 restarts in a row did not last")
        (row,) = proxy.rows()["programs"]
        self.assertEqual((row[0], row[1], row[-1]), ("-", "side", "degraded"))
        proxy.wait(lambda: any("; degraded: side" in each for each in proxy.notices))
        crowd.wait_for(20)
        tally = crowd.finish()
        self.assertEqual((tally.refused, tally.failed), (0, []))
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_flood(self) -> None:
        """
        A program that prints without end is read no faster than is good for us, and the console
        answers.
        """
        proxy = self.begin(program("flood", "log-output rate 5/100ms"))
        before = memory(proxy.pid)
        proxy.wait_output(r"program 'side' : \(\d+ more lines were dropped", times=5)
        self.assertEqual(len(self.program_pids(proxy)), 1)
        self.assertEqual(proxy.get("web").body, b"one")
        self.assertLess(memory(proxy.pid) - before, 8192)
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_nothing_escapes(self) -> None:
        """
        What a program has left in a session of its own goes when it goes.
        """
        proxy = self.begin(program("escape say escaped", "log-output", ANEW))
        proxy.wait_output("program 'side' : escaped")
        former = {pid for pid, words in proxy.processes().items() if "sidecar.py" in words}
        self.assertEqual(len(former), 2)
        proxy.reload()
        proxy.wait(lambda: not former & set(proxy.processes()))
        proxy.wait_output("program 'side' : escaped", times=2)
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_master_is_killed(self) -> None:
        """
        A master that is killed leaves nothing of its programs.
        """
        proxy = self.begin(
            program("escape say escaped", "log-output"), program("deaf say deaf", name="deaf")
        )
        proxy.wait_output("program 'side' : escaped")
        proxy.wait_output("deaf")
        proxy.signal(signal.SIGKILL)
        self.assertEqual(proxy.wait_exit(), -signal.SIGKILL)
        self.assert_no_orphans(proxy)

    def test_hanging(self) -> None:
        """
        A program that hears no signal is killed after its C{stop-timeout}.
        """
        proxy = self.begin(program("deaf say deaf", "stop-timeout 50ms", ANEW))
        proxy.wait_output("deaf")
        (former,) = self.program_pids(proxy)
        proxy.reload()
        proxy.wait_output(rf"Former program 'side' \({former}\) exited with code 137")
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_ready_notify(self) -> None:
        """
        A reload waits for a program that tells by C{NOTIFY_SOCKET} that it is ready.
        """
        self.reload_waits("wait <dir>/go notify serve", "ready notify timeout <time>")

    def test_ready_line(self) -> None:
        """
        A reload waits for a program that tells by a line of its output that it is ready.
        """
        words = "wait <dir>/go say 'up now' serve"
        self.reload_waits(words, "ready line 'up now' timeout <time>")

    def reload_waits(self, words: str, ready: str) -> None:
        """
        The former instance serves until the new one is ready and the workers serve; a reload whose
        program does not get ready changes nothing.
        """
        section = program(words, ready, "listen-on <dir>/s", ANEW)
        proxy = self.make(NAMED + section, word="one", time="20s")
        go, path = proxy.directory / "go", str(proxy.directory / "s")
        go.touch()
        proxy.start()
        proxy.wait_ready()
        (former,) = self.program_pids(proxy)
        self.assertEqual(self.ask(path), former)
        go.unlink()
        proxy.configure(NAMED + section, word="two", time="300ms")
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[0], "Success=0")
        self.assertIn("is not ready after 0.3 seconds", answer)
        proxy.wait(lambda: self.program_pids(proxy, "old programs") == [])
        self.assertEqual(self.program_pids(proxy), [former])
        self.assertEqual((self.ask(path), proxy.get("web").body), (former, b"one"))
        go.touch()
        proxy.configure(NAMED + section, time="20s")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.wait_gone(proxy, former)
        self.assertEqual(proxy.get("web").body, b"two")
        self.assertEqual([self.ask(path)], self.program_pids(proxy))
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_ready_listen(self) -> None:
        """
        C{ready listen} waits for the program's own socket: that a former instance accepts does not
        count.
        """
        section = program("wait <dir>/go serve <dir>/s", "ready listen <dir>/s timeout <time>")
        proxy = self.make(NAMED + section, word="one", time="20s")
        (proxy.directory / "go").touch()
        proxy.start()
        proxy.wait_ready()
        (former,) = self.program_pids(proxy)
        proxy.configure(NAMED + section, time="300ms")
        (proxy.directory / "go").unlink()
        answer = proxy.reload()
        self.assertEqual(answer.splitlines()[0], "Success=0")
        self.assertIn("its former instance has ", answer)
        self.assertEqual(self.ask(str(proxy.directory / "s")), former)

    def test_one_at_a_time(self) -> None:
        """
        A program that cannot run twice is replaced when it has gone, and comes back when the reload
        fails.
        """
        section = program(
            "wait <dir>/go serve <dir>/<place>",
            "ready listen <dir>/<place> timeout <time>",
            "option start-after-stop",
        )
        proxy = self.make(NAMED + section, word="one", time="20s", place="a")
        go = proxy.directory / "go"
        go.touch()
        proxy.start()
        proxy.wait_ready()
        (first,) = self.program_pids(proxy)
        proxy.configure(NAMED + section, word="two", place="b")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertNotIn(first, proxy.processes())
        (second,) = self.program_pids(proxy)
        self.assertEqual(self.ask(str(proxy.directory / "b")), second)
        go.unlink()
        (proxy.directory / "b").unlink()
        proxy.configure(NAMED + section, word="three", time="300ms", place="c")
        self.assertEqual(proxy.reload().splitlines()[0], "Success=0")
        go.touch()
        proxy.wait(lambda: (proxy.directory / "b").exists())
        proxy.wait_output("Program 'side' .* is ready", times=3)
        (third,) = self.program_pids(proxy)
        self.assertEqual(self.ask(str(proxy.directory / "b")), third)
        self.assertEqual(proxy.get("web").body, b"two")
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_ready_spop(self) -> None:
        """
        C{ready spop} waits for the hello of an agent; one that only accepts is none.
        """
        agent = (
            "program agent\n"
            f"    command {sys.executable} -m mwproxy.spoa <agent> --listen <dir>/a\n"
            "    ready spop <dir>/a timeout <time>\n"
        )
        silent = program("serve <dir>/a", "ready spop <dir>/a timeout <time>", name="agent")
        proxy = self.make(NAMED + silent, word="one", time="300ms", agent="")
        proxy.start()
        self.assertEqual(proxy.wait_exit(), 1)
        self.assertIn("no SPOE agent says hello at ", proxy.output)
        file = proxy.directory / "verdicts.py"
        file.write_text(
            "from mwproxy.spoa.agent import Agent\n\nagent = Agent()\n\n\n"
            "@agent.message('m')\ndef message() -> None:\n    return None\n"
        )
        other = self.make(NAMED + agent, word="one", time="20s", agent=f"{file}:agent")
        other.start()
        other.wait_ready()
        self.assertRegex(other.output, r"Program 'agent' \(\d+\) is ready")

    def test_sockets_wait_for_their_program(self) -> None:
        """
        A client that comes while a program is started again is served by the next instance.
        """
        proxy = self.begin(
            program("serve", "listen-on <dir>/s", "restart always backoff 1ms", "log-output")
        )
        path = str(proxy.directory / "s")
        pids = [self.ask(path)]
        for _ in range(3):
            os.kill(pids[-1], signal.SIGKILL)
            # It may have taken a client with it until here.
            self.wait_gone(proxy, pids[-1])
            pids.append(self.ask(path))
        self.assertEqual(len(set(pids)), 4)
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)
        self.assertFalse(Path(path).exists())

    def test_upgrade(self) -> None:
        """
        An upgrade of the master takes along what it knows of programs: those that are unchanged
        are left alone, their sockets and output are the same, one that waits is started again.
        """
        text = NAMED.replace("no-exit-on-failure", "no-exit-on-failure re-exec always")
        proxy = self.begin(
            program(
                "wait <dir>/go say gone serve",
                "listen-on <dir>/s",
                "option keep-unchanged",
                "log-output",
            ),
            program("exit 3", "restart always backoff 1h:1h", "option keep-unchanged", name="loop"),
            program("exit 4", "on-failure degrade", "no option start-on-reload", name="lost"),
            text=text,
        )
        # The other two have ended, and are listed all the same.
        proxy.wait(lambda: len(self.program_pids(proxy)) == 1)
        (side,) = self.program_pids(proxy)
        proxy.wait(lambda: len(proxy.rows()["programs"]) == 3)
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        self.assertIn("takes over from version", proxy.output)
        rows = {row[1]: (row[0], row[-1]) for row in proxy.rows()["programs"]}
        self.assertEqual(
            rows,
            {"side": (str(side), "-"), "loop": ("-", "restarting"), "lost": ("-", "degraded")},
        )
        (proxy.directory / "go").touch()
        self.assertEqual(self.ask(str(proxy.directory / "s")), side)
        proxy.wait_output(rf"\({side}\) : program 'side' : gone")
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_limits_and_room(self) -> None:
        """
        A program finds what its section says around it.
        """
        proxy = self.begin(
            "program room\n"
            "    command /bin/sh -c 'echo $A $PWD $LISTEN_FDS $LISTEN_FDNAMES $MWPROXY_PROGRAM"
            " $(ulimit -Sn) $(ulimit -Hn); ls -l /proc/$$/fd/3; exec sleep 600'\n"
            "    env A='b c'\n    directory /usr\n    rlimit nofile 100:200\n"
            "    listen-on <dir>/s name web\n    log-output\n"
        )
        proxy.wait_output("program 'room' : b c /usr 1 web room 100 200")
        proxy.wait_output("program 'room' : .*socket:")

    def test_directory_that_is_not_there(self) -> None:
        """
        A program that cannot be started as its section wants says why.
        """
        proxy = self.begin(
            program("say hello", "directory /no/such", "on-failure ignore"),
        )
        proxy.wait_output(r"Cannot execute \S+: directory '/no/such': No such file or directory")
        self.assertEqual(proxy.get("web").body, b"one")
