"""
Tests for L{mwproxy.rules.acl_patterns}: what changes of patterns do to compiled ACLs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.live.patterns import Reference, book_of
from mwproxy.rules.acl import Predicate, compile_acl
from mwproxy.rules.context import Context
from tests.rules.streams import make_stream, proxy

#: An ACL; a pattern that its stream (GET /path?x=1, host example.com, from 127.0.0.1) matches,
#: and one that it does not.
CASES = (
    ("path", "/path", "/no"),
    ("path_beg", "/pa", "/no"),
    ("path -i", "/PATH", "/NO"),
    ("path_beg -i", "/PA", "/NO"),
    ("path_end", "th", "no"),
    ("path_sub", "at", "no"),
    ("path_reg", "^/p", "^/q"),
    ("path_len", "5", "7"),
    ("path_dir", "path", "no"),
    ("method", "GET", "PUT"),
    ("hdr(host)", "example.com", "no"),
    ("hdr(host) -i", "EXAMPLE.com", "NO"),
    ("hdr_dom(host)", "example", "no"),
    ("src", "127.0.0.1", "10.0.0.1"),
    ("src", "127.0.0.0/8", "10.0.0.0/8"),
    ("dst_port", "8080", "1"),
    ("path,lower", "/path", "/no"),
    ("hdr(host),length -m int", "11", "1"),
    ("url", "/path?x=1", "/no"),
)


class ChangeTests(SynchronousTestCase):
    """
    Tests of live changes.
    """

    def compile(self, text: str) -> tuple[Predicate, list[Reference]]:
        """
        Compile an ACL.

        @return: It, and its lists.
        """
        context = Context(proxy())
        predicate = compile_acl(text.split(), context)
        self.context = context
        return predicate, book_of(context.diagnostics).listed(maps=False)

    def test_each_method(self) -> None:
        """
        Whatever the method, the number of patterns and the shortcut: what is added matches, what
        is removed does not any more.
        """
        stream = make_stream()
        for text, good, bad in CASES:
            for given in ("--", bad, f"{bad} {bad}x" if "/" in bad[:1] else bad):
                acl, (patterns,) = self.compile(f"{text} {given}")
                self.assertFalse(acl(stream), text)
                patterns.add([(good, None)])
                self.assertTrue(acl(stream), (text, given))
                patterns.remove(good)
                self.assertFalse(acl(stream), (text, given))
                patterns.prepare()
                patterns.add([(good, None), (bad, None)], 1)
                self.assertFalse(acl(stream), (text, given))
                patterns.commit(1)
                self.assertTrue(acl(stream), (text, given))
                patterns.add([(good, None)])
                patterns.remove(good)
                self.assertFalse(acl(stream), (text, given))
                patterns.clear()
                self.assertFalse(acl(stream), (text, given))

    def test_begins_with_match(self) -> None:
        """
        Patterns of the configuration can be removed.
        """
        stream = make_stream()
        for text, good, bad in CASES:
            for given in (good, f"{good} {bad}"):
                acl, (patterns,) = self.compile(f"{text} {given}")
                self.assertTrue(acl(stream), (text, given))
                patterns.remove(good)
                self.assertFalse(acl(stream), (text, given))

    def test_odd_paths(self) -> None:
        """
        Patterns that are no paths do not match targets by accident.
        """
        stream = make_stream()
        for name, pattern in (("path", "/path?x=1"), ("path_beg", "/path?"), ("path", "*")):
            acl, (patterns,) = self.compile(f"{name} /no")
            patterns.add([(pattern, None)])
            self.assertFalse(acl(stream), pattern)

    def test_pattern_elsewhere(self) -> None:
        """
        A pattern that another list of the same ACL has goes on to match.
        """
        with tempfile.TemporaryDirectory() as directory:
            name = str(Path(directory) / "f")
            Path(name).write_text("/path\n/other\n")
            acl, (file, own) = self.compile(f"path -f {name} /path /more")
        stream = make_stream()
        own.remove("/path")
        self.assertTrue(acl(stream))
        file.remove("/path")
        self.assertFalse(acl(stream))

    def test_shared_file(self) -> None:
        """
        A file's change reaches all its ACLs.
        """
        with tempfile.TemporaryDirectory() as directory:
            name = str(Path(directory) / "f")
            Path(name).write_text("/no\n")
            context = Context(proxy())
            acls = [compile_acl(f"{way} -f {name}".split(), context) for way in ("path", "url_beg")]
        book_of(context.diagnostics).file(name, lambda name: [], has_values=False).add(
            [("/path", None)]
        )
        stream = make_stream()
        self.assertEqual([acl(stream) for acl in acls], [True, True])

    def test_ranges(self) -> None:
        """
        Operators are kept as ranges; a pattern that is none is refused and changes nothing.
        """
        acl, (patterns,) = self.compile("path_len gt 100 eq 7 le 3")
        self.assertEqual(patterns.keys(), ["101:", "7", ":3"])
        for bad in ("x", "gt"):
            self.assertRaises(ConfigError, patterns.add, [(bad, None)])
        self.assertEqual(patterns.count, 3)
        patterns.add([("4:6", None)])
        self.assertTrue(acl(make_stream()))

    def test_presence(self) -> None:
        """
        Patterns mean nothing to a test of presence.
        """
        acl, (patterns,) = self.compile("path -m found")
        patterns.add([("x", None)])
        patterns.clear()
        self.assertTrue(acl(make_stream()))

    def test_own_number(self) -> None:
        """
        -u gives the line's own list its number.
        """
        _acl, (patterns,) = self.compile("path -u 42 /x")
        self.assertEqual(patterns.number, 42)

    def test_look(self) -> None:
        """
        A list tells which pattern matches, and how it is looked up.
        """
        for text, sample, expected in (
            ("path /a /b", "/b", ("str", True, True, "/b")),
            ("path -i /a", "/A", ("str", False, False, "/a")),
            ("path_beg /a /ab", "/abc", ("beg", True, True, "/ab")),
            ("path_end .gif", "/x.gif", ("end", True, False, ".gif")),
            ("src 10.0.0.0/8 10.1.0.0/16", "10.1.1.1", ("ip", True, True, "10.1.0.0/16")),
            ("src 10/8", "10.1.1.1", ("ip", True, True, "10/8")),
            ("src 10/8", "x", ("ip", True, True, None)),
            ("path_len 3:5", "abc", ("len", True, False, "3:5")),
            ("dst_port 1:9", "x", ("int", True, False, None)),
        ):
            _acl, (patterns,) = self.compile(text)
            found = patterns.uses[0].look(sample)
            pattern = found.entry[0] if found.entry else None
            self.assertEqual((found.method, found.sensitive, found.tree, pattern), expected, text)
