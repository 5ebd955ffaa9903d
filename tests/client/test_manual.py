"""
Tests of the manual page: it has all that the parsers have, and is well formed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mwproxy.client import command, place
from mwproxy.client.commands.completion import options
from mwproxy.client.main import command_parser, make_parser
from mwproxy.client.shell import history

PAGE = Path(__file__).resolve().parent.parent.parent / "doc" / "mwproxyctl.1"


class ManualTests(SynchronousTestCase):
    """
    The page.
    """

    def setUp(self) -> None:
        self.text = re.sub(r"\\f[A-Z]", "", PAGE.read_text()).replace("\\-", "-")

    def test_complete(self) -> None:
        """
        Each option, command, variable and exit status is there.
        """
        wanted = set(command.MODULES) | set(options(make_parser(texts=False)))
        for name in command.MODULES:
            wanted |= set(options(command_parser(name)))
        wanted |= {place.VARIABLE, place.MASTER_VARIABLE, place.DEFAULT, history.VARIABLE}
        wanted |= {str(each) for each in (command.LINGERING, command.USAGE, command.UNREAD)}
        missing = [
            word
            for word in sorted(wanted)
            if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", self.text)
        ]
        self.assertEqual(missing, [])

    def test_well_formed(self) -> None:
        """
        The formatter has nothing to say about it.
        """
        groff = shutil.which("groff")
        if groff is None:
            raise SkipTest("groff is not installed")
        done = subprocess.run(
            [groff, "-ww", "-man", "-Tascii", "-z", str(PAGE)],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
