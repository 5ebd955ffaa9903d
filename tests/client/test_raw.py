"""
Tests for L{mwproxy.client.raw} and L{mwproxy.client.console}.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.connection import Unreachable
from mwproxy.client.console import MOST, Console, payload_tag, split
from mwproxy.client.raw import BadInput, commands
from tests.client.consoles import ConsoleTestCase, Cut, Stalled


class SplitTests(SynchronousTestCase):
    """
    Lines and their commands.
    """

    def test_split(self) -> None:
        """
        A semicolon ends a command unless it is protected; C{@@} takes the whole line.
        """
        for line, expected in (
            ("a; b ;;c", ["a", "b", "c"]),
            ("a\\;b; c\\\\;d", ["a\\;b", "c\\\\", "d"]),
            ("@@1 a; b", ["@@1 a; b"]),
            (" ", []),
        ):
            self.assertEqual(split(line), expected)

    def test_payload(self) -> None:
        """
        C{<<} as the last word asks for a payload, with at most seven characters behind it.
        """
        for line, tag in (
            ("add map f <<", ""),
            ("add map f <<END", "END"),
            ("add map f <<12345678", None),
            ("a << b", None),
            ("", None),
        ):
            self.assertEqual(payload_tag(line), tag)

    def test_commands(self) -> None:
        """
        Payloads follow on the next lines, comments and blank lines do not count.
        """
        typed = "# c\n\na; add map f <<\nk v\n; x\n\nb\nadd map g <<E\nk\n\nE\nc\n"
        self.assertEqual(
            list(commands(iter(typed.splitlines(True)), None)),
            ["a", "add map f <<\nk v\n; x\n", "b", "add map g <<E\nk\n\nE", "c"],
        )

    def test_payload_elsewhere(self) -> None:
        """
        A payload that is not on the next lines is all that there is; one that the console would
        end early is refused.
        """
        self.assertEqual(
            list(commands(iter(["x <<"]), io.StringIO("k v\nl w\n\n"))), ["x <<\nk v\nl w\n"]
        )
        error = self.assertRaises(
            BadInput, list, commands(iter(["x <<"]), io.StringIO("k\n\nquit\n"))
        )
        self.assertIn("an empty line in the middle of the payload", str(error))
        error = self.assertRaises(
            BadInput, list, commands(iter(["x <<E"]), io.StringIO("k\nE\nquit\n"))
        )
        self.assertIn("the line 'E' in the middle", str(error))


class RawTests(ConsoleTestCase):
    """
    Commands that are sent as they are.
    """

    def test_done(self) -> None:
        """
        The answer is on standard output, byte for byte, without last empty line.
        """
        console = self.prompting({"show x": "é\x1b[m".encode() + b"\xc3\n\n"})
        self.assertEqual(self.ctl("show", "x"), (0, "é\x1b[m\udcc3\n", ""))
        self.assertEqual(console.heard, ["show x"])

    def test_refused(self) -> None:
        """
        A refusal is on standard error, and status 1; later commands are run all the same.
        """
        self.prompting({"show x": b"[3]: No such server.\n\n", "y": b"ok\n\n"})
        self.assertEqual(self.ctl("show x;y"), (1, "ok\n", "No such server.\n"))

    def test_nothing_to_say(self) -> None:
        """
        A command that says nothing shows nothing, at a worker's console too.
        """
        self.prompting({"enable server b/s": b"\n"}, master=False)
        self.assertEqual(self.ctl("enable", "server", "b/s"), (0, "", ""))

    def test_words(self) -> None:
        """
        Of several words blanks are protected, one word is a line; C{--} makes what follows no
        command of its own.
        """
        console = self.prompting({"echo a\\ b c": b"\n", "echo a  b": b"\n", "top": b"\n"})
        self.assertEqual(self.ctl("echo", "a b", "c"), (0, "", ""))
        self.assertEqual(self.ctl("echo a  b"), (0, "", ""))
        self.assertEqual(self.ctl("--", "top"), (0, "", ""))
        self.assertEqual(console.heard, ["echo a\\ b c", "echo a  b", "top"])

    def test_input(self) -> None:
        """
        Without a command standard input is run; the status is that of the worst.
        """
        console = self.prompting({"a": b"1\n\n", "b": b"2\n\n"})
        self.assertEqual(self.ctl(stdin="a\nnope\nb"), (1, "1\n2\n", "Unknown command: 'nope'\n"))
        self.assertEqual(console.heard, ["a", "nope", "b"])

    def test_payload(self) -> None:
        """
        A payload comes from standard input, or from the command line itself.
        """
        console = self.prompting({"x <<\nk v\n": b"+ ok\n\n"})
        self.assertEqual(self.ctl("x", "<<", stdin="k v\n"), (0, "ok\n", ""))
        self.assertEqual(self.ctl("x <<\nk v\n"), (0, "ok\n", ""))
        self.assertEqual(console.heard, 2 * ["x <<\nk v\n"])

    def test_json(self) -> None:
        """
        C{--json} before or behind the command gives a line of JSON.
        """
        self.prompting({"show version": b"[6]: 0.1.0\n\n"})
        for words in (("--json", "show", "version"), ("show", "version", "--json")):
            status, out, err = self.ctl(*words)
            self.assertEqual((status, json.loads(out), err), (0, "0.1.0", ""))

    def test_no_json(self) -> None:
        """
        What has no JSON is not even sent.
        """
        console = self.prompting({})
        status, out, err = self.ctl("--json", "set", "weight", "b/s", "1")
        self.assertEqual((status, out), (64, ""))
        self.assertIn("'set weight b/s 1' has no JSON; these have: help, show acl", err)
        self.assertEqual(console.heard, [])

    def test_json_refused(self) -> None:
        """
        A refusal is none, nor is an answer that makes no sense.
        """
        self.prompting({"show sess": b"[3]: Permission denied\n\n", "show proc": b"what\n\n"})
        self.assertEqual(self.ctl("--json", "show sess"), (1, "", "Permission denied\n"))
        self.assertEqual(
            self.ctl("--json", "show proc"),
            (
                2,
                "",
                "mwproxyctl: the answer to 'show proc' makes no sense: a table of processes begins"
                " with '#<PID>', not with 'what'\n",
            ),
        )

    def test_closed(self) -> None:
        """
        What comes behind C{quit} is not run, and said not to be.
        """
        self.prompting({})
        self.assertEqual(self.ctl("quit"), (0, "", ""))
        self.assertEqual(
            self.ctl("quit;a"),
            (2, "", "mwproxyctl: the console has closed the connection; not run: 'a'\n"),
        )

    def test_dies(self) -> None:
        """
        A console that hangs up before or within its answer is status 2; what it said is shown.
        """
        self.prompting({"a": None})
        self.assertEqual(
            self.ctl("a"), (2, "", f"mwproxyctl: '{self.path}' hung up without an answer\n")
        )

    def test_cut_short(self) -> None:
        """
        An answer whose end is missing is shown as far as it came, and status 2.
        """
        self.prompting({"a": Cut(b"one\ntwo")})
        self.assertEqual(
            self.ctl("a"),
            (2, "one\ntwo\n", f"mwproxyctl: '{self.path}' hung up in the middle of its answer\n"),
        )

    def test_stalls(self) -> None:
        """
        A console that stops in the middle is given up in time.
        """
        self.prompting({"a": Stalled(b"one\ntwo\n")})
        self.assertEqual(
            self.ctl("--timeout", "0.3", "a"),
            (2, "one\ntwo\n", f"mwproxyctl: no answer: '{self.path}' took longer than 0.3 s\n"),
        )

    def test_garbage(self) -> None:
        """
        Who is no console is told by what he says.
        """
        self.serve(b"SSH-2.0-\x1b]x\nmaster> ", stalls=True)
        self.assertEqual(
            self.ctl("a"),
            (2, "", f"mwproxyctl: '{self.path}' is no console: it says 'SSH-2.0-^[]x'\n"),
        )

    def test_other_servers(self) -> None:
        """
        So is who hangs up at once, or says nothing more.
        """
        http = b"HTTP/1.1 400 Bad request\r\nConnection: close\r\n\r\n<html>"
        for stalls, says in ((False, http), (True, b"220 mail.example ESMTP\r\n")):
            console = self.serve(says, stalls=stalls)
            self.assertEqual(
                self.ctl("--timeout", "2", "a"),
                (
                    2,
                    "",
                    f"mwproxyctl: '{self.path}' is no console: it says"
                    f" '{says.splitlines()[0].decode()}'\n",
                ),
            )
            console.stop()
            Path(self.path).unlink()

    def test_flood(self) -> None:
        """
        100 MB go through, in pieces.
        """
        piece = b"x" * 999 + b"\n"
        self.prompting({"flood": piece * 100_000 + b"\n"})
        size = 0
        with Console(self.path, 60) as console:
            for part in console.stream("flood"):
                size += len(part)
                self.assertLess(len(part), 1_000_000)
        self.assertEqual(size, 100_000_000)

    def test_flood_kept_whole(self) -> None:
        """
        What is kept whole has an end.
        """
        self.prompting({"flood": b"x" * (MOST + 1_000_000)})
        with Console(self.path, 60) as console:
            error = self.assertRaises(Unreachable, console.ask, "flood")
        self.assertEqual(str(error), f"'{self.path}' says too much to be a console")
