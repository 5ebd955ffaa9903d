"""
Tests for L{mwproxy.client.commands.reload}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.commands.reload import BRIEF, NO_ANSWER, NO_SENSE, judge
from tests.client.consoles import ConsoleTestCase, Script

TABLE = (
    b"#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
    b"1               master          1 [failed: 0]   0d00h00m02s     0.1.0          \n"
    b"# workers\n"
    b"9               worker          0               0d00h00m02s     0.1.0          \n"
)


class JudgeTests(SynchronousTestCase):
    """
    What an answer means.
    """

    def test_success(self) -> None:
        """
        C{Success=1} is silent: the messages are in the log of the master.
        """
        self.assertEqual(judge(["Success=1", "--", "[NOTICE] x", ""]), (0, []))

    def test_failure(self) -> None:
        """
        C{Success=0} shows the start-up log.
        """
        self.assertEqual(judge(["Success=0", "--", "[ALERT] x", ""]), (1, ["[ALERT] x"]))

    def test_refusal(self) -> None:
        """
        A console that may not, or is not a master's, is shown with its own words.
        """
        for text in ("Permission denied", "Unknown command: 'reload', but maybe one of ..."):
            self.assertEqual(judge([text, "more", ""], True), (1, [text, "more"]))

    def test_progress(self) -> None:
        """
        What comes before the outcome is no part of it.
        """
        self.assertEqual(judge(["loading", "Success=0", "--", "[ALERT] x"]), (1, ["[ALERT] x"]))

    def test_no_console(self) -> None:
        """
        After an answer that makes no sense the outcome is unknown; little of it is shown.
        """
        answer = ["HTTP/1.1 400 Bad request", *("x" * 9)]
        self.assertEqual(judge(answer), (2, [NO_SENSE, *answer[:5]]))

    def test_nothing(self) -> None:
        """
        A console that hangs up leaves the outcome unknown.
        """
        self.assertEqual(judge([]), (2, [NO_ANSWER]))


class ReloadTests(ConsoleTestCase):
    """
    The command from outside.
    """

    def test_success(self) -> None:
        """
        It sends C{reload}, and C{hard-reload} with C{--hard}.
        """
        said = b"Success=1\n--\n[NOTICE]   (1) : Loading success.\n\n"
        console = self.prompting({"reload": said, "hard-reload": said})
        self.assertEqual(self.ctl("reload"), (0, "", ""))
        self.assertEqual(self.ctl("reload", "--hard"), (0, "", ""))
        self.assertEqual(console.heard, ["reload", "hard-reload"])

    def test_words(self) -> None:
        """
        What follows is sent along.
        """
        console = self.prompting({"reload confirm 60s": b"Success=1\n--\n\n"})
        self.assertEqual(self.ctl("reload", "confirm", "60s"), (0, "", ""))
        self.assertEqual(console.heard, ["reload confirm 60s"])

    def test_confirmed(self) -> None:
        """
        C{reload confirmed} is no reload: it is answered in a line.
        """
        self.prompting({"reload confirmed": [b"[6]: Done.\n\n", b"[3]: Nothing.\n\n"]})
        self.assertEqual(self.ctl("reload", "confirmed"), (0, "Done.\n", ""))
        self.assertEqual(self.ctl("reload", "confirmed"), (1, "", "Nothing.\n"))

    def test_failure(self) -> None:
        """
        A reload that failed is status 1, with its reasons.
        """
        self.prompting({"reload": b"Success=0\n--\n[ALERT]    (1) : config : x\x1b[2J\n\n"})
        self.assertEqual(self.ctl("reload"), (1, "", "[ALERT]    (1) : config : x^[[2J\n"))

    def test_brief(self) -> None:
        """
        With C{--brief} the reasons are not repeated; a refusal is said all the same.
        """
        said: Script = [b"Success=0\n--\n[ALERT] x\n\n", b"[3]: Permission denied\n\n"]
        self.prompting({"reload": said})
        self.assertEqual(self.ctl("reload", "--brief"), (1, "", f"{BRIEF}\n"))
        self.assertEqual(self.ctl("reload", "--brief"), (1, "", "Permission denied\n"))

    def test_denied(self) -> None:
        """
        So is one that the level does not allow.
        """
        self.prompting({"reload": b"[3]: Permission denied\n\n"})
        self.assertEqual(self.ctl("reload"), (1, "", "Permission denied\n"))

    def test_progress(self) -> None:
        """
        What goes on is told when it is wanted: what the console says, each fact once.
        """
        self.prompting({"reload": b"# worker 7 loads\n# worker 7 loads\nSuccess=1\n--\nlog\n\n"})
        self.assertEqual(
            self.ctl("reload", "--progress"), (0, "", "loading\nworker 7 loads\nready\n")
        )

    def test_wait(self) -> None:
        """
        C{--wait} ends when the old workers are gone, and tells how many connections they have.
        """
        two = (
            TABLE + b"# old workers\n7  worker  1  0d00h00m09s  1\n8  worker  2  0d00h00m09s  1\n\n"
        )
        one = TABLE + b"# old workers\n8  worker  2  0d00h00m09s  1\n\n"
        self.prompting(
            {
                "reload": b"Success=1\n--\n\n",
                "show proc": [two, one, TABLE + b"\n"],
                "@!7 show info": b"Pid: 7\nCurrConns: 2\n\n",
                "@!8 show info": [b"Pid: 8\nCurrConns: 1\n\n", b""],
            }
        )
        self.assertEqual(
            self.ctl("reload", "--wait", "--progress"),
            (
                0,
                "",
                "loading\nready\ndraining: 3 connections in old workers 7, 8\n"
                "draining: 0 connections in old worker 8\nold workers are gone\n",
            ),
        )

    def test_waits_over_a_gap(self) -> None:
        """
        A console that goes away while old workers are waited for is asked again.
        """
        old = TABLE + b"# old workers\n8  worker  2  0d00h00m09s  1\n\n"
        self.prompting(
            {
                "reload": b"Success=1\n--\n\n",
                "show proc": [old, None, TABLE + b"\n"],
                "@!8 show info": b"Pid: 8\nCurrConns: 1\n\n",
            }
        )
        self.assertEqual(self.ctl("reload", "--wait"), (0, "", ""))

    def test_lingering(self) -> None:
        """
        Old workers that stay longer than one wants to wait are status 3, and named.
        """
        self.prompting(
            {
                "reload": b"Success=1\n--\n\n",
                "show proc": TABLE + b"# old workers\n8  worker  2  0d00h00m09s  1\n\n",
                "@!8 show info": b"Pid: 8\nCurrConns: 1\n\n",
            }
        )
        self.assertEqual(
            self.ctl("reload", "--wait", "--timeout", "0.3"),
            (
                3,
                "",
                "mwproxyctl: reloaded, but after 0.3 s there is still 1 connection in old worker"
                " 8\n",
            ),
        )

    def test_unreachable(self) -> None:
        """
        Nobody there is status 2.
        """
        self.assertEqual(
            self.ctl("reload"),
            (2, "", f"mwproxyctl: cannot connect to '{self.path}': No such file or directory\n"),
        )

    def test_hung_up(self) -> None:
        """
        So is a console that hangs up before it has answered, as HAProxy before 2.7 does.
        """
        self.prompting({"reload": None})
        self.assertEqual(self.ctl("reload"), (2, "", f"mwproxyctl: {NO_ANSWER}\n"))

    def test_too_late(self) -> None:
        """
        So is one that does not answer in time.
        """
        self.serve(stalls=True)
        self.assertEqual(
            self.ctl("reload", "--timeout", "0.2"),
            (2, "", f"mwproxyctl: no answer: '{self.path}' took longer than 0.2 s\n"),
        )
