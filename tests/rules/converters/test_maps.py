"""
Tests of C{mwproxy/rules/converters/maps.py}.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from tests.rules.streams import make_stream, show

FILES = {
    "m": "b one\n# x\n  c  two words  \nb dup\nlong/er longest\nlong shorter\n",
    "r": "^a(.)b([0-9]+) g:\\1:\\2\n",
    "i": "10.0.0.0/8 big\n10.1.0.0/16 small\n2001:db8::/32 six\n",
    "n": "n 42\n",
    "p": "n 1.2.3.4\n",
    "v": "1:4 low\n5: high\n",
    "bad": "n x\n",
}


class MapTests(SynchronousTestCase):
    """
    Tests of maps.
    """

    def setUp(self) -> None:
        """
        Write the files.
        """
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        for name, text in FILES.items():
            (Path(self.directory.name) / name).write_text(text)

    def look(self, text: str) -> str:
        """
        Evaluate an expression; C{@} stands for the directory.

        @return: What it gives.
        """
        return show(f"%[{text.replace('@', self.directory.name + '/')}]", make_stream())

    def test_values(self) -> None:
        """
        Maps give what HAProxy gives.
        """
        for text, expected in (
            ("str(b),map(@m)", "one"),
            ("str(c),map_str(@m)", "two words"),
            ("str(zz),map(@m)", ""),
            ("str(zz),map(@m,def)", "def"),
            ("str(b),map(@m,def)", "one"),
            ("str(bxx),map_beg(@m)", "one"),
            ("str(long/er/x),map_beg(@m)", "longest"),
            ("str(longx),map_beg(@m)", "shorter"),
            ("str(zz),map_beg(@m)", ""),
            ("str(xxb),map_end(@m)", "one"),
            ("str(a/b/c),map_dir(@m)", "one"),
            ("str(a.b.c),map_dom(@m)", "one"),
            ("str(xbx),map_sub(@m)", "one"),
            ("str(xbx),map_reg(@m)", "one"),
            ("str(zzz),map_reg(@m)", ""),
            ("str(axb12),map_regm(@r)", "g:x:12"),
            ("str(q),map_regm(@r)", ""),
            ("ipv4(10.1.1.1),map_ip(@i)", "small"),
            ("ipv4(10.2.1.1),map_ip(@i)", "big"),
            ("ipv6(2001:db8::1),map_ip(@i)", "six"),
            ("ipv4(1.2.1.1),map_ip(@i)", ""),
            ("str(n),map_str_int(@n),add(1)", "43"),
            ("str(q),map_str_int(@n,7)", "7"),
            ("str(n),map_str_ip(@p),ipmask(8)", "1.0.0.0"),
            ("str(q),map_str_ip(@p,9.9.9.9)", "9.9.9.9"),
            ("int(5),map_int(@v)", "high"),
            ("int(0),map_int(@v)", ""),
        ):
            self.assertEqual(self.look(text), expected, text)

    def test_refused(self) -> None:
        """
        Files must exist and hold values of the type.
        """
        for text, message in (
            ("str(b),map(/nonexist)", "failed to open pattern file </nonexist>"),
            ("str(b),map_str_int(@bad)", "map value 'x' is not an integer"),
            ("str(b),map_str_ip(@bad)", "map value 'x' is not an address"),
        ):
            error = str(self.assertRaises(ConfigError, self.look, text))
            self.assertTrue(error.endswith(message), error)
