"""
Tests for L{mwproxy.main}.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.main import main
from mwproxy.process import messages
from mwproxy.process.inheritance import FORMAT, MasterFacts
from mwproxy.process.settings import Settings

PLAIN = "global\n    maxconn 10\n"


class EarlyStandIn:
    """
    A worker that was not really started.

    @ivar ended: How often it was told to end.
    """

    def __init__(self) -> None:
        self.ended = 0

    def discard(self) -> None:
        self.ended += 1


class MainTestCase(SynchronousTestCase):
    """
    What tests of the command have in common.
    """

    def setUp(self) -> None:
        # Whatever test came before: messages go to sys.stderr, as at the start of a process.
        self.patch(messages, "_never_waits", None)
        self.directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.config = str(self.directory / "a.cfg")
        Path(self.config).write_text(PLAIN)
        self.started: list[EarlyStandIn] = []

    def start_early(self, environment: Mapping[str, str]) -> EarlyStandIn:
        """
        Note that a worker would be started.
        """
        self.started.append(EarlyStandIn())
        return self.started[-1]

    def run_main(self, *words: str) -> int:
        """
        Run the command.

        @return: The exit status; output and messages are kept.
        """
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            patch.object(sys, "__stderr__", err),
        ):
            status = main(list(words))
        self.out, self.err = out.getvalue(), err.getvalue()
        return status

    def run_fake(self, *words: str) -> tuple[str, Settings]:
        """
        Run the command, but only note what would run.

        @return: C{"check"}, C{"master"} or C{"standalone"}, and the settings.
        """
        called: list[tuple[str, Settings]] = []

        def note(name: str) -> Callable[..., int]:
            def run(
                settings: Settings, facts: MasterFacts | None = None, early: object = None
            ) -> int:
                self.facts, self.early = facts, early
                called.append((name, settings))
                return 77

            return run

        with (
            patch("mwproxy.worker.standalone.check", note("check")),
            patch("mwproxy.worker.standalone.run_standalone", note("standalone")),
            patch("mwproxy.master.start.run_master", note("master")),
            patch("mwproxy.process.early.start_early", self.start_early),
        ):
            self.assertEqual(self.run_main(*words), 77, getattr(self, "err", ""))
        return called[0]


class AnswerTests(MainTestCase):
    """
    Tests of options that answer and end.
    """

    def test_version(self) -> None:
        """
        The version has four lines, more with C{-vv}.
        """
        self.assertEqual(self.run_main("-v"), 0)
        self.assertEqual(len(self.out.splitlines()), 4)
        self.assertTrue(self.out.startswith(f"mwproxy version {__version__} "))
        self.assertEqual(self.run_main("-vv"), 0)
        self.assertIn("Feature list : -", self.out)

    def test_usage(self) -> None:
        """
        Without files the version goes to standard output, the usage to standard error.
        """
        for words in ((), ("foo",), ("-W",), ("-cc",), ("-z",), ("-f", str(self.directory / "e"))):
            (self.directory / "e").mkdir(exist_ok=True)
            self.assertEqual(self.run_main(*words), 1)
            self.assertEqual(len(self.out.splitlines()), 4)
            self.assertTrue(self.err.startswith("Usage : "))

    def test_missing_value(self) -> None:
        """
        An option without its value is an alert.
        """
        self.assertEqual(self.run_main("-c", "-f"), 1)
        self.assertTrue(self.err.endswith(" : failed to copy argv.\n"))
        self.assertEqual(self.run_main("-x"), 1)
        self.assertIn("Unix socket path expected with the -x flag\nUsage", self.err)

    def test_condition(self) -> None:
        """
        C{-cc} answers by its exit status.
        """
        self.assertEqual(self.run_main("-cc", "streq(a,a)"), 0)
        self.assertEqual(self.run_main("-cc", "streq(a,b)"), 1)
        self.assertEqual(self.run_main("-cc", ""), 1)
        self.assertEqual(self.run_main("-cc", "xx"), 2)
        self.assertTrue(
            self.err.endswith(
                "config : Failed to evaluate condition: unparsable conditional expression 'xx'\n"
            )
        )

    def test_keywords(self) -> None:
        """
        C{-dK} lists keywords, and names classes that do not exist.
        """
        self.assertEqual(self.run_main("-dKcli"), 0)
        self.assertIn("show proc [MASTER]", self.out)
        self.assertEqual(self.run_main("-dKfoo"), 1)
        self.assertIn("unknown class 'foo'", self.err)

    def test_dump(self) -> None:
        """
        C{-dC} prints the configuration by words.
        """
        self.assertEqual(self.run_main("-dC,line", "-f", self.config), 0)
        self.assertEqual(self.out, "1\tglobal\n2\t    maxconn 10\n")

    def test_dump_with_a_key(self) -> None:
        """
        With a key the words of the language stay, all others are replaced.
        """
        text = (
            "backend secret\n    balance leastconn\n"
            "    http-request deny if { hdr(x-secret) -i secret } { path_beg /secret }\n"
        )
        Path(self.config).write_text(text)
        self.assertEqual(self.run_main("-dCkey", "-f", self.config), 0)
        self.assertNotIn("secret", self.out)
        lines = self.out.splitlines()
        self.assertEqual(lines[1], "    balance leastconn")
        self.assertRegex(
            lines[2],
            r"^    http-request deny if { hdr\([0-9A-F]{8}\) -i [0-9A-F]{8} } { path_beg "
            r"[0-9A-F]{8} }$",
        )


class RunTests(MainTestCase):
    """
    Tests of what is run.
    """

    def test_check(self) -> None:
        """
        C{-c} checks, whatever else is given.
        """
        kind, settings = self.run_fake("-Ws", "-S", "/tmp/x", "-p", "/x", "-c", "-f", self.config)
        self.assertEqual((kind, settings.pidfile), ("check", "/x"))

    def test_master(self) -> None:
        """
        C{-W} or the configuration bring a master.
        """
        self.assertEqual(self.run_fake("-W", "-f", self.config)[0], "master")
        Path(self.config).write_text("global\n    master-worker\n")
        self.assertEqual(self.run_fake("-f", self.config, "-S", "/tmp/x")[0], "master")

    def test_takes_over(self) -> None:
        """
        A process that takes over from another version of itself is a master, whatever its files
        say by now, and gets what that left; nothing of it stays in the environment.
        """
        facts = MasterFacts(FORMAT, os.getpid(), serving=1)
        memory = os.memfd_create("x")
        os.write(memory, facts.write())
        os.lseek(memory, 0, os.SEEK_SET)
        empty = str(self.directory / "empty")
        Path(empty).mkdir()
        with patch.dict(os.environ, MWPROXY_REEXEC=f"fd:{memory}"):
            self.assertEqual(self.run_fake("-f", empty)[0], "master")
            self.assertNotIn("MWPROXY_REEXEC", os.environ)
        self.assertEqual(self.facts, facts)

    def test_cannot_take_over(self) -> None:
        """
        What cannot be used ends the start.
        """
        with patch.dict(os.environ, MWPROXY_REEXEC="fd:0"):
            self.assertEqual(self.run_main("-W", "-f", self.config), 1)
        self.assertIn("Cannot take over: MWPROXY_REEXEC=fd:0 leads nowhere", self.err)

    def test_standalone(self) -> None:
        """
        Otherwise the process works alone.
        """
        program = str(self.directory / "mwproxy")
        Path(program).touch()
        self.patch(sys, "argv", [program])
        kind, settings = self.run_fake("-D", "--", self.config)
        self.assertEqual((kind, settings.daemon), ("standalone", True))
        self.assertEqual(settings.argv0, program)

    def test_early(self) -> None:
        """
        A master's first worker is started before anything else, unless the master will be another
        process, or in another directory, or there will be none; who does not take it ends it.
        """
        self.run_fake("-W", "-f", self.config)
        self.assertIs(self.early, self.started[0])
        self.assertEqual(self.started[0].ended, 1)
        self.started.clear()
        for words in (("-W", "-D"), ("-W", "-C", "/"), ("-W", "-c"), ()):
            self.run_fake(*words, "-f", self.config)
        self.run_main("-W", "-v")
        self.run_main("-W", "-cc", "1", "-f", self.config)
        self.run_main("-W", "-dC", "-f", self.config)
        self.assertEqual(self.started, [])

    def test_early_and_in_vain(self) -> None:
        """
        When there will be no master after all the worker is ended.
        """
        with patch("mwproxy.process.early.start_early", self.start_early):
            self.run_main("-W", "-f", self.config, "-S", "/tmp/x,foo")
        self.assertEqual([each.ended for each in self.started], [1])

    def test_missing_file(self) -> None:
        """
        A file that cannot be opened is left to who loads it.
        """
        self.assertEqual(self.run_fake("-c", "-f", "/nonexistent.cfg")[0], "check")

    def test_console_without_master(self) -> None:
        """
        C{-S} without master is refused.
        """
        self.assertEqual(self.run_main("-f", self.config, "-S", "/tmp/x"), 1)
        self.assertTrue(
            self.err.endswith(
                " : a master CLI socket was defined, but master-worker mode (-W) is not enabled.\n"
            )
        )

    def test_bad_console(self) -> None:
        """
        C{-S} with a mistake, or with TLS without certificate, is refused before anything starts.
        """
        self.assertEqual(self.run_main("-W", "-f", self.config, "-S", "/tmp/x,foo"), 1)
        self.assertIn("unknown keyword 'foo'", self.err)
        self.assertTrue(self.err.endswith("Can't create the master's CLI.\n"))
        self.assertEqual(self.run_main("-W", "-f", self.config, "-S", "127.0.0.1:1,ssl"), 1)
        self.assertIn("no certificate: add", self.err)

    def test_console_files(self) -> None:
        """
        C{-c} reads the TLS files of C{-S} too.
        """
        socket = f"{self.directory}/m.sock,ssl,crt,{self.directory}/none.pem"
        self.assertEqual(self.run_main("-c", "-W", "-f", self.config, "-S", socket), 1)
        self.assertIn(f"unable to load SSL certificate from file '{self.directory}/", self.err)
        self.assertTrue(self.err.endswith("Can't create the master's CLI.\n"))

    def test_trace(self) -> None:
        """
        C{-dt} has nothing to show, and says so.
        """
        self.run_fake("-dt", "-c", "-f", self.config)
        self.assertIn("'-dt' has no effect", self.err)
        self.run_fake("-dt", "-dV", "-dM", "-q", "-c", "-f", self.config)
        self.assertEqual(self.err, "")

    def test_without_effect(self) -> None:
        """
        Options that change nothing here are said to, each as it was written.
        """
        self.run_fake("-dMno-merge", "-dV", "-x", "/a", "-x", "/b", "-c", "-f", self.config)
        said = [line.split(" : ", 1)[1] for line in self.err.splitlines()]
        self.assertEqual(
            said[-3:],
            [
                "-x option already set, overwriting the value",
                "'-dMno-merge' has no effect: it tunes what only HAProxy has.",
                "'-dV' has no effect: there is no TLS to servers.",
            ],
        )

    def test_verbose(self) -> None:
        """
        C{-V} shows pollers and filters when something starts, not for a check.
        """
        self.run_fake("-V", "-f", self.config)
        self.assertTrue(self.err.startswith("Available polling systems :\n"))
        self.assertEqual(self.out, "Using epoll() as the polling mechanism.\n")
        self.run_fake("-V", "-c", "-f", self.config)
        self.assertEqual((self.out, self.err), ("", ""))
