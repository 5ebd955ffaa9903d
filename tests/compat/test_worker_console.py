"""
The console of a worker: the same command lines to HAProxy and to mwproxy.

The lines are in C{worker_console.txt}, each accepted difference with its reason beside it.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.compat.outcomes import CompatTestCase
from tests.integration.clients import console, request
from tests.integration.harness import Proxy
from tests.integration.origins import Origin

CONFIG = """
global
    stats socket <dir>/admin.sock level admin
    stats socket <dir>/user.sock level user
    stats socket <dir>/operator.sock level operator
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind <listen:fe>
    maxconn 100
    acl one path -m beg /a /b
    acl l hdr(host) -i -f <files>/words.lst
    acl l2 path -f <files>/words.lst
    acl m hdr(host) -M -f <files>/hosts.map
    acl n src 10.0.0.0/8 127.0.0.1
    acl num path_len 3:5 gt 100
    acl mixed path -f <files>/words.lst /zzz
    acl dup path_end .gif .jpg
    acl dup path_end .png
    acl uid path -u 42 /q
    http-request set-var(txn.a) hdr(host),map(<files>/hosts.map,none)
    http-request set-var(txn.b) hdr(host),map_beg(<files>/hosts.map)
    http-request set-var(txn.c) src,map_ip(<files>/networks.map)
    http-request set-var(txn.d) path,length,map_int(<files>/numbers.map)
    http-request set-var(txn.e) path,map_reg(<files>/regex.map)
    http-request set-var(txn.f) path,map_str_int(<files>/values.map)
    http-request set-var(txn.g) path,map_beg_ip(<files>/addresses.map)
    http-request deny if { path_sub bad } METH_POST
    default_backend be
backend be
    fullconn 50
    server s1 <origin>
    server s2 127.0.0.1:1 weight 20 disabled
"""
FILES = {
    "hosts.map": "# comment\na.example  one\nb.example two words\n\na.example second\n",
    "networks.map": "10.0.0.0/8 private\n192.168.1.1 host\n",
    "words.lst": "foo\nbar\n",
    "numbers.map": "1:10 low\n20 twenty\n",
    "regex.map": "^/x x\n(y+) yy\n",
    "values.map": "a 1\nb 2\n",
    "addresses.map": "/a 10.0.0.1\n/six ::1\n",
}
BAD_REQUEST = b"GET / HTTP/1.1\r\nHost : a\r\n\xffBad\tx: 1\\2\r\n\r\n"
BAD_RESPONSE = b"HTTP/1.1 200 OK\r\nheader/bizarre:blah\r\nx-long: " + b"l" * 99 + b"\r\n\r\n"
#: Columns whose figures are the same. C{smax} depends on how soon a connection is closed.
COLUMNS = """
    pxname svname qcur qmax stot dreq dresp ereq econ eresp wretr wredis status
    weight act bck chkfail chkdown downtime qlimit pid iid sid throttle lbtot tracked type rate_lim
    check_status check_code hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other hanafail req_tot
    comp_in comp_out comp_byp comp_rsp last_chk last_agt check_desc addr cookie mode algo conn_tot
    intercepted dcon dses wrew eint
"""
#: Not those of servers: a 502 of the proxy counts for the server too.
NOT_OF_SERVERS = ("hrsp_5xx", "req_tot")
#: Fields of C{show info} that HAProxy 2.6 spells otherwise.
RENAMED = {"TotalSplicdedBytesOut": "TotalSplicedBytesOut"}


@dataclass
class Line:
    """
    A command with what is to be known of its answers.

    @ivar mask: The kind of mask.

    @ivar ours: The first line of mwproxy's answer where it differs, L{None} where it does not.
    """

    command: str
    mask: str = ""
    ours: str | None = None
    reasons: list[str] = field(default_factory=list)


def read_lines() -> list[Line]:
    """
    Read the command lines.
    """
    found: list[Line] = []
    text = Path(__file__).with_name("worker_console.txt").read_text()
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if not line.startswith("  "):
            found.append(Line(line))
        elif line.startswith("  ~ "):
            found[-1].mask = line[4:]
        elif line.startswith("  = "):
            found[-1].ours = line[4:]
        else:
            found[-1].reasons.append(line[4:])
    return found


def mask(kind: str, answer: str) -> str:
    """
    Hide of an answer what differs from one run to the next.

    @param kind: C{framing} where HAProxy's answer lacks the empty line, C{own} for lists that also
        name HAProxy's internal ACLs, C{errors} for invalid messages, C{session}, C{info}, C{stat},
        C{typed} and C{json} for figures; empty for others.

    @return: What is to be compared.
    """
    if answer.startswith("Unknown command"):
        return "unknown command\n"
    if kind == "info":
        return _names(answer)
    if kind == "stat":
        return _columns(answer)
    if kind == "typed":
        return _typed(answer)
    if kind == "json":
        return _json(answer)
    if kind == "own":
        answer = re.sub(r"(?m)^\d+ \(\) acl 'var' file 'httpclient'.*\n", "", answer)
    if kind == "errors":
        # The states of HAProxy's parser, and our reason in their place.
        answer = re.sub(r"(?ms)^(  len [^\n]*)\n.*?\n  \n", r"\1\n  \n", answer)
        answer = re.sub(r"wraps at \d+", "wraps at N", answer)
    if kind == "framing":
        answer = answer.rstrip("\n")
    if kind == "session":
        answer = re.sub(r" (ts=.*)", "", answer)
    answer = re.sub(r"0x[0-9a-f]+", "0xN", answer)
    answer = re.sub(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d+", "DATE", answer)
    # HAProxy counts an entry once for each of its uses.
    answer = re.sub(r"entry_cnt=\d+", "entry_cnt=N", answer)
    answer = re.sub(r"sockpair@\d", "sockpair@N", answer)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", answer)


def _names(answer: str) -> str:
    names = []
    for line in answer.splitlines():
        name, _colon, rest = line.partition(":")
        if name and name[0].isdigit():
            _position, name, _process = name.split(".")
            rest = ":".join(rest.split(":")[:2])
        else:
            rest = ""
        name = RENAMED.get(name, name)
        names.append(f"{name} {rest}")
    return "\n".join(names)


def _columns(answer: str) -> str:
    if not answer.startswith("# "):
        return answer
    rows = csv.DictReader(io.StringIO(answer.removeprefix("# ")))
    return "\n".join(
        f"{row['pxname']}/{row['svname']}/{column}={_plain(column, row[column])}"
        for row in rows
        for column in COLUMNS.split()
        if row["type"] != "2" or column not in NOT_OF_SERVERS
    )


def _plain(column: str, value: str) -> str:
    return re.sub(r":\d+$", ":PORT", value) if column == "addr" else value


def _typed(answer: str) -> str:
    lines = []
    for line in answer.splitlines():
        kind, *_numbers, column = (line or "....").split(".")[:5]
        wanted = set(COLUMNS.split()) - set(NOT_OF_SERVERS if kind == "S" else ())
        if column in wanted:
            lines.append(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", line))
    return "\n".join(lines)


def _json(answer: str) -> str:
    found = json.loads(answer)
    elements = found[0] if found and isinstance(found[0], list) else found
    wanted = set(COLUMNS.split()) | {"Pid", "Uptime", "CurrConns", "node"}
    return "\n".join(
        " ".join([each["field"]["name"], *each["tags"].values(), each["value"]["type"]])
        for each in elements
        if each["field"]["name"] in wanted
    )


class WorkerConsoleTests(CompatTestCase):
    """
    Tests of the commands of a worker.
    """

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.files = directory.name
        for name, text in FILES.items():
            (Path(self.files) / name).write_text(text)
        self.origin = Origin(BAD_RESPONSE)
        self.addCleanup(self.origin.stop)

    def run_all(self, product: str, lines: list[Line]) -> list[str]:
        """
        Send all lines to a product, after some traffic.

        @return: The answers.
        """
        proxy = self.start(CONFIG, product=product, files=self.files, origin=self.origin.address)
        for sent in (BAD_REQUEST, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
            request(proxy.port("fe"), sent)
        answers = [self.ask(proxy, line.command) for line in lines]
        proxy.clean_up()
        return answers

    def ask(self, proxy: Proxy, text: str) -> str:
        """
        Send a line to the socket of its level.
        """
        level, _separator, command = text.rpartition("> ")
        if level not in ("user", "operator"):
            level, command = "admin", text
        path = proxy.directory / f"{level}.sock"
        answer = console(str(path), command.replace("<dir>", self.files))
        return answer.replace(str(proxy.directory), "<own>").replace(str(proxy.file.name), "CFG")

    def test_same_answers(self) -> None:
        """
        All answers are the same, except where a reason stands beside the line; there ours is what
        is written.
        """
        lines = read_lines()
        self.assertGreater(len(lines), 100)
        expected = self.run_all("haproxy", lines)
        found = self.run_all("mwproxy", lines)
        different = []
        for line, theirs, ours in zip(lines, expected, found, strict=True):
            theirs, ours = mask(line.mask, theirs), mask(line.mask, ours)
            if line.mask == "info":
                # 3.2 has more fields than 2.6.
                known = theirs.split("\n")
                ours = "\n".join(name for name in ours.split("\n") if name in known)
                theirs = "\n".join(known)
            if line.ours is not None:
                self.assertTrue(line.reasons, line.command)
                self.assertNotEqual(theirs, ours, f"no longer different: {line.command}")
                if ours.split("\n")[0] == line.ours:
                    continue
                theirs = line.ours
            if theirs != ours:
                different.append(f"{line.command}\n  haproxy {theirs!r}\n  mwproxy {ours!r}")
        self.assertEqual(different, [], "\n" + "\n".join(different))
