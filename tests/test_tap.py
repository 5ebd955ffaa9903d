"""
Tests for L{mwproxy.tap}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
from twisted.python import usage
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.inheritance import FORMAT, MasterFacts
from mwproxy.process.reexec import Arrival
from mwproxy.process.settings import Settings
from mwproxy.tap import Options


class OptionsTests(SynchronousTestCase):
    """
    The options of C{twistd mwproxy}.
    """

    def parse(self, *words: str) -> Options:
        options = Options()
        options.parseOptions(list(words))
        return options

    def test_settings(self) -> None:
        """
        Options are those of the C{mwproxy} command; some may be repeated.
        """
        settings = self.parse(
            "-f", "a", "-f", "b", "-S", "/m", "-S", "1.2.3.4:5,level,user", "-n", "7", "-q", "c"
        ).settings()
        self.assertEqual(settings.files, ("a", "b", "c"))
        self.assertEqual(settings.sockets, ("/m", "1.2.3.4:5,level,user"))
        self.assertEqual((settings.maxconn, settings.quiet), (7, True))
        self.assertTrue(settings.master and settings.systemd and settings.under_twistd)
        self.assertEqual(settings.notify_fd, -1)

    def test_equivalents(self) -> None:
        """
        Every option of the command that makes sense under twistd has an equivalent.
        """
        words = (
            "-f a -c --trace-traffic --zero-warning --diagnostics --no-reuseport "
            "--no-resolve-fail --no-splice -4 -C / -p /p -L me -N 5 -m 6 -x /x"
        )
        settings = self.parse(*words.split()).settings()
        for name in ("check", "debug", "zero_warning", "diagnostics", "noreuseport",
                     "no_resolve_fail", "nosplice", "ipv4_only"):  # fmt: skip
            self.assertTrue(getattr(settings, name), name)
        self.assertEqual(
            (settings.directory, settings.pidfile, settings.localpeer), ("/", "/p", "me")
        )
        self.assertEqual((settings.proxy_maxconn, settings.memory_mb), (5, 6))
        self.assertEqual(settings.transfer_socket, "/x")

    def test_defaults(self) -> None:
        """
        What is not given is not set.
        """
        settings = self.parse("-f", "a").settings()
        expected = Settings(files=("a",), master=True, systemd=True, foreground=True,
                            under_twistd=True, argv0=settings.argv0)  # fmt: skip
        self.assertEqual(settings, expected)

    def test_older_processes(self) -> None:
        """
        Lists of pids may be empty; all are told what the last list is for.
        """
        settings = self.parse("-f", "a", "--finish", "12 13", "--terminate", "").settings()
        self.assertEqual((settings.old_pids, settings.old_hard), ((12, 13), True))
        for pids in ("x", "1x", "0", "99999999999"):
            self.assertRaises(usage.UsageError, self.parse, "-f", "a", "--finish", pids)

    def test_loud(self) -> None:
        """
        C{-V} and a trace cancel C{-q}.
        """
        self.assertTrue(self.parse("-f", "a", "-q").settings().quiet)
        self.assertFalse(self.parse("-f", "a", "-qV").settings().quiet)

    def test_help(self) -> None:
        """
        The help names each option in one line, with what the command calls it.
        """
        text = str(self.parse("-f", "a"))
        for word in ("--check", "--finish=", "[-sf]", "[-dS]", "--old-sockets="):
            self.assertIn(word, text)
        self.assertNotIn("[default: ]", text)

    def test_notify_fd(self) -> None:
        """
        The descriptor for s6 has to be open.
        """
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        words = ("-f", "a", "--notify-fd", str(writing))
        self.assertEqual(self.parse(*words).settings().notify_fd, writing)
        os.close(writing)
        self.assertRaises(usage.UsageError, self.parse, *words)

    def test_nothing_to_run(self) -> None:
        """
        Without a configuration, or with numbers that make no sense, nothing is started.
        """
        for words in (
            (),
            ("-f", "a", "-n", "0"),
            ("-f", "a", "-n", "x"),
            ("-f", "a", "-C", "/no"),
            ("-f", "a", "--notify-fd", "1"),
        ):
            self.assertRaises(usage.UsageError, self.parse, *words)

    def test_pidfile_of_twistd(self) -> None:
        """
        twistd writes no pid file in the current directory, unless it was asked to.
        """
        for given, expected in (("twistd.pid", ""), ("/run/t.pid", "/run/t.pid")):
            parent = usage.Options()
            parent["pidfile"] = given
            options = Options()
            options.parent = parent
            options.parseOptions(["-f", "a"])
            self.assertEqual(parent["pidfile"], expected)

    def test_prepared_in_vain(self) -> None:
        """
        An empty pid file, which a start that was killed may leave, does not keep twistd from
        starting.
        """
        path = Path(self.mktemp()).absolute()
        path.touch()
        parent = usage.Options()
        parent["pidfile"] = str(path)
        options = Options()
        options.parent = parent
        options.parseOptions(["-f", "a"])
        self.assertFalse(path.exists())

    def test_pidfile_that_stays(self) -> None:
        """
        A pid file that a successor in place can neither read nor remove, as twistd wrote it before
        it became another user, is not taken for that of another process.
        """
        path = Path(self.mktemp()).absolute()
        for owner, expected in ((os.getpid(), str(path)), (1, "")):
            path.write_text(str(owner))
            parent = usage.Options()
            parent["nodaemon"], parent["pidfile"] = 1, str(path)
            options = Options()
            options.parent = parent
            options.arrival = Arrival(MasterFacts(FORMAT, os.getpid()))
            options.parseOptions(["-f", "a"])
            self.assertEqual(parent["pidfile"], expected)

    def test_rights(self) -> None:
        """
        Ways to give up rights that workers could not follow, or could take back, are refused with
        the way to go instead.
        """
        for name, value, instead in (("chroot", "/jail", "'chroot'"), ("euid", 1, "'user'")):
            parent = usage.Options()
            parent[name] = value
            options = Options()
            options.parent = parent
            with self.assertRaisesRegex(usage.UsageError, f"twistd's --{name} .*: use .*{instead}"):
                options.parseOptions(["-f", "a"])

    def test_plugin(self) -> None:
        """
        twistd finds the plugin.
        """
        found = [each for each in getPlugins(IServiceMaker) if each.tapname == "mwproxy"]
        self.assertEqual([vars(each)["module"] for each in found], ["mwproxy.tap"])
