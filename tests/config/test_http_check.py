"""
Tests for mwproxy/config/http_check.py.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.http_check import begin_rules, parse_expect, parse_option, parse_send
from mwproxy.config.model import HttpCheck
from mwproxy.core.diagnostics import ConfigError

OK = b"all is well"


class RequestTests(SynchronousTestCase):
    """
    Tests for the request of a check.
    """

    def test_option_forms(self) -> None:
        """
        Nothing, an URI, or method and URI with version and host.
        """
        for args, expected in (
            ([], ("OPTIONS", "/", "HTTP/1.0", ())),
            (["/x"], ("OPTIONS", "/x", "HTTP/1.0", ())),
            (["GET", "/x"], ("GET", "/x", "HTTP/1.0", ())),
            (["GET", "/x", "HTTP/1.1"], ("GET", "/x", "HTTP/1.1", ())),
            (["GET", "/x", "HTTP/1.1", "www"], ("GET", "/x", "HTTP/1.1", (("Host", "www"),))),
        ):
            check = HttpCheck()
            self.assertFalse(parse_option(check, args))
            self.assertEqual((check.method, check.uri, check.version, check.headers), expected)

    def test_hidden_headers(self) -> None:
        """
        Headers and a body behind the version are taken apart.
        """
        check = HttpCheck()
        self.assertTrue(parse_option(check, ["GET", "/", "HTTP/1.1\r\nHost: a\r\nX:b\r\n\r\nhey"]))
        self.assertEqual(check.version, "HTTP/1.1")
        self.assertEqual(check.headers, (("Host", "a"), ("X", "b")))
        self.assertEqual(check.body, "hey")

    def test_bad_option(self) -> None:
        """
        Too many arguments and other protocols are refused.
        """
        for args, expected in (
            (
                ["GET", "/", "HTTP/1.1", "a", "b"],
                "'option httpchk' cannot handle unexpected argument 'b'.",
            ),
            (
                ["GET", "/", "HTTP/2"],
                "'option httpchk' : version 'HTTP/2' is not supported by mwproxy",
            ),
        ):
            error = self.assertRaises(ConfigError, parse_option, HttpCheck(), args)
            self.assertEqual(str(error), expected)

    def test_send(self) -> None:
        """
        C{http-check send} says all of the request, whether it comes before or after the option.
        """
        text = "comment c meth PUT uri /y ver HTTP/1.1 hdr Host www hdr X 1%%"
        words = text.split()
        option = ["GET", "/x"]
        first, second = HttpCheck(), HttpCheck()
        parse_option(first, option)
        parse_send(first, [*words, "body", "b b"])
        parse_send(second, [*words, "body", "b b"])
        parse_option(second, option)
        for check in (first, second):
            self.assertEqual((check.method, check.uri, check.version), ("PUT", "/y", "HTTP/1.1"))
            self.assertEqual(check.headers, (("Host", "www"), ("X", "1%")))
            self.assertEqual(check.body, "b b")

    def test_bad_send(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        header = "'hdr' expects <name> and <value> as arguments."
        for text, expected in (
            (
                "foo",
                "expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' "
                "but got 'foo' as argument.",
            ),
            ("hdr", header),
            ("hdr a", header),
            ("hdr a:b c", "invalid header name 'a:b'."),
            ("hdr a b\rc", "invalid value of header 'a'."),
            ("hdr a %[src]", "log-formats in headers are not supported by mwproxy."),
            ("meth", "'meth' expects a string as argument."),
            ("uri-lf x", "'uri-lf' is not supported by mwproxy."),
        ):
            error = self.assertRaises(ConfigError, parse_send, HttpCheck(), text.split(" "))
            self.assertEqual(str(error), f"'http-check send' : {expected}")

    def test_request_line_cannot_be_broken(self) -> None:
        """
        Blanks and line ends in method or URI are refused.
        """
        for check, args in (
            (parse_option, ["G T", "/"]),
            (parse_option, ["GET", "/a b"]),
            (parse_option, ["/a\r\nb"]),
            (parse_send, ["meth", ""]),
            (parse_send, ["uri", "/a\n"]),
        ):
            error = self.assertRaises(ConfigError, check, HttpCheck(), args)
            self.assertIn("cannot stand in a request line", str(error))

    def test_one_request_per_check(self) -> None:
        """
        A second request is refused.
        """
        check = HttpCheck()
        parse_send(check, ["meth", "GET"])
        error = self.assertRaises(ConfigError, parse_send, check, ["meth", "GET"])
        self.assertEqual(
            str(error),
            "'http-check send' : a second request in one check is not supported by mwproxy.",
        )


class ExpectTests(SynchronousTestCase):
    """
    Tests for what an answer must be.
    """

    def expect(self, *texts: str) -> list[int]:
        """
        Read lines.

        @return: Which of some statuses are as expected, with the body L{OK}.
        """
        check = HttpCheck()
        for text in texts:
            parse_expect(check, text.split(" "))
        assert check.expect is not None
        return [code for code in (200, 204, 301, 404, 500) if check.expect(code, OK)]

    def test_matches(self) -> None:
        """
        Status and body, as text or regular expression, inverted or not.
        """
        for text, expected in (
            ("status 200", [200]),
            ("status 200,300-399", [200, 301]),
            ("! status 200", [204, 301, 404, 500]),
            ("!status 200-399", [404, 500]),
            ("rstatus ^[23]", [200, 204, 301]),
            ("! rstatus ^[23]", [404, 500]),
            ("comment x status 200", [200]),
            ("string well", [200, 204, 301, 404, 500]),
            ("string ill", []),
            ("! string well", []),
            ("rstring ^all", [200, 204, 301, 404, 500]),
            ("rstring ^well", []),
        ):
            self.assertEqual(self.expect(text), expected, text)

    def test_lines_add_up(self) -> None:
        """
        All lines must be met.
        """
        self.assertEqual(self.expect("rstatus ^2", "! status 204", "string all"), [200])

    def test_bad_lines(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        words = (
            "'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', "
            "'[!]rstatus', [!]hdr, [!]fhdr or comment but got "
        )
        none = "expects at least a matching pattern as arguments."
        for text, expected in (
            ("", none),
            ("comment x", none),
            ("comment", "'comment' expects a string as argument."),
            ("foo", f"{words}'foo' as argument."),
            ("!", f"{words}'' as argument."),
            ("string a b", f"{words}'b' as argument."),
            ("status", "'status' expects a <pattern> as argument."),
            ("status x", "invalid character 'x' in the list of status codes."),
            ("status 200-", "invalid range of status codes '200-'."),
            ("status 300-200", "invalid range of status codes '300-200'."),
            ("hdr name x", "'hdr' is not supported by mwproxy."),
            (
                "rstring (",
                "regex '(' is invalid (error=missing ), unterminated subpattern, erroffset=0).",
            ),
        ):
            error = self.assertRaises(ConfigError, parse_expect, HttpCheck(), text.split())
            self.assertEqual(str(error), f"'http-check expect' : {expected}")

    def test_begin(self) -> None:
        """
        A section goes on with its own rules, and replaces those of another.
        """
        own, other = ("backend", "b"), ("defaults", "d")
        self.assertEqual(begin_rules(None, own).writer, own)
        check = HttpCheck()
        parse_option(check, ["GET", "/x"])
        fresh = begin_rules(check, other)
        self.assertEqual((fresh.uri, fresh.writer, check.writer), ("/x", other, ("", "")))
        parse_expect(fresh, ["status", "200"])
        self.assertIsNotNone(begin_rules(fresh, other).expect)
        heir = begin_rules(fresh, own)
        self.assertEqual((heir.uri, heir.expect, heir.writer), ("/x", None, own))

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.sampled_from(["!", "status", "rstatus", "string", "rstring", "comment"]),
                st.text("(),-0a8[*", max_size=5),
            ),
            max_size=6,
        )
    )
    def test_nothing_but_config_errors(self, words: list[str]) -> None:
        """
        Whatever is written, the answer is a condition or a message.
        """
        check = HttpCheck()
        try:
            parse_expect(check, words)
        except ConfigError as error:
            self.assertTrue(str(error))
        else:
            assert check.expect is not None
            self.assertIsInstance(check.expect(200, OK), bool)
