"""
Tests for L{mwproxy.config.sections}.
"""

from __future__ import annotations

from tests.config.loading import LoadingTestCase


class NamesTests(LoadingTestCase):
    """
    Tests for what follows a section's keyword.
    """

    def test_sections(self) -> None:
        """
        Proxies come in the order of the files; C{defaults} is none of them.
        """
        found = self.load("defaults\nbackend b\n", "defaults d\nlisten l\n disabled\n")
        self.assertEqual([(each.kind, each.name) for each in found.proxies], [
            ("backend", "b"), ("listen", "l"),
        ])  # fmt: skip

    def test_no_name(self) -> None:
        """
        All but C{defaults} and C{global} have a name; the section is read all the same.
        """
        self.assertEqual(
            self.alerts("frontend\n foo\nprogram\n command x\n"),
            [
                "parsing [1.cfg:1] : 'frontend' expects an <id> argument",
                "parsing [1.cfg:2] : unknown keyword 'foo' in 'frontend' section",
                "parsing [1.cfg:3] : 'program' expects an <id> argument",
            ],
        )

    def test_character(self) -> None:
        """
        Names consist of letters, digits, dot, colon, underscore and dash.
        """
        self.assertEqual(
            self.alerts("backend x@y\nbackend Az09._:-\n"),
            ["parsing [1.cfg:1] : character '@' is not permitted in 'backend' name 'x@y'."],
        )

    def test_addresses(self) -> None:
        """
        Listening addresses do not stand on the section's line.
        """
        self.assertEqual(
            self.alerts("defaults\nfrontend f 127.0.0.1:80\n"),
            [
                "parsing [1.cfg:2] : 'frontend' cannot handle unexpected argument '127.0.0.1:80'.",
                "parsing [1.cfg:2] : please use the 'bind' keyword for listening addresses.",
            ],
        )

    def test_global(self) -> None:
        """
        C{global} has no argument.
        """
        self.assertEqual(
            self.alerts("global x\n"),
            ["parsing [1.cfg:1] : 'global' cannot handle unexpected argument 'x'."],
        )

    def test_duplicates(self) -> None:
        """
        Two proxies that both accept, or both have servers, have different names.
        """
        self.assertEqual(
            self.alerts("frontend f\nfrontend f\nbackend f\nlisten f\n"),
            [
                "Parsing [1.cfg:2]: frontend 'f' has the same name as frontend 'f' declared at"
                " 1.cfg:1.",
                "Parsing [1.cfg:4]: proxy 'f' has the same name as frontend 'f' declared at"
                " 1.cfg:1.",
            ],
        )

    def test_section_variable(self) -> None:
        """
        C{.SECTION} is the section's name, or its kind, and empty before the first one.
        """
        self.load(
            '.notice "<$.SECTION>"\nglobal\n.notice "$.SECTION"\nbackend b\n'
            '.notice "$.SECTION $.LINE"\n'
        )
        self.assertEqual(
            [each.split("]: ")[1] for each in self.messages], ["'<>'.", "'global'.", "'b 5'."]
        )

    def test_unsupported(self) -> None:
        """
        HAProxy's other sections are refused by name, with their lines.
        """
        self.assertEqual(
            self.alerts("peers p\n peer a 127.0.0.1:1\nresolvers r\n nameserver x y\n"),
            [
                "parsing [1.cfg:1] : 'peers' section is not supported by mwproxy.",
                "parsing [1.cfg:3] : 'resolvers' section is not supported by mwproxy.",
            ],
        )

    def test_out_of_section(self) -> None:
        """
        A file begins with a section, whatever stood in the one before.
        """
        self.load("global\n", " daemon\n")
        self.assertEqual(
            self.messages[0],
            "ALERT config : parsing [2.cfg:1]: unknown keyword 'daemon' out of section.",
        )


class DefaultsTests(LoadingTestCase):
    """
    Tests for which C{defaults} section a proxy follows.
    """

    def test_latest(self) -> None:
        """
        A proxy follows the latest one, named or not, and each begins afresh.
        """
        found = self.load(
            "defaults\n retries 5\nbackend a\ndefaults d\n timeout server 7s\nbackend b\n"
        )
        a, b = found.proxies
        self.assertEqual((a.retries, a.timeouts.server), (5, None))
        self.assertEqual((b.retries, b.timeouts.server, b.defaults), (3, 7000, "d"))

    def test_named(self) -> None:
        """
        C{from} names one, for C{defaults} sections too.
        """
        found = self.load(
            "defaults a\n retries 5\ndefaults b from a\n timeout server 7s\n"
            "defaults\nbackend x from a\nbackend y from b\nbackend z\n"
        )
        self.assertEqual(self.messages, [])
        self.assertEqual(
            [(each.retries, each.timeouts.server) for each in found.proxies],
            [(5, None), (5, 7000), (3, None)],
        )

    def test_anonymous_from(self) -> None:
        """
        C{defaults from x} has no name.
        """
        found = self.load("defaults x\n retries 5\ndefaults from x\nbackend b\n")
        self.assertEqual((found.proxies[0].retries, found.proxies[0].defaults), (5, ""))

    def test_not_found(self) -> None:
        """
        The named section exists.
        """
        self.assertEqual(
            self.alerts("defaults x from y\nfrontend f from zz\n disabled\n"),
            [
                "parsing [1.cfg:1] : defaults section 'y' not found for defaults 'x'.",
                "parsing [1.cfg:2] : defaults section 'zz' not found for frontend 'f'.",
            ],
        )

    def test_ambiguous(self) -> None:
        """
        A name that several sections have cannot be referred to.
        """
        self.assertEqual(
            self.alerts("defaults d\ndefaults d\nbackend f from d\n"),
            [
                "parsing [1.cfg:3] : ambiguous defaults section name 'd' referenced by backend 'f'"
                " exists at least at 1.cfg:1 and 1.cfg:2."
            ],
        )

    def test_odd_name(self) -> None:
        """
        A section that is referred to has a proper name.
        """
        self.assertEqual(
            self.alerts("defaults e@\nbackend f from e@\n"),
            [
                "parsing [1.cfg:2] : character '@' is not permitted in defaults section name 'e@'"
                " when designated by its name (section found at 1.cfg:1)."
            ],
        )

    def test_nothing_behind_from(self) -> None:
        """
        C{from} is followed by a name.
        """
        self.assertEqual(
            self.alerts("defaults x from\n"),
            ["parsing [1.cfg:1] : 'from' expects the name of a defaults section for defaults."],
        )

    def test_mixed(self) -> None:
        """
        A section that is used both ways is warned of.
        """
        self.load("defaults d\nbackend f from d\nbackend g\n")
        self.assertEqual(
            self.messages,
            [
                "WARNING config : parsing [1.cfg:3] : defaults section 'd' (declared at 1.cfg:1) is"
                " explicitly referenced by another proxy and implicitly used here. To avoid any"
                " ambiguity don't mix both usage. Add a last defaults section not explicitly used"
                " or always use explicit references."
            ],
        )


class RulesTests(LoadingTestCase):
    """
    Tests for joining the rules of a proxy.
    """

    def test_joined(self) -> None:
        """
        The rules of C{defaults} run before the proxy's own; without rules there is no function.
        """
        found = self.load(
            "defaults d\n mode http\n http-request one\nbackend b from d\n http-request two\n"
        )
        backend = found.proxies[0]
        assert backend.http_request is not None
        self.assertEqual(backend.http_request(None), [["one"], ["two"]])
        self.assertIsNone(backend.http_response)

    def test_listen(self) -> None:
        """
        A C{listen} section cannot follow C{defaults} with rules.
        """
        self.assertEqual(
            self.alerts("defaults d\n mode http\n http-request one\nlisten l from d\n disabled\n"),
            [
                "parsing [1.cfg:4]: a listen section cannot inherit from a defaults section"
                " defining TCP/HTTP rules."
            ],
        )

    def test_rules_for_one_side(self) -> None:
        """
        Rules of a C{defaults} section are for frontends or for backends, those of responses for
        backends.
        """
        self.assertEqual(
            self.alerts(
                "defaults d\n mode http\n http-request one\n"
                "frontend f from d\n disabled\nbackend b from d\nfrontend g from d\n disabled\n"
                "defaults e\n mode http\nfrontend h from e\n disabled\nbackend c from e\n"
            ),
            [
                "parsing [1.cfg:6]: frontends and backends cannot inherit from the same defaults"
                " section if it defines TCP/HTTP rules (defaults section at 1.cfg:1)."
            ],
        )
        self.assertEqual(
            self.alerts(
                "defaults d\n mode http\n tcp-response content one\nfrontend f from d\n disabled\n"
            ),
            [
                "parsing [1.cfg:4]: a frontend section cannot inherit from a defaults section"
                " defining 'tcp-response content' rules (defaults section at 1.cfg:1)."
            ],
        )


class ProgramsTests(LoadingTestCase):
    """
    Tests for the life of C{program} sections.
    """

    def test_duplicate(self) -> None:
        """
        Programs have different names.
        """
        self.assertEqual(
            self.alerts("program a\n command x\nprogram a\n command y\n"),
            ["parsing [1.cfg:3]: 'a' program section already exists in the configuration."],
        )

    def test_no_command(self) -> None:
        """
        A program has a command.
        """
        self.assertEqual(
            self.alerts("program a\nprogram b\n command x\n"),
            ["The program section 'a' lacks a command to launch."],
        )

    def test_arguments(self) -> None:
        """
        Nothing follows its name.
        """
        self.assertEqual(
            self.alerts("program a b\n command x\n"),
            ["parsing [1.cfg:1] : 'program' cannot handle unexpected argument 'b'."],
        )
