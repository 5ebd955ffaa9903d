"""
Tests for L{mwproxy.client.formats.reports} and L{mwproxy.client.formats.ssl}: what the console
itself writes is read back.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.formats.known import reader
from mwproxy.client.formats.words import Unreadable
from mwproxy.console.certificate_text import bundle_lines, certificate_lines, revocation_lines
from mwproxy.console.text_diff import diff_files
from mwproxy.console.worker_commands.errors import dump
from mwproxy.protocols.pem import read_bundle, read_revocations
from tests.certificates import Authority

ERRORS = """\
Total events captured on [21/Nov/2026:13:46:22.160] : 2
_
[21/Nov/2026:13:46:21.725] backend be (#3): invalid response
  frontend fe (#2), server s1 (#1), event #1, src 127.0.0.1:53362
  buffer starts at 0 (including 0 out), 16187 free,
  len 197, wraps at 16384, error at position 23
  bad character 0x2f in header name :
__
%s_
[21/Nov/2026:13:46:21.700] frontend fe (#2): invalid request
  backend <NONE> (#-1), server <NONE> (#-1), event #0, src unix
  buffer starts at 0 (including 0 out), 1 free,
  len 3, wraps at 16384, error at position 0
  what :
__
  00000  abc
""".replace("_", " ")
DATA = bytes(range(256)) + b"\\x41" + b"x" * 300 + b"\r\n\n  00000  fake\n" + b"[a] frontend x"


def read(command: str, text: str) -> Any:
    """
    Read an answer; the value can be written as JSON.
    """
    found = reader(command)
    assert found is not None, command
    value = found(text)
    json.dumps(value)
    return value


class ErrorTests(SynchronousTestCase):
    """
    Tests of C{show errors}.
    """

    def test_events(self) -> None:
        """
        Each message has its place, its reason and its bytes, whatever they are.
        """
        found = read("show errors", ERRORS % "".join(dump(DATA)))
        self.assertEqual((found["at"], found["total"]), ("21/Nov/2026:13:46:22.160", 2))
        first, second = found["events"]
        self.assertEqual(first.pop("data").encode("latin-1"), DATA)
        self.assertEqual(
            first,
            {
                "time": "21/Nov/2026:13:46:21.725",
                "kind": "response",
                "backend": "be",
                "frontend": "fe",
                "server": "s1",
                "event": 1,
                "src": "127.0.0.1:53362",
                "length": 197,
                "position": 23,
                "reason": "bad character 0x2f in header name",
            },
        )
        self.assertEqual((second["backend"], second["server"]), (None, None))
        self.assertEqual(second["data"], "abc")

    def test_none(self) -> None:
        """
        No event is an empty array; something else is refused.
        """
        text = "Total events captured on [21/Nov/2026:13:46:22.160] : 0\n"
        self.assertEqual(read("@1 show errors be request", text)["events"], [])
        for wrong in ("", "what\n", text + "what\n"):
            self.assertRaises(Unreadable, read, "show errors", wrong)


class DiffTests(SynchronousTestCase):
    """
    Tests of C{show generations diff}.
    """

    def test_files(self) -> None:
        """
        Files, hunks and lines come back; a line that looks like a title is one of its hunk.
        """
        old = {"a": b"1\n-- x\n3\n", "gone": b"x"}
        new = {"a": b"1\n2\n3\n@@ -1 +1 @@\n", "new": b"y\n"}
        text = "".join(diff_files(old, new, " (generation 1)", ""))
        found = read("show generations diff 1 2", text)
        self.assertEqual(
            found,
            [
                {
                    "old": "a (generation 1)",
                    "new": "a",
                    "hunks": [
                        {
                            "old_line": 1,
                            "new_line": 1,
                            "lines": [" 1", "--- x", "+2", " 3", "+@@ -1 +1 @@"],
                        }
                    ],
                },
                {
                    "old": "gone (generation 1)",
                    "new": "/dev/null",
                    "hunks": [
                        {
                            "old_line": 1,
                            "new_line": 0,
                            "lines": ["-x", "\\ No newline at end of file"],
                        }
                    ],
                },
                {
                    "old": "/dev/null",
                    "new": "new",
                    "hunks": [{"old_line": 0, "new_line": 1, "lines": ["+y"]}],
                },
            ],
        )
        self.assertEqual(read("show generations diff", ""), [])
        self.assertRaises(Unreadable, read, "show generations diff", "what\n")

    @given(st.lists(st.sampled_from(["a", "b", "c"])), st.lists(st.sampled_from(["a", "b", "d"])))
    def test_counts(self, before: list[str], after: list[str]) -> None:
        """
        All lines of a difference are in its hunks.
        """
        old, new = ("".join(f"{each}\n" for each in lines).encode() for lines in (before, after))
        text = "".join(diff_files({"f": old}, {"f": new}, "", ""))
        files = read("show generations diff", text)
        lines = [line for file in files for hunk in file["hunks"] for line in hunk["lines"]]
        listed = [line for line in text.splitlines()[2:] if not line.startswith("@@ ")]
        self.assertEqual(lines, listed)


class AllTests(SynchronousTestCase):
    """
    Tests of C{@*}.
    """

    def test_answers(self) -> None:
        """
        Each worker has its answer, or why there is none.
        """
        text = (
            "# 2 (4721)\nName: mwproxy\nPid: 4721\n# 1 (4720)\n# no answer within 10s\n"
            "# 3 (4722)\nName: x\n# gone without an answer\n# 4 (1)\nPermission denied\n"
        )
        self.assertEqual(
            read("@* show info", text),
            [
                {"worker": 2, "pid": 4721, "answer": {"Name": "mwproxy", "Pid": 4721}},
                {"worker": 1, "pid": 4720, "error": "no answer within 10s"},
                {"worker": 3, "pid": 4722, "error": "gone without an answer"},
                {"worker": 4, "pid": 1, "error": "Permission denied"},
            ],
        )
        self.assertRaises(Unreadable, read, "@* show info", "Can't find the target\n")
        self.assertIsNone(reader("@* set weight b/s 1"))
        self.assertIsNone(reader("@*"))


class SslTests(SynchronousTestCase):
    """
    Tests of C{show ssl cert} and its like.
    """

    def setUp(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, directory)
        self.authority = Authority(directory)

    def test_names(self) -> None:
        """
        The name of a transaction is told from the others; certificates are counted.
        """
        self.assertEqual(
            read("show ssl cert", "# transaction\n*a.pem\n# filename\na.pem\n"),
            [{"name": "a.pem", "transaction": True}, {"name": "a.pem", "transaction": False}],
        )
        self.assertEqual(
            read("show ssl ca-file", "# filename\nx - y - 2 certificate(s)\n"),
            [{"name": "x - y", "transaction": False, "certificates": 2}],
        )
        self.assertEqual(read("show ssl cert", ""), [])
        self.assertRaises(Unreadable, read, "show ssl cert", "what\n")

    def test_one(self) -> None:
        """
        A certificate is its fields and its chain, a file of several its parts.
        """
        server = self.authority.server()
        bundle = read_bundle(server.pem + self.authority.path.read_bytes(), "x")
        assert bundle.certificate is not None
        found = read(
            "show ssl cert x", "Filename: x\nStatus: Used\n" + "".join(bundle_lines(bundle))
        )
        self.assertEqual((found["Filename"], found["Status"]), ("x", "Used"))
        self.assertEqual(found["Subject"], "/CN=localhost")
        self.assertEqual(
            found["Subject Alternative Name"], ["DNS:localhost", "IP Address:127.0.0.1"]
        )
        self.assertEqual(found["chain"], [{"Subject": "/CN=Test CA", "Issuer": "/CN=Test CA"}])
        part = "".join(certificate_lines(bundle.certificate))
        text = f"Filename: x\nStatus: Unused\n \nCertificate #2:\n{part}"
        [only] = read("show ssl ca-file x:2", text)["parts"]
        self.assertEqual((only["number"], only["Subject"]), (2, "/CN=localhost"))

    def test_revocations(self) -> None:
        """
        A list has its revoked certificates.
        """
        text = "Filename: l\nStatus: Unused\n"
        lists = self.authority.revoke() + self.authority.revoke(self.authority.sign("a"))
        for number, each in enumerate(read_revocations(lists), 1):
            part = "".join(revocation_lines(each))
            text += f" \nCertificate Revocation List #{number}:\n{part}"
        first, second = read("show ssl crl-file l", text)["parts"]
        self.assertEqual((first["number"], first["Version"]), (1, 2))
        self.assertNotIn("Revoked Certificates", first)
        [revoked] = second["Revoked Certificates"]
        self.assertEqual(sorted(revoked), ["Revocation Date", "Serial Number"])


class LongSessionTests(SynchronousTestCase):
    """
    Tests of the long form of C{show sess}.
    """

    def test_details(self) -> None:
        """
        The free text of a session comes as lines.
        """
        text = "0x1: proto=tcpv4 rc=0 c_exp=\n  accepted 1s ago\n  stream: x\n0x2: proto=tcpv4\n"
        self.assertEqual(
            read("show sess all", text),
            [
                {
                    "id": "0x1",
                    "proto": "tcpv4",
                    "rc": 0,
                    "c_exp": None,
                    "details": ["accepted 1s ago", "stream: x"],
                },
                {"id": "0x2", "proto": "tcpv4"},
            ],
        )
        self.assertRaises(Unreadable, read, "show sess all", "  x\n")
