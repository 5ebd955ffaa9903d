"""
Tests for mwproxy/config/keywords/http.py.
"""

from __future__ import annotations

import copy
import ipaddress
from pathlib import Path

from mwproxy.config import model
from tests.config.keywords.reading import WHERE, KeywordTestCase


class CloseModeTests(KeywordTestCase):
    """
    Tests for the connection modes.
    """

    def test_last_one_counts(self) -> None:
        """
        A mode takes the place of the one before; C{no} takes back only the one that is on.
        """
        for text, expected in (
            ("option httpclose", "close"),
            ("option http-server-close", "server-close"),
            ("no option httpclose", "server-close"),
            ("no option http-server-close", "keep-alive"),
            ("option httpclose", "close"),
            ("option http-keep-alive", "keep-alive"),
            ("no option http-keep-alive", "keep-alive"),
        ):
            self.read(self.front, text)
            self.assertEqual(self.front.close_mode, expected)


class ForwardforTests(KeywordTestCase):
    """
    Tests for C{option forwardfor}.
    """

    def test_arguments(self) -> None:
        """
        Header, network and C{if-none} may come in any order.
        """
        self.read(self.front, "option forwardfor")
        self.assertEqual(self.front.forwardfor, (b"x-forwarded-for", (), False))
        self.read(self.front, "option forwardfor if-none header X-Client except 10.1.0.0/8")
        network = ipaddress.ip_network("10.0.0.0/8")
        self.assertEqual(self.front.forwardfor, (b"x-client", (network,), True))
        self.read(self.front, "option forwardfor except ::1")
        self.assertEqual(
            self.front.forwardfor, (b"x-forwarded-for", (ipaddress.ip_network("::1"),), False)
        )

    def test_bad_arguments(self) -> None:
        """
        Arguments are checked in HAProxy's words.
        """
        network = "'option forwardfor except' expects <address>[/mask] as argument."
        header = "'option forwardfor header' expects <header_name> as argument."
        for text, expected in (
            (
                "foo",
                "'option forwardfor' only supports optional values: 'except', 'header' and "
                "'if-none'.",
            ),
            ("except", network),
            ("except x", network),
            ("header", header),
            ("header a:b", header),
        ):
            self.assertEqual(self.refused(self.front, f"option forwardfor {text}"), expected)
        self.assertEqual(
            self.refused(self.front, "no option forwardfor"),
            "negation/default is not supported for option 'forwardfor'.",
        )


class CheckTests(KeywordTestCase):
    """
    Tests for C{option httpchk}, C{option tcp-check} and C{http-check}.
    """

    def run_later(self, *proxies: model.Proxy) -> list[str]:
        """
        Run the checks that lines asked for.

        @return: What they say.
        """
        configuration = model.Configuration(proxies=list(proxies))
        for check in self.later:
            check(configuration, self.diagnostics)
        return self.warnings()

    def test_option_turns_checks_on(self) -> None:
        """
        C{option httpchk} and C{option tcp-check} take turns.
        """
        self.read(self.back, "option httpchk HEAD /x")
        assert self.back.http_check is not None
        self.assertEqual((self.back.http_check.method, self.back.http_check.uri), ("HEAD", "/x"))
        self.read(self.back, "option tcp-check")
        self.assertIsNone(self.back.http_check)

    def test_rules_before_the_option(self) -> None:
        """
        C{http-check} lines before the option hold as well as those behind it.
        """
        for lines in (
            ("option httpchk", "http-check send meth GET", "http-check expect status 200"),
            ("http-check send meth GET", "http-check expect status 200", "option httpchk"),
            ("http-check send meth GET", "option httpchk", "http-check expect status 200"),
        ):
            proxy = model.Proxy("backend", "b")
            self.read(proxy, *lines)
            check = proxy.http_check
            assert check is not None and check.expect is not None
            self.assertEqual((check.method, check.expect(204, b"")), ("GET", False))
            self.assertEqual(self.run_later(proxy), [])

    def test_rules_without_the_option(self) -> None:
        """
        C{http-check} lines alone are warned of, once and where they stand.
        """
        self.read(self.base, "http-check expect status 200")
        heir = model.Proxy("backend", "heir")
        heir.http_check_idle = copy.copy(self.base.http_check_idle)
        self.read(self.back, "http-check send meth GET", "http-check expect status 200")
        self.assertEqual(
            self.run_later(heir, self.back),
            [
                "config : backend 'b' uses http-check rules without 'option httpchk', so the rules "
                "are ignored."
            ],
        )

    def test_rules_replace_those_of_defaults(self) -> None:
        """
        The first C{http-check} line of a proxy drops those of C{defaults}, not its option.
        """
        self.read(self.base, "option httpchk HEAD /x", "http-check expect status 204")
        self.back.http_check = copy.copy(self.base.http_check)
        self.read(self.back, "http-check send hdr Host www")
        check = self.back.http_check
        assert check is not None
        self.assertEqual((check.method, check.uri, check.expect), ("HEAD", "/x", None))
        self.assertEqual(check.headers, (("Host", "www"),))
        assert self.base.http_check is not None
        self.assertEqual(self.base.http_check.headers, ())

    def test_hidden_headers_are_warned_of(self) -> None:
        """
        Headers behind the version still work, with a warning.
        """
        self.read_words(
            self.back, ["option", "httpchk", "GET", "/", "HTTP/1.1\r\nHost: www\r\n\r\nbody"]
        )
        check = self.back.http_check
        assert check is not None
        self.assertEqual((check.headers, check.body), ((("Host", "www"),), "body"))
        self.assertEqual(
            self.warnings(),
            [
                "'option httpchk' : hiding headers or body at the end of the version string is "
                "deprecated. Please, consider to use 'http-check send' directive instead."
            ],
        )

    def test_bad_lines(self) -> None:
        """
        Unknown actions, those of HAProxy's that are missing and negations are refused.
        """
        only = "'http-check' only supports 'comment', 'expect' and 'send'. but got "
        for text, expected in (
            ("http-check", f"{only}''"),
            ("http-check foo", f"{only}'foo'"),
            ("http-check connect", "'http-check connect' is not supported by mwproxy"),
            ("http-check set-var(x)", "'http-check set-var(x)' is not supported by mwproxy"),
            ("http-check comment", "'http-check comment' : expects a string as argument."),
            ("no option httpchk", "negation/default is not supported for option 'httpchk'."),
            ("no option tcp-check", "negation/default is not supported for option 'tcp-check'."),
        ):
            self.assertEqual(self.refused(self.back, text), expected)
        self.read(self.back, "http-check comment x")

    def test_frontends_ignore_them(self) -> None:
        """
        In a frontend all are ignored with a warning.
        """
        self.read(self.front, "option httpchk", "option tcp-check", "http-check expect status 200")
        self.assertEqual(
            self.warnings(),
            [
                f"'{name}' ignored because frontend 'f' has no backend capability."
                for name in ("httpchk", "tcp-check", "http-check")
            ],
        )


class AnswerTests(KeywordTestCase):
    """
    Tests for C{monitor-uri}, C{errorfile} and C{errorloc}.
    """

    def file(self, content: bytes) -> str:
        """
        Write a file.

        @return: Its name.
        """
        path = Path(self.mktemp())
        path.write_bytes(content)
        return str(path)

    def test_monitor_uri(self) -> None:
        """
        It is of frontends and needs an argument.
        """
        self.read(self.front, "monitor-uri /alive")
        self.read(self.back, "monitor-uri /alive")
        self.assertEqual((self.front.monitor_uri, self.back.monitor_uri), (b"/alive", b""))
        self.assertEqual(
            self.warnings(),
            ["'monitor-uri' ignored because backend 'b' has no frontend capability."],
        )
        self.assertEqual(self.refused(self.front, "monitor-uri"), "'monitor-uri' expects an URI.")

    def test_errorfile(self) -> None:
        """
        The file is read at once and written as the proxy writes answers.
        """
        name = self.file(b"HTTP/1.0 503 Gone fishing\nContent-Type: text/plain\n\nhello\n")
        self.read(self.base, f"errorfile 503 {name}")
        self.assertEqual(
            self.base.error_files,
            {503: b"HTTP/1.0 503 Gone fishing\r\ncontent-type: text/plain\r\n\r\nhello\n"},
        )

    def test_errorfile_size(self) -> None:
        """
        An answer that does not fit into a buffer is refused once the buffer's size is known.
        """
        name = self.file(b"HTTP/1.0 503 X\r\n\r\n" + b"x" * 100)
        self.read(self.base, f"errorfile 503 {name}")
        configuration = model.Configuration()
        self.later[0](configuration, self.diagnostics)
        self.assertEqual(self.diagnostics.errors, 0)
        configuration.global_.bufsize = 50
        self.later[0](configuration, self.diagnostics)
        self.assertEqual(
            [each.text for each in self.diagnostics.messages],
            [
                f"config : parsing [{WHERE}] : errorfile : '{name}': larger than a buffer "
                "(118 bytes, see 'tune.bufsize', 50)."
            ],
        )

    def test_bad_errorfile(self) -> None:
        """
        Status and file are checked in HAProxy's words.
        """
        expects = "errorfile : expects <status_code> and <file> as arguments."
        for text, expected in (
            ("", expects),
            (" 503", expects),
            (" 99 /tmp/x", "errorfile : status code '99' not handled."),
            (" 503 /no/such", "errorfile : error opening file '/no/such'."),
        ):
            self.assertEqual(self.refused(self.base, f"errorfile{text}".strip()), expected)

    def test_errorloc(self) -> None:
        """
        A redirect takes the place of an answer.
        """
        self.read(self.base, "errorloc 503 http://a/", "errorloc302 502 /b", "errorloc303 404 /c")
        files = self.base.error_files
        self.assertEqual(
            files[503],
            b"HTTP/1.1 302 Found\r\ncache-control: no-cache\r\ncontent-length: 0\r\n"
            b"location: http://a/\r\n\r\n",
        )
        self.assertTrue(files[502].startswith(b"HTTP/1.1 302 Found\r\n"))
        self.assertTrue(files[404].startswith(b"HTTP/1.1 303 See Other\r\n"))
        self.assertEqual(
            self.refused(self.base, "errorloc 503"),
            "errorloc : expects <status_code> and <url> as arguments.",
        )
        self.assertEqual(
            self.refused(self.base, "errorloc303 999 /"),
            "errorloc303 : status code '999' not handled.",
        )
