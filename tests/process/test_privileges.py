"""
Tests for L{mwproxy.process.privileges}.
"""

from __future__ import annotations

import os
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
from mwproxy.process.privileges import drop_privileges
drop_privileges(Global(uid=65534, gid=65534, chroot=sys.argv[1]), "mwproxy")
print(os.getresuid(), os.getresgid(), os.getgroups(), sorted(os.listdir("/")))
"""


class PrivilegesTests(SynchronousTestCase):
    """
    Giving up rights.
    """

    timeout = 20

    def test_nothing_configured(self) -> None:
        """
        Without configuration nothing changes.
        """
        before = os.getresuid(), os.getresgid(), os.getgroups()
        drop_privileges(Global(), "mwproxy")
        self.assertEqual((os.getresuid(), os.getresgid(), os.getgroups()), before)

    def test_no_such_directory(self) -> None:
        """
        A chroot that fails is said with HAProxy's words.
        """
        error = self.assertRaises(CannotDrop, drop_privileges, Global(chroot="/no/such"), "/bin/x")
        self.assertEqual(str(error), "[/bin/x.main()] Cannot chroot(/no/such).")

    def test_everything(self) -> None:
        """
        Root, groups and user are all given up for good.
        """
        if os.geteuid():
            self.skipTest("only root can give up rights")
        directory = self.mktemp()
        Path(directory, "only").mkdir(parents=True)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, directory],
            env={**os.environ, "PYTHONPATH": ROOT},
            capture_output=True,
            text=True,
            check=True,
        )
        ids = "(65534, 65534, 65534)"
        self.assertEqual(done.stdout, f"{ids} {ids} [] ['only']\n")
