"""
Tests for L{mwproxy.config.dump}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.dump import DumpOptions, dump_file, parse_dump_options

TEXT = """\
# comment
global   # more
  maxconn   10

backend "my backend"
\tserver s1 10.0.0.1:80 "weight" 5 cookie "$SECRET"
"unclosed
"""


class DumpTests(SynchronousTestCase):
    """
    Tests of C{-dC}.
    """

    def dump(self, options: str) -> list[str]:
        """
        Dump the text.
        """
        public = ("server", "weight", "cookie")
        settings = parse_dump_options(options)
        return list(dump_file("a.cfg", TEXT, {"SECRET": "x y"}, settings, public))

    def test_options(self) -> None:
        """
        A key and C{line} may stand behind the option, in any order.
        """
        self.assertEqual(parse_dump_options(""), DumpOptions())
        self.assertEqual(parse_dump_options("line"), DumpOptions("", True))
        self.assertEqual(parse_dump_options("key,line"), DumpOptions("key", True))
        self.assertEqual(parse_dump_options(",line"), DumpOptions("", True))

    def test_words(self) -> None:
        """
        Words are as the reader sees them, variables replaced, comments gone.
        """
        self.assertEqual(
            self.dump(""),
            [
                "global",
                "    maxconn 10",
                "backend my\\ backend",
                "    server s1 10.0.0.1:80 weight 5 cookie x\\ y",
                '    \\"unclosed',
            ],
        )

    def test_numbers(self) -> None:
        """
        Lines can be numbered.
        """
        self.assertEqual(self.dump("line")[0], "2\tglobal")

    def test_key(self) -> None:
        """
        A key hides names, the same one always behind the same word.
        """
        shown = "\n".join(self.dump("key"))
        for secret in ("10.0.0.1", "s1", "backend my", "x y"):
            self.assertNotIn(secret, shown)
        self.assertIn("weight 5 cookie", shown)
        self.assertIn("maxconn 10", shown)
        self.assertEqual(self.dump("key"), self.dump("key"))
        self.assertNotEqual(self.dump("key"), self.dump("other"))
