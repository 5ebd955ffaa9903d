"""
Tests for the console commands about maps and ACLs.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.core.diagnostics import Where
from mwproxy.core.levels import Level
from mwproxy.live.patterns import keep_book
from mwproxy.rules.acl import compile_acl
from mwproxy.rules.context import Context
from mwproxy.rules.expression import compile_expression
from tests.console.sessions import connected
from tests.observe.worker import a_worker
from tests.rules.streams import make_stream, proxy

UNKNOWN_MAP = "Unknown map identifier. Please use #<id> or <file>.\n"
UNKNOWN_ACL = "Unknown ACL identifier. Please use #<id> or <file>.\n"


class PatternCommandTests(SynchronousTestCase):
    """
    Tests on a map C{#0}, which C{acl host} (C{#1}) uses too, and an ACL C{#2} on the path.
    """

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.file = str(Path(directory.name) / "m")
        Path(self.file).write_text("a.example one\nexample.com  two words\n")
        context = Context(proxy(), Where("f.cfg", 3))
        self.map, _ = compile_expression(f"hdr(host),map({self.file},none)", context)
        self.host = compile_acl(["hdr(host)", "-M", "-f", self.file], context)
        context.where = Where("f.cfg", 4)
        self.acl = compile_acl(["path_beg", "/x", "/y"], context)
        worker = a_worker()
        keep_book(context.diagnostics, worker.configuration)
        self.session = WorkerConsole(worker, Level.OPERATOR, "i")
        self.wire = connected(self.session)
        self.wire.clear()

    def say(self, text: str) -> str:
        """
        Run a command; C{@@} stands for the map's file.

        @return: The answer without its empty line.
        """
        self.session.dataReceived(f"{text.replace('@@', self.file)}\n".encode())
        answer = self.wire.text()
        self.assertTrue(answer.endswith("\n"))
        return re.sub("0x[0-9a-f]+", "0x", answer.removesuffix("\n")).replace(self.file, "@@")

    def found(self) -> str:
        """
        Look the stream's host up in the map.
        """
        value: bytes = self.map.sample(make_stream())
        return value.decode()

    def test_lists(self) -> None:
        """
        Lists name their uses; a map that an ACL uses is in both.
        """
        shared = (
            "0 (@@) pattern loaded from file '@@' used by map at file 'f.cfg' line 3, "
            "by map at file 'f.cfg' line 3. curr_ver=0 next_ver=0 entry_cnt=2\n"
        )
        self.assertEqual(self.say("show map"), f"# id (file) description\n{shared}")
        self.assertEqual(
            self.say("show acl"),
            f"# id (file) description\n{shared}"
            "1 () acl 'hdr' file 'f.cfg' line 3. curr_ver=0 next_ver=0 entry_cnt=0\n"
            "2 () acl 'path_beg' file 'f.cfg' line 4. curr_ver=0 next_ver=0 entry_cnt=2\n",
        )

    def test_contents(self) -> None:
        """
        Entries have a number of their own before them.
        """
        expected = "0x a.example one\n0x example.com two words\n"
        self.assertEqual(self.say("show map @@"), expected)
        self.assertEqual(self.say("show map #0"), expected)
        self.assertEqual(self.say("show acl #2"), "0x /x\n0x /y\n")
        self.assertEqual(self.say("show map @7 #0"), "")

    def test_look_up(self) -> None:
        """
        Each way to look up has its line.
        """
        self.assertEqual(
            self.say("get map @@ a.example"),
            'type=str, case=sensitive, found=yes, idx=tree, key="a.example", value="one", '
            'type="str"\n'
            'type=str, case=sensitive, found=yes, idx=tree, key="a.example", value=none\n',
        )
        self.assertEqual(
            self.say("get acl #2 /yy"),
            'type=beg, case=sensitive, match=yes, idx=tree, pattern="/y"\n',
        )
        self.assertEqual(self.say("get acl #2 /z"), "type=beg, case=sensitive, match=no\n")

    def test_rules_follow(self) -> None:
        """
        What a console changes, rules use at once.
        """
        stream = make_stream()
        self.assertEqual(self.found(), "two words")
        for command, value, matches in (
            ("set map @@ example.com 2", "2", True),
            ("set map @@ #2 3", "3", True),
            ("del map @@ example.com", "none", False),
            ("add map @@ example.com 4", "4", True),
            ("clear map @@", "none", False),
            ("prepare map @@", "none", False),
            ("add map @1 @@ example.com 5", "none", False),
            ("commit map @1 @@", "5", True),
        ):
            answer = self.say(command)
            self.assertIn(answer, ("", "New version created: 1\n"))
            self.assertEqual((self.found(), self.host(stream)), (value, matches), command)
        self.assertFalse(self.acl(stream))
        self.say("add acl #2 /path")
        self.assertTrue(self.acl(stream))

    def test_payload(self) -> None:
        """
        A payload has an entry in each line; one bad line keeps out all of them.
        """
        self.assertEqual(self.say("add map @@ <<\nk1 v1\nk2 v 2\n"), "")
        self.assertIn("0x k1 v1\n0x k2 v 2\n", self.say("show map @@"))
        self.assertEqual(
            self.say("add map @@ <<\nk3 v3\nk4\n"),
            "Missing value for key 'k4' in the payload: nothing was added.\n",
        )
        self.assertNotIn("k3", self.say("show map @@"))
        self.assertEqual(self.say("add acl #2 <<\n/p\n/q\n"), "")
        self.assertEqual(self.say("show acl #2"), "0x /x\n0x /y\n0x /p\n0x /q\n")

    def test_refused(self) -> None:
        """
        Refusals have HAProxy's words.
        """
        expects = (
            "'add map' expects three parameters (map identifier, key and value) or one parameter "
            "(map identifier) and a payload\n"
        )
        for command, answer in (
            ("show map x", UNKNOWN_MAP),
            ("show map #2", UNKNOWN_MAP),
            ("show acl #9", UNKNOWN_ACL),
            ("get map @@", "Missing map identifier and/or key.\n"),
            ("get acl", "Missing ACL identifier and/or key.\n"),
            ("get map x y", UNKNOWN_MAP),
            ("add map", expects),
            ("add map @@ k", expects),
            ("add map x k v", UNKNOWN_MAP),
            ("add acl #2", "'add acl' expects two parameters: ACL identifier and pattern.\n"),
            (
                "add acl @@ k",
                "This ACL is shared with a map containing samples. You must use the command "
                "'add map' to add values.\n",
            ),
            (
                "add map @1 @@ k v",
                "Version number in the future, please use 'prepare map' before.\n",
            ),
            (
                "set map @@ k",
                "'set map' expects three parameters: map identifier, key and value.\n",
            ),
            ("set map @@ k v", "entry not found.\n"),
            ("set map @@ #99 v", "key or pattern not found.\n"),
            ("del map @@", "This command expects two parameters: map identifier and key.\n"),
            ("del acl #2 /q", "Key not found.\n"),
            ("del acl #2 #zz", "Key not found.\n"),
            ("clear map", "Missing map identifier.\n"),
            ("clear acl x", UNKNOWN_ACL),
            ("prepare acl", UNKNOWN_ACL),
            ("commit map @@", "Missing version number.\n"),
            ("commit map @1", "Missing map identifier.\n"),
            ("commit map @1 @@", "Version number out of range.\n"),
            ("commit map @x @@", "Version number out of range.\n"),
        ):
            self.assertEqual(self.say(command), answer, command)

    def test_levels(self) -> None:
        """
        Users may look, but not change.
        """
        self.say("user")
        self.assertTrue(self.say("show map").startswith("# id"))
        self.assertTrue(self.say("get map @@ x").startswith("type="))
        for verb in ("add", "del", "set", "clear", "prepare", "commit"):
            self.assertEqual(self.say(f"{verb} map @@ a b"), "Permission denied\n")
        for verb in ("add", "del", "clear", "prepare", "commit"):
            self.assertEqual(self.say(f"{verb} acl #2 a"), "Permission denied\n")
