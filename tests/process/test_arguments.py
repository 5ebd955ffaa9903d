"""
Tests for L{mwproxy.process.arguments}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.arguments import ArgumentError, Arguments, UsageError, parse_arguments
from mwproxy.process.settings import Settings


def parsed(*words: str) -> Arguments:
    """
    Read a command line.
    """
    return parse_arguments(list(words), "mwproxy")


def got(*words: str) -> Settings:
    """
    Read a command line's settings.
    """
    return parsed(*words).settings


class ArgumentTests(SynchronousTestCase):
    """
    Tests of single options.
    """

    def test_files(self) -> None:
        """
        C{-f} may be repeated, and all behind C{--} is a file.
        """
        self.assertEqual(got("-f", "a", "-f", "b", "--", "c", "-d").files, ("a", "b", "c", "-d"))
        self.assertEqual(got("-f", "-x").files, ("-x",))

    def test_first_letters(self) -> None:
        """
        What follows the letters of an option does not count.
        """
        self.assertTrue(got("-cxx").check)
        self.assertTrue(got("-Wx").master)
        self.assertEqual(got("-fxx", "a").files, ("a",))
        self.assertTrue(got("-dbx").foreground)

    def test_switches(self) -> None:
        """
        Switches set what they name.
        """
        for word, name in (
            ("-c", "check"), ("-D", "daemon"), ("-q", "quiet"), ("-V", "verbose"),
            ("-4", "ipv4_only"), ("-W", "master"), ("-d", "debug"), ("-dQ", "debug"),
            ("-db", "foreground"), ("-dW", "zero_warning"), ("-dD", "diagnostics"),
            ("-dR", "noreuseport"), ("-dr", "no_resolve_fail"), ("-dV", "no_verify"),
            ("-dS", "nosplice"),
        ):  # fmt: skip
            self.assertTrue(getattr(got(word), name), word)

    def test_values(self) -> None:
        """
        Options with a value take the next word.
        """
        found = got(
            "-C", "/d", "-p", "/p", "-L", "me", "-n", "5", "-N", "6", "-m", "7", "-S", "a", "-S",
            "b", "-x", "/s",
        )  # fmt: skip
        self.assertEqual((found.directory, found.pidfile, found.localpeer), ("/d", "/p", "me"))
        self.assertEqual((found.maxconn, found.proxy_maxconn, found.memory_mb), (5, 6, 7))
        self.assertEqual((found.sockets, found.transfer_socket), (("a", "b"), "/s"))

    def test_missing_values(self) -> None:
        """
        An option without its value is an error.
        """
        for letter in "fpSCnmNL":
            error = self.assertRaises(ArgumentError, parsed, f"-{letter}")
            self.assertEqual(str(error), "failed to copy argv.")
        for words in (("-x",), ("-x", "-c")):
            self.assertEqual(
                self.assertRaises(UsageError, parsed, *words).alert,
                "Unix socket path expected with the -x flag",
            )
        self.assertRaises(UsageError, parsed, "-cc")

    def test_no_number(self) -> None:
        """
        Numbers are numbers.
        """
        for value in ("abc", "", "-1", "5x", "1" * 40):
            self.assertRaises(ArgumentError, parsed, "-n", value)

    def test_notify_fd(self) -> None:
        """
        The descriptor for s6 stands in the next word or behind an equals sign, and is a number.
        """
        self.assertEqual(got("--notify-fd", "3", "-f", "a").notify_fd, 3)
        self.assertEqual(got("--notify-fd=4").notify_fd, 4)
        self.assertEqual(got("-f", "a").notify_fd, -1)
        for words in (("--notify-fd", "1"), ("--notify-fd=x",)):
            error = self.assertRaises(ArgumentError, parsed, *words)
            self.assertIn("is not a descriptor from 3 on", str(error))
        error = self.assertRaises(ArgumentError, parsed, "--notify-fd")
        self.assertEqual(str(error), "failed to copy argv.")
        self.assertRaises(UsageError, parsed, "--notify", "3")

    def test_without_effect(self) -> None:
        """
        Options that tune what only HAProxy has are noted as written, and set nothing.
        """
        found = parsed("-de", "-dMno-merge", "-dL", "-f", "a")
        self.assertEqual(found.ignored, ("-de", "-dMno-merge", "-dL"))
        self.assertEqual(found.settings, got("-f", "a"))

    def test_two_old_sockets(self) -> None:
        """
        Of two C{-x} the last one counts, with HAProxy's warning.
        """
        found = parsed("-x", "/a", "-x", "/b")
        self.assertEqual(found.settings.transfer_socket, "/b")
        self.assertEqual(found.warnings, ("-x option already set, overwriting the value",))

    def test_systemd(self) -> None:
        """
        C{-Ws} is a master in the foreground, unless C{-D} says otherwise.
        """
        found = got("-Ws")
        self.assertEqual((found.master, found.systemd, found.foreground), (True, True, True))
        self.assertTrue(got("-Ws", "-D").daemon)

    def test_quiet(self) -> None:
        """
        C{-V} and C{-d} cancel C{-q}.
        """
        self.assertTrue(got("-q").quiet)
        self.assertFalse(got("-q", "-V").quiet)
        self.assertFalse(got("-d", "-q").quiet)

    def test_actions(self) -> None:
        """
        Some options ask for something else than to run.
        """
        self.assertEqual(parsed("-v").version, 1)
        self.assertEqual(parsed("-c", "-vv", "-bogus").version, 2)
        self.assertEqual(parsed("-cc", "true").condition, "true")
        self.assertEqual(parsed("-dKall").keywords, "all")
        self.assertEqual(parsed("-dCkey,line").dump, "key,line")
        self.assertTrue(parsed("-dt", "all", "-c").trace)

    def test_usage(self) -> None:
        """
        What is no option is a mistake.
        """
        for words in (("foo",), ("-z",), ("-",), ("-s",), ("-sx", "1"), ("-c", "a.cfg")):
            self.assertRaises(UsageError, parsed, *words)


class PidTests(SynchronousTestCase):
    """
    Tests of C{-sf} and C{-st}.
    """

    def test_lists(self) -> None:
        """
        Pids accumulate up to the next option; the last option decides the signal.
        """
        found = got("-sf", "1", "2", "-st", "3 ", "-c")
        self.assertEqual((found.old_pids, found.old_hard), ((1, 2, 3), True))
        self.assertFalse(got("-st", "3", "-sf").old_hard)

    def test_empty_list(self) -> None:
        """
        A list may be empty, anywhere.
        """
        self.assertEqual(got("-sf", "-c", "-f", "x").files, ("x",))
        self.assertEqual(got("-f", "x", "-sf").old_pids, ())

    def test_garbage(self) -> None:
        """
        What is no number is named.
        """
        for words, rest in ((("abc",), "abc"), (("12 13",), "13"), (("1", "2x"), "x")):
            error = self.assertRaises(ArgumentError, parsed, "-sf", *words)
            self.assertEqual(
                str(error), f"-sf option: some bytes unconsumed in PID list {{{rest}}}"
            )

    def test_zero(self) -> None:
        """
        Zero and an empty word bring the usage; numbers too large for a pid are refused.
        """
        self.assertRaises(UsageError, parsed, "-sf", "0")
        self.assertRaises(UsageError, parsed, "-sf", "")
        self.assertRaises(ArgumentError, parsed, "-sf", "99999999999")

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.lists(st.text("-scfWxdv 12abc", max_size=4), max_size=6))
    def test_never_breaks(self, words: list[str]) -> None:
        """
        Whatever the words are, they are read or refused.
        """
        try:
            parsed(*words)
        except (UsageError, ArgumentError):
            return
