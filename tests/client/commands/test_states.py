"""
Tests for L{mwproxy.client.commands.states} and L{mwproxy.client.commands.listings}.
"""

from __future__ import annotations

import json

from mwproxy.client.commands.listings import administered, age
from tests.client.consoles import ConsoleTestCase

TABLE = (
    b"#<PID>          <type>          <relative PID>  <reloads>       <uptime>        <version>\n"
    b"1   master  0  1 [failed: 0]   0d00h00m02s     0.1.0          \n"
    b"# workers\n"
    b"8   worker  1  0  0d00h00m02s  0.1.0\n"
    b"9   worker  2  0  0d00h00m02s  0.1.0\n"
    b"# old workers\n"
    b"7   worker  [was: 1]  1  0d00h00m02s  0.1.0\n\n"
)
STAT = b"# pxname,svname,status,type,scur,\nb,s,UP,2,3,\n\n"


class StateTests(ConsoleTestCase):
    """
    Servers are taken out of service.
    """

    def test_all_workers(self) -> None:
        """
        All workers that accept clients hear of it, old ones do not.
        """
        console = self.prompting(
            {
                "show proc": TABLE,
                "@!8 set server b/s state drain": b"\n",
                "@!9 set server b/s state drain": b"\n",
            }
        )
        self.assertEqual(self.ctl("drain", "b/s"), (0, "", ""))
        self.assertEqual(
            console.heard,
            ["show proc", "@!8 set server b/s state drain", "@!9 set server b/s state drain"],
        )

    def test_of_worker(self) -> None:
        """
        A worker's own console is asked without ado; each server that is refused is named.
        """
        console = self.prompting(
            {
                "set server b/s state maint": b"\n",
                "set server b/x state maint": b"[3]: No such server.\n\n",
            },
            master=False,
        )
        self.assertEqual(self.ctl("maint", "b/x", "b/s"), (1, "", "b/x: No such server.\n"))
        self.assertEqual(
            console.heard, ["set server b/x state maint", "set server b/s state maint"]
        )

    def test_garbage(self) -> None:
        """
        A list of processes that is none is status 2.
        """
        self.prompting({"show proc": b"what\n\n"})
        status, _, err = self.ctl("ready", "b/s")
        self.assertEqual(status, 2)
        self.assertIn("the answer to 'show proc' makes no sense", err)


class ListingTests(ConsoleTestCase):
    """
    Listings for people.
    """

    def test_stat(self) -> None:
        """
        A master is asked for its first worker unless another is named; filters are sent along.
        """
        console = self.prompting({"@1 show stat": STAT, "@2 show stat b -1 -1": STAT})
        status, out, err = self.ctl("stat")
        self.assertEqual((status, err), (0, ""))
        head, row = out.splitlines()
        self.assertEqual(head.split()[:4], ["proxy", "name", "status", "weight"])
        self.assertEqual(row.split()[:6], ["b", "s", "UP", "-", "-", "3"])
        self.assertEqual(self.ctl("stat", "-w", "2", "b", "--", "-1", "-1")[0], 0)
        self.assertEqual(console.heard, ["@1 show stat", "@2 show stat b -1 -1"])

    def test_json(self) -> None:
        """
        They are JSON too, wherever C{--json} stands.
        """
        self.prompting({"show stat": STAT}, master=False)
        for words in (("--json", "stat"), ("stat", "--json")):
            (row,) = json.loads(self.ctl(*words)[1])
            self.assertEqual(row["type"], "server")

    def test_proc(self) -> None:
        """
        Processes are asked of the master itself.
        """
        self.prompting({"show proc": TABLE})
        status, out, _ = self.ctl("proc")
        self.assertEqual(status, 0)
        self.assertEqual(out.splitlines()[-1].split()[:4], ["7", "old", "worker", "1"])

    def test_others(self) -> None:
        """
        So are figures, sessions and servers listed.
        """
        self.prompting(
            {
                "show info": b"Pid: 7\n\n",
                "show sess": b"0x1: src=a fe=f\n\n",
                "show servers state": b"1\n# be_name srv_name srv_op_state"
                b" srv_admin_state\nb s 2 1\n\n",
            },
            master=False,
        )
        for command, last in (
            ("info", ["Pid", "7"]),
            ("sess", ["0x1", "-", "a", "f", "-", "-", "-", "-"]),
            ("servers", ["b", "s", "-", "-", "running", "maint", "-", "-"]),
        ):
            status, out, err = self.ctl(command)
            self.assertEqual((status, err), (0, ""))
            self.assertEqual(out.splitlines()[-1].split(), last)

    def test_refused(self) -> None:
        """
        A refusal is status 1, garbage is status 2.
        """
        self.prompting(
            {"show sess": b"[3]: Permission denied\n\n", "show info": b"x\n\n"}, master=False
        )
        self.assertEqual(self.ctl("sess"), (1, "", "Permission denied\n"))
        self.assertEqual(
            self.ctl("info"),
            (2, "", "mwproxyctl: the answer to 'show info' makes no sense: 'x' has no name\n"),
        )

    def test_words(self) -> None:
        """
        Durations and states are said in words.
        """
        self.assertEqual(
            [age(each) for each in (5, 65, 3660, 200000)], ["5s", "1m05s", "1h01m", "2d7h"]
        )
        self.assertEqual(
            [administered(each) for each in (0, 1, 4, 8, 0x10, 0x20, "?")],
            ["ready", "maint", "ready", "drain", "drain", "maint", "?"],
        )
