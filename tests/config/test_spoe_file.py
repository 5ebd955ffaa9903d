"""
Tests for L{mwproxy.config.spoe_file}.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mwproxy.config.spoe_file import SECTIONS
from mwproxy.core import families
from mwproxy.core.references import forget_references, noted_references
from tests.config.agents import FILTER, GOOD, AgentFileTestCase
from tests.config.test_every_keyword import JUNK

ERRORS = "parsing [1.cfg:8] : 'filter' : 'Error(s) found in configuration file a.conf'"
BARE = GOOD.removeprefix("[e]\n")
WITHOUT_ENGINE = "filter spoe config {file}"


class ScopeTests(AgentFileTestCase):
    """
    Tests of C{[scope]} lines.
    """

    def test_scope_of_the_engine(self) -> None:
        """
        With C{engine} the sections of its scope count, which may come twice; those of other scopes
        need not even make sense.
        """
        other = "[x]\nspoe-agent\nnonsense\nspoe-message m\n    nonsense\n"
        more = "[e]\nspoe-message n\n    args dst\n    event on-http-response\n"
        agent = self.agent(other + GOOD.replace("messages m", "messages m n") + other + more)
        self.assertEqual(agent.name, "ag")
        self.assertEqual(set(agent.events), {"on-client-session", "on-http-response"})

    def test_no_engine(self) -> None:
        """
        Without C{engine} what stands outside of scopes counts, and the engine has the agent's name.
        """
        [found] = self.filters(f"{BARE}[x]\nspoe-agent z\n", lines=WITHOUT_ENGINE)
        self.assertEqual((found.engine, found.agent.name), ("ag", "ag"))

    def test_blanks_and_comments(self) -> None:
        """
        Blanks around and a comment behind a scope are nothing.
        """
        for line in ("  [e]  ", "[e] # x", "\t[e]\t#x", "[e]\r"):
            self.assertEqual(self.agent(GOOD.replace("[e]", line)).name, "ag")

    def test_no_agent(self) -> None:
        """
        A file without agent in the scope is refused, with a hint at its scopes.
        """
        begin = "parsing [1.cfg:8] : 'filter' : 'No SPOE agent found in file a.conf"
        for text, lines, hint in (
            ("", FILTER, ", which has no scope [e]"),
            ("[e]\n", FILTER, ""),
            ("[e]\nspoe-message m\n", FILTER, ""),
            (BARE, FILTER, ", which has no scope [e]"),
            ("[x]\n[y]\n" + BARE, FILTER, ", which has no scope [e] but [x] and [y]"),
            (GOOD, WITHOUT_ENGINE, " outside of its scopes ([e]), use 'engine' to name one"),
        ):
            self.assertEqual(self.said(text, lines=lines), [f"{begin}{hint}'"])

    def test_mistakes(self) -> None:
        """
        A scope has a name of the usual characters, and nothing follows it.
        """
        for line, text in (
            ("[e!]", "character '!' is not permitted in a scope name."),
            ("[ e ]", "character ' ' is not permitted in a scope name."),
            ("[]", "empty scope name is forbidden."),
            ("[e", "missing ']' after scope name 'e'."),
            ("[e] x", "character 'x' is not permitted after scope declaration."),
        ):
            self.assertEqual(
                self.said(GOOD.replace("[e]", line)), [f"parsing [a.conf:1] : {text}", ERRORS]
            )

    def test_skipped_scope(self) -> None:
        """
        A scope in a branch that does not count is none.
        """
        self.agent(GOOD.replace("    args", ".if 0\n[x]\n.endif\n    args"))


class SectionTests(AgentFileTestCase):
    """
    Tests of sections.
    """

    def test_headers(self) -> None:
        """
        Sections have one name, of the usual characters, and only once.
        """
        for text, said in (
            (
                GOOD.replace("spoe-agent ag", "spoe-agent"),
                ["parsing [a.conf:2] : missing name for spoe-agent section."],
            ),
            (
                GOOD.replace("spoe-agent ag", "spoe-agent ag x"),
                ["parsing [a.conf:2] : 'spoe-agent' cannot handle unexpected argument 'x'."],
            ),
            (
                GOOD.replace("spoe-message m", "spoe-message m!"),
                [
                    "parsing [a.conf:8] : character '!' is not permitted in 'spoe-message' name"
                    " 'm!'."
                ],
            ),
            (
                GOOD + "spoe-agent x\n",
                ["parsing [a.conf:11] : another spoe-agent section previously defined."],
            ),
            (
                GOOD + "spoe-message m\n",
                [
                    "parsing [a.conf:11]: spoe-message section 'm' has the same name as another one"
                    " declared at a.conf:8."
                ],
            ),
            (
                GOOD + "spoe-group g\nspoe-group g\n",
                [
                    "parsing [a.conf:12]: spoe-group section 'g' has the same name as another one"
                    " declared at a.conf:11."
                ],
            ),
        ):
            self.assertEqual(self.said(text), [*said, ERRORS])

    def test_out_of_section(self) -> None:
        """
        Lines before the first section are refused, in no scope and in the right one.
        """
        said = "unknown keyword 'foo' out of section."
        for text, line in ((f"foo\n{GOOD}", 1), (GOOD.replace("[e]", "[e]\nfoo"), 2)):
            self.assertEqual(self.said(text), [f"parsing [a.conf:{line}]: {said}", ERRORS])
        self.agent(f"{GOOD}[x]\nfoo\n")

    def test_unknown_keyword(self) -> None:
        """
        Unknown keywords are told with a guess, in each kind of section; those of other sections
        are as unknown.
        """
        for line, guess in (
            ("foo", "."),
            ("mesages m", "; did you mean 'messages' maybe ?"),
            ("args src", "."),
            ("frontend x", "."),
            ("default option async", "."),
        ):
            word = line.split()[0]
            self.assertEqual(
                self.said_of(line),
                [
                    f"parsing [a.conf:4] : unknown keyword '{word}' in spoe-agent section{guess}",
                    ERRORS,
                ],
            )
        self.assertEqual(
            self.said_of_message("arg src")[0],
            "parsing [a.conf:11] : unknown keyword 'arg' in spoe-message section; did you mean"
            " 'args' maybe ?",
        )
        self.assertEqual(
            self.said(f"{GOOD}spoe-group g\n    event\n")[0],
            "parsing [a.conf:12] : unknown keyword 'event' in spoe-group section.",
        )

    def test_options(self) -> None:
        """
        Options are told apart from keywords, negated ones too.
        """
        for line, said in (
            ("option", "'option' expects an option name."),
            ("option foo", "option 'foo' is not supported."),
            (
                "option pipelines",
                "option 'pipelines' is not supported; did you mean 'pipelining' maybe ?",
            ),
            ("no option foo", "negation is not supported for option 'foo'."),
            ("no option var-prefix x", "negation is not supported for option 'var-prefix'."),
            ("no option", "negation/default currently supported only for options and log."),
            ("no messages m", "negation/default currently supported only for options and log."),
            ("no", "negation/default currently supported only for options and log."),
        ):
            self.assertEqual(self.said_of(line), [f"parsing [a.conf:4]: {said}", ERRORS])

    def test_all_mistakes_at_once(self) -> None:
        """
        One run tells all mistakes of a file, those of arguments when their section ends.
        """
        text = GOOD.replace("hello", "helo").replace("args src", "args zork").replace("on-c", "onc")
        self.assertEqual(
            self.said(text + "    foo\n"),
            [
                "parsing [a.conf:4] : 'timeout' supports 'hello', 'idle' or 'processing' (got"
                " helo).",
                "parsing [a.conf:10] : unknown event 'onclient-session'; did you mean"
                " 'on-client-session' maybe ?",
                "parsing [a.conf:11] : unknown keyword 'foo' in spoe-message section.",
                "parsing [a.conf:9] : 'args': unknown fetch method 'zork'.",
                ERRORS,
            ],
        )


class LineTests(AgentFileTestCase):
    """
    Tests of how lines are read.
    """

    def test_like_the_main_files(self) -> None:
        """
        Quotes, variables, pseudo variables, comments and conditions are those of the main files.
        """
        self.environment["NAME"] = "zz"
        text = GOOD.replace("agent ag", 'agent "$NAME" # x').replace("use-backend", "'use-backend'")
        text = text.replace("    args", ".if 0\nnonsense\n.else\n    args").replace(
            "    event", ".endif\n    event"
        )
        self.assertEqual(self.agent(text.replace("\n", "\r\n")).name, "zz")

    def test_directives_speak(self) -> None:
        """
        C{.notice} speaks with the file's name; C{.diag} only when diagnostics are wanted.
        """
        text = f'.notice "hello"\n.diag "${{.FILE}}"\n{GOOD}'
        self.assertEqual(self.said(text), ["parsing [a.conf:1]: 'hello'."])

    def test_broken_lines(self) -> None:
        """
        Lines that cannot be cut are told, whatever their scope.
        """
        for text, said in (
            (GOOD.replace("src", '"src'), 'unmatched quote at position 10:\n  args "src\n       ^'),
            (GOOD.replace("src", "s\0rc"), "Stray NUL character at position 11."),
            (f"{GOOD}[x]\n    'a\n", "unmatched quote at position 5:\n  'a\n  ^"),
        ):
            line = 12 if "[x]" in text else 9
            self.assertEqual(self.said(text), [f"parsing [a.conf:{line}]: {said}", ERRORS])

    def test_missing_line_feed(self) -> None:
        """
        The last line has to end.
        """
        self.assertEqual(
            self.said(GOOD[:-1]),
            [
                "parsing [a.conf:10]: Missing LF on last line, file might have been truncated at"
                " position 28.",
                ERRORS,
            ],
        )

    def test_unterminated_block(self) -> None:
        """
        C{.if} has to end in its file.
        """
        self.assertEqual(
            self.said(f".if 1\n{GOOD}"),
            ["parsing [a.conf:11]: non-terminated '.if' block.", ERRORS],
        )

    def test_log_address(self) -> None:
        """
        As in main files the address of C{log} is expanded outside of quotes too.
        """
        self.environment["TO"] = "127.0.0.1"
        agent = self.agent_with("log $TO:5140 local0")
        self.assertEqual(str(agent.log_targets[0].address), "127.0.0.1:5140")
        self.assertIn("environment variable", self.said_of("log ${TO local0")[0])


class FileTests(AgentFileTestCase):
    """
    Tests of the file itself.
    """

    def test_not_there(self) -> None:
        """
        A file that cannot be read is refused, with the reason.
        """
        for name, reason in (("nope", "No such file or directory"), ("", "Is a directory")):
            self.assertEqual(
                self.said(GOOD, lines=f"filter spoe config {self.directory}/{name}"),
                [
                    "parsing [1.cfg:8] : 'filter' : 'Could not open configuration file"
                    f" {name} : {reason}'"
                ],
            )
        self.assertIn("null byte", self.said(GOOD, lines='filter spoe config "a\\x00b"')[0])

    def test_reference(self) -> None:
        """
        It is among the files that a generation of the master refers to.
        """
        forget_references()
        self.addCleanup(forget_references)
        self.agent(GOOD)
        self.assertEqual(list(noted_references()), [str(Path(self.directory, "a.conf"))])


class DocumentTests(AgentFileTestCase):
    """
    Tests of the example in C{doc/spoe-file.md}.
    """

    def test_example(self) -> None:
        """
        It is right, and says what its text says.
        """
        page = (Path(__file__).parents[2] / "doc" / "spoe-file.md").read_text()
        text = page.split("```spoe\n")[1].split("```")[0]
        agent = self.agent(
            text,
            lines="filter spoe engine reputation config {file}\n"
            "    http-request wait-for-body time 1s\n"
            "    http-request send-spoe-group reputation bodies",
        )
        [check] = agent.events["on-frontend-http-request"]
        [body] = agent.groups["bodies"]
        self.assertEqual((check.name, check.failure, body.name), ("check", "closed", "body"))


class GarbageTests(AgentFileTestCase):
    """
    Tests of files that are broken anywhere.
    """

    def refused(self, text: bytes) -> None:
        """
        Load a file; a mistake is told with its place, and never as one of ours.
        """
        self.load_agent(text)
        for message in self.messages:
            self.assertNotIn("internal error", message)
            if message.startswith("ALERT") and "Fatal errors" not in message:
                self.assertRegex(message, r"1\.cfg|a\.conf")

    def test_cut(self) -> None:
        """
        A file cut at each byte is read or refused; without its last lines it is another file.
        """
        text = (
            GOOD.replace(
                "messages m\n",
                'messages m\n    groups g\n    option var-prefix "p"\n    log global\n',
            )
            + "    acl x src 127.0.0.1\n    event on-http-response if x or { status 200 }\n"
            + "    timeout 5s\n    failure wait\nspoe-group g\n    messages m\n"
        ).encode()
        for end in range(len(text)):
            self.refused(text[:end])
            self.refused(text[:end] + b"\n")
        self.agent(text)

    def test_junk_behind_keywords(self) -> None:
        """
        Every keyword survives arguments that make no sense.
        """
        begin = GOOD.replace("spoe-message m", "spoe-group g\nspoe-message m").encode()
        for each in families.all_keywords():
            for section in sorted(each.sections & set(SECTIONS)):
                name = {"spoe-agent": "ag", "spoe-message": "m", "spoe-group": "g"}[section]
                header = f"{section} {name}\n".encode()
                before, found, rest = begin.partition(header)
                self.assertTrue(found)
                for word in (each.name, f"no {each.name}"):
                    lines = "".join(f"  {word} {junk}\n" for junk in JUNK).encode()
                    self.refused(before + header + lines + rest)

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.lists(st.binary(max_size=30), max_size=8))
    def test_bytes(self, lines: list[bytes]) -> None:
        """
        So is what was never an agent file.
        """
        body = b"\n".join([*lines, b""])
        self.refused(body)
        self.refused(GOOD.encode() + body)
