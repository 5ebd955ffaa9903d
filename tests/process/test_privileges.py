"""
Tests for L{mwproxy.process.privileges}.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import Global
from mwproxy.process.privileges import CannotDrop, drop_privileges
from mwproxy.process.spawn import ROOT

SCRIPT = """
import os, sys
from mwproxy.config.model import Global
from mwproxy.process.privileges import CannotDrop, drop_privileges
status = open("/proc/self/status")
limits = open("/proc/self/limits")
try:
    drop_privileges(Global({settings}), "mwproxy", print)
except CannotDrop as error:
    print(error)
for line in (*status, *limits):
    if line.startswith({shown!r}):
        print(*line.split())
if {listing}:
    print(os.listdir("/"))
"""


class PrivilegesTests(SynchronousTestCase):
    """
    Giving up rights.
    """

    timeout = 20

    def drop(
        self, settings: str, *shown: str, before: tuple[str, ...] = (), listing: bool = False
    ) -> list[str]:
        """
        Give up rights in a process of its own.

        @param settings: What C{global} says, as arguments.

        @param shown: Lines of its status and limits to look at behind that.

        @param before: A command that runs it, such as C{setpriv}.

        @return: What it printed.
        """  # fmt: skip
        if os.geteuid():
            self.skipTest("only root can give up rights")
        code = SCRIPT.format(settings=settings, shown=shown, listing=listing)
        done = subprocess.run(
            [*before, sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": ROOT},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()

    def as_user(self, *words: str) -> tuple[str, ...]:
        """
        Make a command that runs another as an ordinary user.

        @param words: More options of C{setpriv}.
        """
        setpriv = shutil.which("setpriv")
        if setpriv is None or os.geteuid():
            self.skipTest("needs root and setpriv")
        return (setpriv, "--reuid=65534", "--regid=65534", *words)

    def test_no_such_directory(self) -> None:
        """
        A chroot that fails is said with HAProxy's words.
        """
        error = self.assertRaises(CannotDrop, drop_privileges, Global(chroot="/no/such"), "/bin/x")
        self.assertEqual(str(error), "[/bin/x.main()] Cannot chroot(/no/such).")

    def test_everything(self) -> None:
        """
        Root, groups, user and capabilities are all given up for good.
        """
        directory = self.mktemp()
        Path(directory, "only").mkdir(parents=True)
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            self.skipTest("needs setpriv")
        told = self.drop(
            f"uid=65534, gid=65533, chroot={directory!r}",
            "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs",
            before=(setpriv, "--groups=4,24"), listing=True,
        )  # fmt: skip
        none = "0000000000000000"
        self.assertEqual(
            told,
            [
                "Uid: 65534 65534 65534 65534",
                "Gid: 65533 65533 65533 65533",
                "Groups:",
                *(f"{name}: {none}" for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")),
                "NoNewPrivs: 1",
                "['only']",
            ],
        )

    def test_nothing_configured(self) -> None:
        """
        Without configuration root stays root, but can gain nothing more and start nothing that
        is not root.
        """
        told = self.drop("", "Uid", "Groups", "NoNewPrivs", "Max processes")
        self.assertEqual(told[0], "Uid: 0 0 0 0")
        self.assertEqual(told[2:], ["NoNewPrivs: 1", "Max processes 0 0 processes"])

    def test_insecure(self) -> None:
        """
        Executing and starting can be allowed.
        """
        told = self.drop("may_setuid=True, may_fork=True", "NoNewPrivs", "Max processes")
        self.assertEqual(told[0], "NoNewPrivs: 0")
        self.assertNotEqual(told[1], "Max processes 0 0 processes")

    def test_zero_is_no_change(self) -> None:
        """
        User and group 0 change nothing, as in HAProxy: an ordinary user stays what he is.
        """
        told = self.drop("uid=0, gid=0", "Uid", before=self.as_user("--clear-groups"))
        self.assertEqual(told, ["Uid: 65534 65534 65534 65534"])

    def test_ordinary_user_with_a_capability(self) -> None:
        """
        One who was given the right to bind low ports loses it.
        """
        words = ("--clear-groups", "--inh-caps=+net_bind_service",
                 "--ambient-caps=+net_bind_service")  # fmt: skip
        told = self.drop("", "CapInh", "CapPrm", "CapEff", "CapAmb", before=self.as_user(*words))
        self.assertEqual([line.split()[1] for line in told], ["0000000000000000"] * 4)

    def test_ordinary_user(self) -> None:
        """
        One who is not root can be told to become himself only.
        """
        user = self.as_user("--clear-groups")
        self.assertEqual(self.drop("uid=65534, gid=65534", before=user), [])
        self.assertEqual(self.drop("uid=1", before=user), ["[mwproxy.main()] Cannot set uid 1."])
        self.assertEqual(self.drop("gid=1", before=user), ["[mwproxy.main()] Cannot set gid 1."])

    def test_groups_that_stay(self) -> None:
        """
        Supplementary groups that cannot be dropped are warned of in HAProxy's words.
        """
        told = self.drop("gid=65534", "Groups", before=self.as_user("--groups=4,24"))
        self.assertEqual(
            told,
            [
                "[mwproxy.main()] Failed to drop supplementary groups. Using 'gid'/'group' without "
                "'uid'/'user' is generally useless.",
                "Groups: 4 24",
            ],
        )

    def test_dumpable(self) -> None:
        """
        With C{set-dumpable} a core file may be left, behind a change of user too.
        """
        code = """
import ctypes, resource
from mwproxy.config.model import Global
from mwproxy.process.privileges import drop_privileges
resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
drop_privileges(Global(uid=65534, dumpable={dumpable}), "mwproxy")
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0] != 0)
"""
        if os.geteuid():
            self.skipTest("only root can give up rights")
        for dumpable, expected in ((True, "1 True\n"), (False, "0 False\n")):
            done = subprocess.run(
                [sys.executable, "-c", code.format(dumpable=dumpable)],
                env={**os.environ, "PYTHONPATH": ROOT},
                capture_output=True,
                text=True,
                check=True,
            )
            if dumpable is False and done.stdout.startswith(("1", "2")):
                self.skipTest("fs.suid_dumpable is on")
            self.assertEqual(done.stdout, expected)
