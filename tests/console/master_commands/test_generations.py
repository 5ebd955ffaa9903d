"""
Tests for L{mwproxy.console.master_commands.generations} and of C{reload confirm}.
"""

from __future__ import annotations

import json

from mwproxy.console.master_view import ReloadResult
from mwproxy.core.levels import Level
from tests.console.test_master_session import MasterTestCase

DIFFERENCE = "@@ -1 +1,2 @@\n global\n+  daemon\n\n"


class ShowTests(MasterTestCase):
    """
    Tests of C{show generations}.
    """

    def test_table(self) -> None:
        """
        Each load has a row; below it its files, and why it failed.
        """
        self.assertEqual(
            self.say("show generations\n"),
            "#<generation>   <time>               <what>          <result>     <kept> <workers>   "
            "    <by>\n"
            "3               2001-09-09T01:47:40Z rollback 1      failed       no    -"
            "               SIGHUP\n"
            "  file: a.cfg\n"
            "  why: [ALERT] x\n"
            "2               2001-09-09T01:46:40Z reload          serving      yes   200,201"
            "         -\n"
            "  file: a.cfg (16 bytes)\n"
            "1               -                    start           served       yes   100"
            "             -\n"
            "  file: a.cfg (7 bytes)\n"
            "\n",
        )

    def test_trial(self) -> None:
        """
        What is on trial says so.
        """
        from dataclasses import replace

        listed = self.view.generations.listed
        listed[1] = replace(listed[1], back_to=1, left=12.4)
        self.assertIn(
            "\n  on trial: goes back to 1 in 12s unless confirmed\n", self.say("show generations\n")
        )
        (row,) = (each for each in json.loads(self.say("show generations json\n")) if each["trial"])
        self.assertEqual(row["trial"], {"back_to": 1, "seconds": 12.4})

    def test_json(self) -> None:
        """
        The same as one line of JSON.
        """
        found = json.loads(self.say("show generations json\n"))
        self.assertEqual([each["generation"] for each in found], [3, 2, 1])
        self.assertEqual(
            found[1],
            {
                "generation": 2, "time": 1e9, "what": "reload", "result": "serving", "kept": True,
                "workers": [200, 201], "by": "", "files": [{"name": "a.cfg", "bytes": 16}],
                "trial": None, "why": [],
            },
        )  # fmt: skip

    def test_argument(self) -> None:
        """
        Another argument is refused with what there is.
        """
        self.assertEqual(
            self.say("show generations x\n"),
            "'show generations' only supports 'json' and 'diff [<old> [<new>|files]]' as "
            "argument\n\n",
        )

    def test_levels(self) -> None:
        """
        The list needs level operator, texts need admin.
        """
        self.begin(Level.OPERATOR)
        self.assertIn("serving", self.say("show generations\n"))
        self.assertEqual(self.say("show generations diff\n"), "Permission denied\n\n")
        self.begin(Level.USER)
        self.assertEqual(self.say("show generations\n"), "Permission denied\n\n")
        self.assertEqual(self.say("rollback 1\n"), "Permission denied\n\n")
        self.assertEqual(self.say("reload confirmed\n"), "Permission denied\n\n")


class HelpTests(MasterTestCase):
    """
    Tests of C{help} of a master.
    """

    def test_by_level(self) -> None:
        """
        Only what the connection may run is listed, and meant by suggestions.
        """
        self.assertIn("  rollback <generation> ", self.say("help\n"))
        self.begin(Level.USER)
        text = self.say("help\n")
        self.assertNotIn("rollback", text)
        self.assertNotIn("show proc", text)
        self.assertIn("  show version ", text)
        self.assertIn("  quit ", text)
        self.assertNotIn("show proc", self.say("show prco\n"))

    def test_first_words(self) -> None:
        """
        Words are the beginning of those that are listed.
        """
        lines = self.say("help show gen\n").splitlines()
        self.assertEqual(
            [line.split(" : ")[0].strip() for line in lines[1:-1]],
            [
                "show generations [json]",
                "show generations diff [<old> [<new>|files]]",
                "help [<command>]",
                "prompt [i|p|timed]",
                "quit",
            ],
        )

    def test_nearest(self) -> None:
        """
        An unknown word brings the nearest commands.
        """
        text = self.say("rolback 3\n")
        self.assertIn("Unknown command: 'rolback 3', but maybe one of the following", text)
        self.assertIn("  rollback <generation>", text)


class DiffTests(MasterTestCase):
    """
    Tests of C{show generations diff}.
    """

    def test_serving(self) -> None:
        """
        Without numbers, and with one, it is compared with what serves.
        """
        names = "--- a.cfg (generation 1)\n+++ a.cfg (generation 2)\n"
        self.assertEqual(self.say("show generations diff\n"), names + DIFFERENCE)
        self.assertEqual(self.say("show generations diff 1\n"), names + DIFFERENCE)
        self.assertEqual(self.say("show generations diff 1 2\n"), names + DIFFERENCE)
        self.assertEqual(self.say("show generations diff 2 2\n"), "\n")
        self.assertEqual(self.say("diff\n"), names + DIFFERENCE)
        self.assertEqual(self.say("diff 1 2\n"), names + DIFFERENCE)

    def test_files(self) -> None:
        """
        C{files} are the files as they are now.
        """
        self.assertEqual(
            self.say("show generations diff 2 files\n"),
            "--- a.cfg (generation 2)\n+++ a.cfg\n@@ -1,2 +1,2 @@\n global\n"
            "-  daemon\n+  quiet\n\n",
        )

    def test_refused(self) -> None:
        """
        What is not kept, or no number, is refused.
        """
        for words, expected in (
            ("7", "Generation 7 is not kept.\n\n"),
            ("x", "'x' is not the number of a generation, see 'show generations'\n\n"),
            ("1 0", "'0' is not the number of a generation, see 'show generations'\n\n"),
            ("1 2 3", "'show generations diff' expects at most two numbers of generations, or a "
             "number and 'files'\n\n"),
        ):  # fmt: skip
            self.assertEqual(self.say(f"show generations diff {words}\n"), expected)
        del self.view.generations.texts[1]
        self.assertEqual(self.say("show generations diff\n"), "None.\n\n")


class RollbackTests(MasterTestCase):
    """
    Tests of C{rollback}.
    """

    def test_answer(self) -> None:
        """
        It is answered like C{reload}, and the connection is closed; who asked is told.
        """
        self.session.state.who, self.session.state.address = "uid=0,pid=5", "unix@/m"
        self.assertEqual(self.say("rollback 1\n"), "")
        generations = self.view.generations
        self.assertEqual(generations.asked, [(1, "uid=0,pid=5 on unix@/m", None)])
        generations.results[0].callback(ReloadResult(True, "[NOTICE] x\n", 4))
        self.assertEqual(self.wire.text(), "Success=1\n--\n[NOTICE] x\n\n")
        self.assertTrue(self.wire.disconnecting)

    def test_refused(self) -> None:
        """
        Without a number of something that is kept nothing happens.
        """
        expected = "'rollback' expects the number of a kept generation, see 'show generations'\n\n"
        self.assertEqual(self.say("rollback\n"), expected)
        self.assertEqual(self.say("rollback 1 2\n"), expected)
        self.assertIn("'-1' is not the number", self.say("rollback -1\n"))
        self.assertEqual(self.say("rollback 9\n"), "Generation 9 is not kept.\n\n")
        self.assertFalse(self.wire.disconnecting)


class ConfirmTests(MasterTestCase):
    """
    Tests of C{reload confirm} and C{reload confirmed}.
    """

    def test_time(self) -> None:
        """
        The time is told the master.
        """
        self.say("reload confirm 60s\n")
        self.assertEqual(self.view.wishes, [("", 60_000, None)])
        self.begin()
        self.say("hard-reload confirm 2m\n")
        self.assertEqual(self.view.wishes[1], ("", 120_000, None))
        self.assertTrue(self.view.reloads[1][0])

    def test_refused(self) -> None:
        """
        A reload that was meant otherwise is none.
        """
        for words in ("confirm", "confirm 0", "confirm 60", "confirm x", "confirm 99999d"):
            self.assertEqual(
                self.say(f"reload {words}\n"),
                "'reload confirm' expects a time of at least 1s, such as '60s' (or 'confirmed')"
                "\n\n",
            )
        for words in ("confrim 60s", "now", "confirm 60s x"):
            self.assertEqual(
                self.say(f"reload {words}\n"),
                "'reload' only supports 'confirm <time>' as argument\n\n",
            )
        self.assertEqual(self.view.reloads, [])

    def test_confirmed(self) -> None:
        """
        A confirmation is answered with what serves on; without a trial it fails. Neither closes
        the connection.
        """
        self.assertEqual(
            self.say("reload confirmed\n"), "Success=1\n--\nGeneration 2 is confirmed.\n\n"
        )
        self.assertEqual(self.say("reload confirmed\n"), "Success=0\n--\nNothing is on trial.\n\n")
        self.assertIn("'reload confirmed' takes no argument", self.say("reload confirmed x y\n"))
        self.assertIn("'confirm' takes no argument", self.say("confirm 60s\n"))
        self.assertEqual(self.say("confirm\n"), "Success=0\n--\nNothing is on trial.\n\n")
        self.assertEqual(self.view.reloads, [])

    def test_progress(self) -> None:
        """
        With a prompt it is shown how far it is, before the answer; without one it is not.
        """
        self.say("prompt\nreload\n")
        progress = self.view.wishes[0][2]
        assert progress is not None
        progress("loading generation 4")
        self.assertEqual(self.wire.text(), "# loading generation 4\n")
        self.view.reloads[0][1].callback(ReloadResult(True, "", 4))
        self.assertEqual(self.wire.text(), "Success=1\n--\n\nmaster> ")
        progress("late")
