"""
Tests for L{mwproxy.spoa.load}.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.spoa.load import NoAgent, load_agent

GOOD = """\
from mwproxy.spoa.agent import Agent
agent = Agent("good")
agent.message("m")(lambda: None)
class Holder:
    inner = agent
empty = Agent()
"""


class LoadTests(SynchronousTestCase):
    """
    Tests of finding an agent.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mws")).resolve()
        self.addCleanup(shutil.rmtree, self.directory)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.directory)
        self.patch(sys, "path", list(sys.path))
        self.addCleanup(self.forget)
        Path("mws_good.py").write_text(GOOD)

    def forget(self) -> None:
        """
        Forget the modules of the test.
        """
        for name in [name for name in sys.modules if name.startswith("mws_")]:
            del sys.modules[name]

    def assert_refused(self, target: str, expected: str) -> None:
        """
        A target is refused with these words.
        """
        with self.assertRaises(NoAgent) as caught:
            load_agent(target)
        self.assertEqual(str(caught.exception), expected)

    def test_module(self) -> None:
        """
        A module of this directory is found, by name or as a file, with the agent's name or without.
        """
        for target in (
            "mws_good",
            "mws_good:agent",
            "mws_good:Holder.inner",
            "mws_good.py",
            f"{self.directory}/mws_good.py:agent",
        ):
            self.assertEqual(load_agent(target).name, "good")

    def test_beside(self) -> None:
        """
        A file finds what stands beside it.
        """
        Path("sub").mkdir()
        Path("sub/mws_names.py").write_text("NAME = 'm'\n")
        Path("sub/mws_user.py").write_text(
            "from mws_names import NAME\nfrom mwproxy.spoa.agent import Agent\n"
            "agent = Agent(NAME)\nagent.message(NAME)(lambda: None)\n"
        )
        self.assertEqual(load_agent("sub/mws_user.py").name, "m")

    def test_not_there(self) -> None:
        """
        What is not there is named.
        """
        where = Path.cwd()
        self.assert_refused("mws_nope", f"there is no module 'mws_nope' here ({where})")
        self.assert_refused("mws_nope.x:y", f"there is no module 'mws_nope.x' here ({where})")
        self.assert_refused("no/x.py", "'no/x.py' cannot be loaded: there is no such file")
        self.assert_refused("mws_good:x", "'mws_good' has no agent 'x'; it has agent, empty")
        self.assert_refused("json", "'json' has no agent 'agent'; 'agent = Agent()' makes one")
        self.assert_refused(
            "mws_good:empty", "agent 'empty' of 'mws_good' has no function for any message"
        )

    def test_broken(self) -> None:
        """
        Code that fails tells its traceback; a wrong function only what is wrong with it.
        """
        Path("mws_wrong.py").write_text("import mws_missing\n")
        self.assert_refused(
            "mws_wrong", "'mws_wrong' cannot be loaded: No module named 'mws_missing'"
        )
        Path("mws_fails.py").write_text("1 / 0\n")
        with self.assertRaises(NoAgent) as caught:
            load_agent("mws_fails")
        self.assertIn("ZeroDivisionError", str(caught.exception))
        Path("mws_float.py").write_text(GOOD + "@agent.message('x')\ndef f(a: float): ...\n")
        with self.assertRaises(NoAgent) as caught:
            load_agent("mws_float.py")
        self.assertIn("parameter 'a' of f is annotated with float", str(caught.exception))
        self.assertNotIn("Traceback", str(caught.exception))
