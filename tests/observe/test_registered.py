"""
Tests for L{mwproxy.observe.registered}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.families import PACKAGES
from mwproxy.core.registry import load_family
from mwproxy.observe.registered import FAMILIES, registered, unknown_classes


class RegisteredTests(SynchronousTestCase):
    """
    Tests of C{-dK}.
    """

    def setUp(self) -> None:
        for family in FAMILIES:
            load_family(PACKAGES[family])

    def test_help(self) -> None:
        """
        Without class, the classes are listed.
        """
        self.assertIn("cli: CLI keywords", list(registered("help")))

    def test_commands(self) -> None:
        """
        Commands say which console has them.
        """
        lines = list(registered("cli"))
        self.assertIn("show proc [MASTER] ", lines)
        self.assertIn("show stat [WORKER] ", lines)
        self.assertIn("help [MASTER] [WORKER] ", lines)

    def test_all(self) -> None:
        """
        All classes may be listed at once.
        """
        titles = [line for line in registered("all") if line.startswith("#")]
        self.assertEqual(len(titles), 7)

    def test_acls(self) -> None:
        """
        Keywords of ACLs stand with what they are short for; each such sample exists.
        """
        lines = list(registered("acl"))
        self.assertEqual(lines[0], "# List of registered ACL keywords:")
        self.assertIn("path_beg = path -m beg", lines)

    def test_few_of_a_kind(self) -> None:
        """
        There are one filter and no services.
        """
        self.assertEqual(
            list(registered("flt,svc")),
            [
                "# List of registered filter names:",
                "spoe [SPOE]",
                "# List of registered service names:",
            ],
        )

    def test_unknown(self) -> None:
        """
        What is no class is told apart.
        """
        self.assertEqual(unknown_classes("cfg,xx,all"), ["xx"])
