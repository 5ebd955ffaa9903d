"""
Tests for L{mwproxy.client.formats}: listings as the consoles of mwproxy and HAProxy write them.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.formats.known import asked, names, reader
from mwproxy.client.formats.words import Unreadable

PROC = """\
#<PID>          <type>          <reloads>       <uptime>        <version>
25039           master          2 [failed: 1]   1d02h03m15s     3.2.0
# workers
27292           worker          0               0d00h00m00s     3.2.0
# old workers
27282           worker          1               0d00h00m01s     3.2.0
# programs
28601           p2              2               0d00h00m09s     -
"""
SEVERAL = """\
#<PID>          <type>          <relative PID>  <reloads>       <uptime>        <version>
1               master          0               0 [failed: 0]   0d00h00m09s     0.1.0 \t\t -1  -1
# workers
2               worker          1               0               0d00h00m09s     0.1.0 \t\t 5   6
3               worker          [was: 2]        1               0d00h00m09s     0.1.0 \t\t 5   6
"""
STAT = """\
# pxname,svname,scur,slim,status,type,-,ssl_sess,
80,FRONTEND,1,,OPEN,0,-,3,
"b,""x",007,,-1,UP 1/2,2,-,,
"""
STATE = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_fqdn srv_port
3 be1 1 7 127.0.0.1 2 - 18090
"""
CONN = """\
# bkname/svname bkid/svid addr port - purge_delay idle_per_thr[2]
be1/s1 3/1 127.0.0.1 18090 - 5000 1 2
"""
SESS = (
    "0x55: proto=tcpv4 src=127.0.0.1:3 fe=fe be=<NONE> srv=<none> age=1s calls=2 rq[f=8h,i=0,an=0h]"
    ' scf=[8,482h,fd=15] exp= uri="GET /a=b c"\n'
)
HELP = "The following commands are valid at this level:\n  show proc [debug] : show : them\n"


class FormatTests(SynchronousTestCase):
    """
    Each listing.
    """

    maxDiff = None

    def _read(self, command: str, text: str) -> Any:
        read = reader(command)
        assert read is not None
        return read(text)

    def test_proc(self) -> None:
        """
        C{show proc}: one row a process, the uptime in seconds.
        """
        rows = self._read("show proc", PROC)
        self.assertEqual(
            rows[0],
            {
                "pid": 25039,
                "type": "master",
                "name": None,
                "relative": None,
                "reloads": 2,
                "failed": 1,
                "uptime": 93795,
                "version": "3.2.0",
                "old": False,
            },
        )
        self.assertEqual(
            [(row["type"], row["name"], row["old"], row["version"]) for row in rows[1:]],
            [
                ("worker", None, False, "3.2.0"),
                ("worker", None, True, "3.2.0"),
                ("program", "p2", False, None),
            ],
        )

    def test_several_workers(self) -> None:
        """
        Where there are several workers each has its number; C{debug} adds columns that do not
        count.
        """
        rows = self._read("show proc debug", SEVERAL)
        self.assertEqual(
            [(row["relative"], row["reloads"], row["old"]) for row in rows],
            [(None, 0, False), (1, 0, False), (2, 1, True)],
        )

    def test_stat(self) -> None:
        """
        C{show stat}: numbers are numbers, names stay text even if they look like numbers, nothing
        is C{None}.
        """
        self.assertEqual(
            self._read("@1 show stat -1 7 -1", STAT),
            [
                {
                    "pxname": "80",
                    "svname": "FRONTEND",
                    "scur": 1,
                    "slim": None,
                    "status": "OPEN",
                    "type": "frontend",
                    "ssl_sess": 3,
                },
                {
                    "pxname": 'b,"x',
                    "svname": "007",
                    "scur": None,
                    "slim": -1,
                    "status": "UP 1/2",
                    "type": "server",
                    "ssl_sess": None,
                },
            ],
        )

    def test_info(self) -> None:
        """
        C{show info}: values by name.
        """
        self.assertEqual(
            self._read(
                "show info", "Name: mwproxy\nVersion: 3\nPid: 8\nUlimit-n: \nUptime: 0d 0h\n"
            ),
            {"Name": "mwproxy", "Version": "3", "Pid": 8, "Ulimit-n": None, "Uptime": "0d 0h"},
        )

    def test_env(self) -> None:
        """
        C{show env}: a value may have several lines.
        """
        self.assertEqual(
            self._read("show env", "A=1\nB=x=y\nsecond\nC=\n"),
            {"A": "1", "B": "x=y\nsecond", "C": ""},
        )

    def test_described(self) -> None:
        """
        C{show activity}, C{show fd} and C{show events}: names and what is said of them.
        """
        self.assertEqual(
            self._read("show activity", "ctxsw: 4\ndate_now: 1.5\n"),
            {"ctxsw": 4, "date_now": "1.5"},
        )
        self.assertEqual(
            self._read("show fd", "      3 : socket:[1] fe=www\n"),
            [{"name": 3, "text": "socket:[1] fe=www"}],
        )
        self.assertEqual(
            self._read("show events", "Supported sinks : these\n    stdout     : type=fd\n"),
            [{"name": "stdout", "text": "type=fd"}],
        )

    def test_columns(self) -> None:
        """
        Tables with names above: the number of the format does not count, C{-} is nothing, a column
        for each thread has its number.
        """
        self.assertEqual(
            self._read("show servers state be1", STATE),
            [
                {
                    "be_id": 3,
                    "be_name": "be1",
                    "srv_id": 1,
                    "srv_name": "7",
                    "srv_addr": "127.0.0.1",
                    "srv_op_state": 2,
                    "srv_fqdn": None,
                    "srv_port": 18090,
                }
            ],
        )
        (row,) = self._read("show servers conn", CONN)
        self.assertEqual(
            row,
            {
                "bkname/svname": "be1/s1",
                "bkid/svid": "3/1",
                "addr": "127.0.0.1",
                "port": 18090,
                "purge_delay": 5000,
                "idle_per_thr[0]": 1,
                "idle_per_thr[1]": 2,
            },
        )
        self.assertEqual(self._read("show backend", "# name\nbe\n"), [{"name": "be"}])
        self.assertEqual(self._read("show backend", ""), [])

    def test_sess(self) -> None:
        """
        C{show sess}: what the line names, brackets and quotes taken off.
        """
        self.assertEqual(
            self._read("show sess", SESS),
            [
                {
                    "id": "0x55",
                    "proto": "tcpv4",
                    "src": "127.0.0.1:3",
                    "fe": "fe",
                    "be": "<NONE>",
                    "srv": "<none>",
                    "age": "1s",
                    "calls": 2,
                    "rq": "f=8h,i=0,an=0h",
                    "scf": "8,482h,fd=15",
                    "exp": None,
                    "uri": "GET /a=b c",
                }
            ],
        )

    def test_patterns(self) -> None:
        """
        C{show map}: the maps, or the entries of one; values may have blanks.
        """
        listed = (
            "# id (file) description\n-1 () pattern loaded from file 'x' curr_ver=0 entry_cnt=2\n"
        )
        self.assertEqual(
            self._read("show map", listed),
            [
                {
                    "id": -1,
                    "file": None,
                    "description": "pattern loaded from file 'x'",
                    "curr_ver": 0,
                    "entry_cnt": 2,
                }
            ],
        )
        self.assertEqual(
            self._read("show map #0", "0x7f k a b\n0x80 1\n"),
            [
                {"ref": "0x7f", "key": "k", "value": "a b"},
                {"ref": "0x80", "key": "1", "value": None},
            ],
        )

    def test_tables(self) -> None:
        """
        C{show table}: the tables, or the entries of one.
        """
        head = "# table: st1, type: ip, size:1024, used:1\n"
        self.assertEqual(
            self._read("show table", head),
            [{"table": "st1", "type": "ip", "size": 1024, "used": 1}],
        )
        self.assertEqual(
            self._read("show table st1", head + "0x1: key=1 use=0 http_req_rate(10000)=4\n"),
            [{"table": "st1", "ref": "0x1", "key": "1", "use": 0, "http_req_rate(10000)": 4}],
        )

    def test_lines(self) -> None:
        """
        Single lines, messages and the help.
        """
        self.assertEqual(self._read("show version", "0.1.0\n"), "0.1.0")
        self.assertEqual(self._read("show startup-logs", "a\n\nb\n"), ["a", "b"])
        self.assertEqual(
            self._read("help", HELP), [{"usage": "show proc [debug]", "text": "show : them"}]
        )

    def test_json_already(self) -> None:
        """
        What the console writes as JSON is taken as it is.
        """
        self.assertEqual(self._read("show stat json", "[[]]"), [[]])
        read = reader("show info json")
        assert read is not None
        self.assertRaises(Unreadable, read, "<html>")

    def test_generations(self) -> None:
        """
        Generations are asked for as JSON.
        """
        self.assertEqual(asked("show generations"), "show generations json")
        self.assertEqual(asked("show proc"), "show proc")
        self.assertEqual(self._read("show generations", '[{"generation":1}]'), [{"generation": 1}])

    def test_none(self) -> None:
        """
        What lists nothing that is known has no reader.
        """
        for command in (
            "",
            "@1",
            "@*",
            "@* set weight b/s 1",
            "set weight b/s 1",
            "show stat typed",
        ):
            self.assertIsNone(reader(command), command)

    def test_garbage(self) -> None:
        """
        What is no such listing is said to be none.
        """
        for command, text in (
            ("show proc", "HTTP/1.1 400\n"),
            ("show proc", PROC + "# what\n"),
            ("show proc", PROC + "1 2\n"),
            ("show proc", PROC + "x worker 0 0d00h00m00s 1\n"),
            ("show stat", "pxname\n"),
            ("show stat", "# pxname,svname,\na,b,c,d,\n"),
            ("show info", "what\n"),
            ("show info", "Name: x\n"),
            ("show env", "what\n"),
            ("show activity", "what\n"),
            ("show backend", "be\n"),
            ("show backend", "# name\na b\n"),
            ("show sess", "what\n"),
            ("show map", "what\n"),
            ("show table", "0x1: key=1\n"),
        ):
            read = reader(command)
            assert read is not None
            self.assertRaises(Unreadable, read, text)

    @given(st.sampled_from(names()), st.text())
    def test_any_garbage(self, command: str, text: str) -> None:
        """
        Whatever comes is read or said to be unreadable.
        """
        read = reader(command)
        assert read is not None
        try:
            read(text)
        except Unreadable as error:
            self.assertTrue(str(error))
