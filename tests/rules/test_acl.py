"""
Tests of C{mwproxy/rules/acl.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.rules.acl import DERIVED
from tests.rules.streams import RULES, WHERE, make_stream, matches, proxy

HEAD = (
    b"POST /images/png/logo.png?q=1 HTTP/1.0\r\nHost: www.Example.com\r\n"
    b"X-List: one, two, three\r\nCookie: a=1; b=2\r\nContent-Length: 5\r\n\r\n"
)


class AclTests(SynchronousTestCase):
    """
    Tests of ACLs.
    """

    def yes(self, *words: str) -> None:
        """
        Assert that an ACL matches.
        """
        self.assertTrue(matches(list(words), make_stream(HEAD)), words)

    def no(self, *words: str) -> None:
        """
        Assert that an ACL does not match.
        """
        self.assertFalse(matches(list(words), make_stream(HEAD)), words)

    def test_path(self) -> None:
        """
        Keywords derived from C{path} imply their match method.
        """
        self.yes("path", "/images/png/logo.png")
        self.no("path", "/images")
        self.yes("path_beg", "/x", "/images")
        self.no("path_beg", "images")
        self.no("path_beg", "-i", "/IMAGESX")
        self.yes("path_beg", "-i", "/IMAGES")
        self.yes("path_end", ".gif", ".png")
        self.yes("path_sub", "png/logo")
        self.yes("path_dir", "png", "x")
        self.yes("path_dir", "/images/png")
        self.no("path_dir", "ima")
        self.yes("path_dom", "png")
        self.yes("path_len", "20")
        self.no("path_len", "gt", "20")
        self.yes("path_reg", "^/images/.*[.]png$")
        self.no("path_reg", "^/IMAGES")
        self.yes("path_reg", "-i", "^/IMAGES")

    def test_every_value(self) -> None:
        """
        An ACL looks at every value of a header, the expression at the last.
        """
        self.yes("hdr(x-list)", "two")
        self.no("req.fhdr(x-list)", "two")
        self.yes("hdr(x-list),upper", "-m", "str", "TWO")
        self.yes("hdr_cnt(x-list)", "3")
        self.no("hdr(x-list,1)", "two")
        self.yes("cook(a)", "1")

    def test_host(self) -> None:
        """
        C{Host} is compared as it came, or without case.
        """
        self.no("hdr(host)", "www.example.com")
        self.yes("hdr(host)", "-i", "www.example.com")
        self.yes("hdr_beg(host)", "www.")
        self.yes("hdr_end(host)", "-i", ".EXAMPLE.com")
        self.yes("hdr_dom(host)", "-i", "example")
        stream = make_stream(HEAD)
        assert stream.request is not None
        stream.request.own()[0] = (b"host", b"other")
        self.assertTrue(matches(["hdr(host)", "other"], stream))

    def test_method(self) -> None:
        """
        Methods are compared with case.
        """
        self.yes("method", "GET", "POST")
        self.no("method", "post")
        self.yes("method", "-i", "post")

    def test_source(self) -> None:
        """
        Addresses match networks, abbreviated and IPv6 ones too.
        """
        self.yes("src", "127.0.0.0/8")
        self.yes("src", "127/8")
        self.yes("src", "::ffff:127.0.0.1")
        self.no("src", "10.0.0.0/8", "::1")

    def test_integers(self) -> None:
        """
        Ports match ranges and operators.
        """
        self.yes("dst_port", "80", "8000:9000")
        self.yes("dst_port", "ge", "8080")
        self.no("dst_port", "lt", "8080")
        self.yes("dst_port", ":9000")

    def test_booleans(self) -> None:
        """
        Booleans need no pattern; numbers count as booleans on request.
        """
        self.yes("always_true")
        self.no("always_false")
        self.yes("dst_port", "-m", "bool")
        self.yes("always_true", "-m", "int", "1")

    def test_found(self) -> None:
        """
        C{found} asks whether there is a value at all, even an empty one.
        """
        self.yes("hdr(host)", "-m", "found")
        self.no("hdr(nope)", "-m", "found")
        self.yes("str()", "-m", "found")

    def test_absent_value(self) -> None:
        """
        Without value an ACL does not match, whatever its pattern.
        """
        self.no("req.fhdr(nope)", "")
        self.no("query(with_qm),length,sub(99),ipmask(8)", "-m", "str", "x")

    def test_case_of_later_patterns(self) -> None:
        """
        C{-i} counts for what follows it.
        """
        with tempfile.TemporaryDirectory() as directory:
            first, second = Path(directory) / "a", Path(directory) / "b"
            first.write_text("# comment\n\nWWW.EXAMPLE.COM\n")
            second.write_text("  www.example.com \n".replace(" \n", "\n"))
            self.no("hdr(host)", "-f", str(first))
            self.yes("hdr(host)", "-f", str(first), "-i", "-f", str(second))

    def test_map_file(self) -> None:
        """
        With C{-M} the first column of a file counts.
        """
        with tempfile.TemporaryDirectory() as directory:
            name = Path(directory) / "m"
            name.write_text("/images/png/logo.png value\n")
            self.yes("path", "-M", "-f", str(name))
            self.no("path", "-f", str(name))

    def test_end_of_flags(self) -> None:
        """
        Behind C{--} all words are patterns.
        """
        self.no("path", "--", "-i")
        self.yes("str(-i)", "--", "-i")

    def refused(self, *words: str) -> str:
        """
        Compile what is wrong.

        @return: The message.
        """
        return str(self.assertRaises(ConfigError, matches, list(words), make_stream()))

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for words, message in (
            (["path_beg", "-m", "foo", "/x"], "unknown matching method 'foo' when parsing ACL expression."),
            (["src", "1.2.3.4.5"], "'1.2.3.4.5' is not a valid IPv4 or IPv6 address."),
            (["src", "10.0.0.0/33"], "'10.0.0.0/33' is not a valid IPv4 or IPv6 address."),
            (["dst_port", "abc"], "'abc' is not a number."),
            (["dst_port", "5:3"], "'5:3' is not a valid number range."),
            (["str(a)", "-m", "bin", "zz"], "an hex digit is expected (found 'z')."),
            (["path", "-x", "a"], "'-x' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'."),
            (["method", "-m", "ip", "1"], "matching method 'ip' cannot be used with fetch keyword 'method'."),
            (["path_beg", "-f", "/nonexist"], "failed to open pattern file </nonexist>."),
            (["var(txn.a)", "x"], "matching method must be specified first (using '-m') when using a sample fetch of this type ('var')."),
            (["zzzzzz", "x"], "unknown fetch method 'zzzzzz' in ACL expression 'zzzzzz'."),
            (["pathh"], "unknown fetch method 'pathh' in ACL expression 'pathh'; did you mean 'path' maybe?"),
            ([], "missing fetch method in ACL expression ''."),
            (["ssl_fc_sni_end", "x"], "ACL keyword 'ssl_fc_sni_end' is not supported by mwproxy."),
            (["path", "-f", "/dev/null", "-m", "beg"], "'-m' must only be specified before patterns and files in parsing ACL expression."),
        ):  # fmt: skip
            self.assertEqual(self.refused(*words), message)

    def test_no_pattern(self) -> None:
        """
        An ACL without pattern is warned of.
        """
        diagnostics = Diagnostics()
        RULES.acl(["hdr(host)"], proxy(), WHERE, diagnostics)
        self.assertIn("so this ACL will never match", diagnostics.messages[0].text)
        RULES.acl(["hdr(host)", "--"], proxy(), WHERE, diagnostics)
        self.assertEqual(len(diagnostics.messages), 1)

    def test_derived_keywords_compile(self) -> None:
        """
        Every derived keyword is one of fetch and matcher that exist.
        """
        for name in DERIVED:
            pattern = "1" if name.endswith("_len") else "x"
            matches([name, pattern], make_stream(answer=b"HTTP/1.1 200 OK\r\n\r\n"))
