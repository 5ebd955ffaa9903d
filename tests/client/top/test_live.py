"""
Tests for L{mwproxy.client.top}: looks, and the view at a terminal.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.commands.top import NEEDS_RICH
from mwproxy.client.console import Console
from mwproxy.client.formats.words import Unreadable
from mwproxy.client.top.sample import Refused, Sampler
from mwproxy.client.top.source import rest
from tests.client.consoles import ConsoleTestCase, Cut, Script, Stalled, ctl
from tests.client.terminals import Terminal
from tests.client.top.looks import INFO, OLD, PROC, stat

ANSWERS: dict[str, Script] = {
    "show proc": PROC + b"\n",
    "show generations json": b'[{"generation":4,"result":"serving"}]\n\n',
    "@!9 show info": INFO % (9, 5),
    "@!9 show stat": [stat(100 * each) for each in range(99)],
    "@!9 show stat -1 3 -1": stat(1000),
}


class SampleTests(ConsoleTestCase):
    """
    What a look asks for.
    """

    def _sampler(self, answers: dict[str, Script], *, master: bool = True) -> Sampler:
        self.console = self.prompting(answers, master=master)
        console = Console(self.path, 10)
        self.addCleanup(console.close)
        return Sampler(console)

    def test_master(self) -> None:
        """
        A master is asked for its processes and its worker; for generations when a process changed.
        """
        sampler = self._sampler(ANSWERS)
        sample = sampler.take()
        self.assertEqual((sample.worker, sample.generation, len(sample.rows)), (9, 4, 3))
        sampler.servers = False
        sampler.take()
        self.assertEqual(
            self.console.heard,
            [
                "show proc",
                "show generations json",
                "@!9 show info",
                "@!9 show stat",
                "show proc",
                "@!9 show info",
                "@!9 show stat -1 3 -1",
            ],
        )

    def test_worker(self) -> None:
        """
        A worker's own console has no processes.
        """
        sampler = self._sampler({"show info": INFO % (9, 5), "show stat": stat()}, master=False)
        sample = sampler.take()
        self.assertEqual((sample.worker, sample.processes), (0, []))

    def test_stays(self) -> None:
        """
        A worker's console is asked not to hang up soon; a master's does not.
        """
        for master, heard in ((True, []), (False, ["set timeout cli 3600"])):
            console = self.prompting({}, master=master)
            with Console(self.path, 10) as asked:
                asked.stay()
            self.assertEqual(console.heard, heard)
            console.stop()
            os.unlink(self.path)  # noqa: PTH108

    def test_draining(self) -> None:
        """
        Old workers are asked how much they have left; one that goes meanwhile does not matter.
        """
        old = OLD + b"6   worker  2  0d00h01m02s  0.1.0\n\n"
        sample = self._sampler(
            {
                **ANSWERS,
                "show proc": PROC + old,
                "@!7 show info": INFO % (7, 3),
                "@!6 show info": b"Can't find the target PID matching the prefix '@!6'\n",
            }
        ).take()
        self.assertEqual(sample.connections, {7: 3})

    def test_after_a_failed_reload(self) -> None:
        """
        The worker that is kept when a reload failed is the one that serves, though it is listed as
        an old one.
        """
        proc = PROC.replace(b"9   worker  0  0d00h00m02s  0.1.0\n", b"") + OLD + b"\n"
        sampler = self._sampler(
            {
                "show proc": proc,
                "@!7 show info": INFO % (7, 3),
                "@!7 show stat": stat(),
                "@!7 set server be/s1 state drain": b"\n",
            }
        )
        sample = sampler.take()
        self.assertEqual((sample.worker, sample.connections, sample.generation), (7, {}, 0))
        self.assertEqual(sampler.change("be/s1", "drain"), "")

    def test_several(self) -> None:
        """
        Of several workers one is shown, and all hear of changes.
        """
        proc = PROC + b"10  worker  0  0d00h00m02s  0.1.0\n\n"
        sampler = self._sampler(
            {
                **ANSWERS,
                "show proc": proc,
                "@!10 show info": INFO % (10, 5),
                "@!10 show stat": stat(),
                "@!9 set server be/s1 state maint": b"\n",
                "@!10 set server be/s1 state maint": b"[3]: No such server.\n\n",
            }
        )
        sampler.chosen = 3
        self.assertEqual(sampler.take().worker, 10)
        self.assertEqual(sampler.change("be/s1", "maint"), "No such server.")

    def test_not_given(self) -> None:
        """
        A level that does not allow it, no worker, and garbage are told apart.
        """
        for proc, error in (
            (b"[3]: Permission denied\n\n", Refused),
            (b"#<PID>\n1 master 0 0d00h00m00s 1\n\n", Refused),
            (b"what\n\n", Unreadable),
        ):
            sampler = self._sampler({"show proc": proc})
            self.assertRaises(error, sampler.take)
            self.console.stop()
            os.unlink(self.path)  # noqa: PTH108

    def test_generations_that_make_no_sense(self) -> None:
        """
        What is no list of generations is none.
        """
        for said in (b"[1]\n\n", b"{}\n\n", b"x\n\n", b'[{"result":"serving"}]\n\n'):
            sampler = self._sampler({**ANSWERS, "show generations json": said})
            self.assertEqual(sampler.take().generation, 0)
            self.console.stop()
            os.unlink(self.path)  # noqa: PTH108


class RestTests(SynchronousTestCase):
    """
    How often it looks.
    """

    def test_rest(self) -> None:
        """
        A look that takes long is followed by a longer pause: the proxy has at most a fifth of its
        time to do with it.
        """
        self.assertEqual(rest(2.0, 0.1), 2.0)
        self.assertEqual(rest(2.0, 3.0), 12.0)


class TopTests(ConsoleTestCase):
    """
    The view at a terminal.
    """

    def top(self, answers: dict[str, Script], *words: str, **environment: str) -> Terminal:
        """
        Start it.
        """
        self.console = self.prompting(answers)
        terminal = Terminal("-s", self.path, "top", "-i", "0.5", *words, **environment)
        self.addCleanup(terminal.close)
        return terminal

    def test_shows(self) -> None:
        """
        Proxies, servers, rates, processes and generations are there, and change.
        """
        processes: list[bytes | None] = [*(3 * [PROC + b"\n"]), PROC + OLD + b"\n"]
        terminal = self.top(
            {**ANSWERS, "show proc": processes, "@!7 show info": INFO % (7, 1)},
        )
        terminal.wait("generation 4  3 reloads (1 failed)  5/100 connections")
        terminal.wait("old worker          7  up 1m02s   0.1.0  draining 1 connection")
        text = terminal.wait(
            lambda screen: any("FRONTEND" in line and "k" in line for line in screen.splitlines())
        )
        self.assertIn("master              1  up 3m02s", text)
        terminal.type("q")
        self.assertEqual(terminal.wait_exit(), 0)
        self.assertIn(b"\x1b[?1049l", terminal.raw)

    def test_changes_a_server(self) -> None:
        """
        A server is drained after a question; what came of it is shown.
        """
        terminal = self.top({**ANSWERS, "@!9 set server be/s1 state drain": b"\n"})
        terminal.wait("be  ")
        terminal.type("\x1b[B")
        terminal.type("d")
        terminal.wait("set be/s1 to drain? y: yes")
        terminal.type("y")
        terminal.wait("be/s1: drain")
        self.assertIn("@!9 set server be/s1 state drain", self.console.heard)
        terminal.type("m")
        terminal.wait("set be/s1 to maint?")
        terminal.type("y")
        terminal.wait("Unknown command: '@!9 set server be/s1 state maint'")
        terminal.type("\x03")
        self.assertEqual(terminal.wait_exit(), 0)

    def test_keys(self) -> None:
        """
        Filter, servers, pause and help are seen.
        """
        terminal = self.top(ANSWERS)
        terminal.wait("BACKEND")
        terminal.type("/front")
        terminal.wait("show only: front_")
        terminal.type("\r")
        terminal.wait(lambda screen: "showing 'front': 1 of 3" in screen and "s1" not in screen)
        terminal.type("/\x1b")
        terminal.wait(" s1 ")
        terminal.type("s")
        terminal.wait(lambda screen: " s1 " not in screen)
        terminal.type(" ")
        terminal.wait("PAUSED")
        terminal.type("?")
        terminal.wait("the order of the configuration again")
        terminal.type("xq")
        self.assertEqual(terminal.wait_exit(), 0)

    def test_survives(self) -> None:
        """
        A console that hangs up, or answers half, is connected to again; what is known stays.
        """
        half: Any = [stat(100), Cut(b"# px"), stat(200), None, stat(300)]
        terminal = self.top({**ANSWERS, "@!9 show stat": half})
        terminal.wait("hung up in the middle of its answer")
        self.assertIn("FRONTEND", terminal.text())
        terminal.wait("hung up without an answer")
        terminal.wait("h: help")
        terminal.type("q")
        self.assertEqual(terminal.wait_exit(), 0)

    def test_leaves_at_once(self) -> None:
        """
        A console that stalls keeps nobody from leaving.
        """
        terminal = self.top({**ANSWERS, "show proc": Stalled(b"#<PID>\n")})
        terminal.wait("connecting")
        terminal.type("q")
        self.assertEqual(terminal.wait_exit(), 0)

    def test_harmless(self) -> None:
        """
        Names that a terminal would obey are shown.
        """
        terminal = self.top({**ANSWERS, "@!9 show stat": stat(1, "s\x1b[31m UP\x1b]0;x\x07")})
        terminal.wait("s^[[31m")
        self.assertNotIn(b"\x1b]0;x", terminal.raw)
        terminal.type("q")
        self.assertEqual(terminal.wait_exit(), 0)

    def test_no_color(self) -> None:
        """
        C{NO_COLOR} is obeyed.
        """
        terminal = self.top(ANSWERS, NO_COLOR="1")
        terminal.wait("OPEN")
        terminal.type("q")
        self.assertEqual(terminal.wait_exit(), 0)
        self.assertNotIn(b"32mOPEN", terminal.raw)

    def test_once(self) -> None:
        """
        C{--once} needs no terminal.
        """
        self.prompting(ANSWERS)
        status, out, err = self.ctl("top", "--once", "-i", "0.1")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("generation 4", out)
        self.assertIn("FRONTEND", out)
        self.assertNotIn("\x1b", out)

    def test_once_refused(self) -> None:
        """
        It ends with the console's words when these do not allow it.
        """
        self.prompting({"show proc": b"[3]: Permission denied\n\n"})
        self.assertEqual(
            self.ctl("top", "--once"), (1, "", "mwproxyctl: show proc: Permission denied\n")
        )

    def test_no_terminal(self) -> None:
        """
        Without a terminal, or with one that cannot, it says what else there is.
        """
        status, _, err = ctl("top")
        self.assertEqual(status, 64)
        self.assertIn("'top' needs a terminal; elsewhere: 'top --once'", err)
        terminal = Terminal("top", TERM="dumb")
        self.addCleanup(terminal.close)
        self.assertEqual(terminal.wait_exit(), 64)
        self.assertIn("not TERM=dumb", terminal.text())

    def test_without_rich(self) -> None:
        """
        Without rich it says what to install.
        """
        package = self.directory / "hidden" / "rich"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise ImportError\n")
        terminal = Terminal("top", PYTHONPATH=str(package.parent))
        self.addCleanup(terminal.close)
        self.assertEqual(terminal.wait_exit(), 1)
        self.assertIn(NEEDS_RICH, terminal.text())
