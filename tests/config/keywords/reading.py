"""
Keyword functions fed with single lines, and a rule compiler that only remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.config.line import Line
from mwproxy.core import compilers
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where
from mwproxy.core.families import Keyword, keywords
from mwproxy.core.registry import load_family

WHERE = Where("t.cfg", 7)


class RememberingCompiler:
    """
    Stands for the rules: predicates and actions are what the words say.

    A condition or ACL is true when the stream, a list of words, has its first word; a log
    format makes its own text.
    """

    def acl(
        self, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> Callable[[Any], bool]:
        """
        Make a predicate.
        """
        if not words:
            raise ConfigError("missing fetch method")
        return lambda stream: words[0] in stream

    def condition(
        self, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> Callable[[Any], bool] | None:
        """
        Make a predicate, of named ACLs where they exist.
        """
        if not words:
            return None
        if words[1:] == ["nothing"]:
            raise ConfigError("no such ACL : 'nothing'.")
        known = proxy.acls.get(words[1])
        predicate = known if known is not None else self.acl(words[1:], proxy, where, diagnostics)
        return predicate if words[0] == "if" else lambda stream: not predicate(stream)

    def rule(
        self, ruleset: str, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> tuple[Callable[[Any], bool] | None, Callable[[Any], Any]]:
        """
        Make an action that returns the ruleset and its words.
        """
        if not words:
            raise ConfigError(f"'{ruleset}' expects an action")
        return None, lambda stream: (ruleset, *words)

    def argument(
        self, text: str, proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> tuple[Callable[[Any], Any], str, frozenset[str]]:
        """
        Make a function that returns the word.
        """
        return (lambda stream: text), "str", frozenset()

    def event_condition(
        self,
        words: list[str],
        proxy: Any,
        where: Where,
        diagnostics: Diagnostics,
        *,
        response: bool,
    ) -> Callable[[Any], bool] | None:
        """
        Make a predicate.
        """
        return self.condition(words, proxy, where, diagnostics)

    def check(self, configuration: Any, diagnostics: Any) -> None:
        """
        Find nothing wrong.
        """

    def join(
        self, rules: list[tuple[Callable[[Any], bool] | None, Callable[[Any], Any]]]
    ) -> Callable[[Any], Any] | None:
        """
        Make a function that returns what all actions return.
        """
        return lambda stream: [action(stream) for _, action in rules]

    def chain(self, rulesets: Iterable[Callable[[Any], Any] | None]) -> Callable[[Any], Any] | None:
        """
        Make a function that returns what all rulesets return.
        """
        found = [ruleset for ruleset in rulesets if ruleset is not None]
        return lambda stream: [ruleset(stream) for ruleset in found]

    def buffer_request(self, time_ms: int | None) -> Callable[[Any], Any]:
        """
        Make a ruleset that returns its time.
        """
        return lambda stream: ("buffer", time_ms)

    def log_format(
        self,
        text: str,
        proxy: Any,
        where: Where,
        diagnostics: Diagnostics,
        *,
        http: bool = True,
        log: bool = True,
    ) -> Callable[[Any], bytes]:
        """
        Make a function that returns the format.
        """
        if "%[" in text and "]" not in text:
            raise ConfigError("missing ']'")
        return lambda stream: text.encode()

    def expression(
        self, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> tuple[Callable[[Any], Any], int]:
        """
        Make a function that returns the word.
        """
        return (lambda stream: words[0]), 1


class KeywordTestCase(SynchronousTestCase):
    """
    Reads lines into sections.

    @ivar diagnostics: The messages so far.

    @ivar later: The checks that lines asked for.
    """

    def setUp(self) -> None:
        load_family("mwproxy.config.keywords")
        before = list(compilers._installed)
        compilers.install(RememberingCompiler())
        self.addCleanup(compilers._installed.__setitem__, slice(None), before)
        self.diagnostics = Diagnostics()
        self.later: list[Any] = []
        self.front = model.Proxy("frontend", "f")
        self.back = model.Proxy("backend", "b")
        self.base = model.Proxy("defaults", "")
        self.named = model.Proxy("defaults", "d")
        self.whole = model.Global()

    def read(self, subject: model.Proxy | model.Global, *texts: str) -> None:
        """
        Read lines, without quotes or variables.

        @param subject: The section.

        @param texts: The lines.
        """
        for text in texts:
            self.read_words(subject, text.split(" "))

    def read_words(self, subject: model.Proxy | model.Global, words: list[str]) -> None:
        """
        Read one line.
        """
        section = subject.kind if isinstance(subject, model.Proxy) else "global"
        negated = words[0] == "no"
        body = words[1:] if negated else words
        entry, count = _find(body, section)
        args = body[count:]
        if entry.high is not None and len(args) > entry.high:
            raise ConfigError(f"too many arguments for {entry.name}")
        line = Line(words, entry.name, args, WHERE, self.diagnostics, section, negated, {}, [])
        line.later = self.later
        entry.parse(line, subject)

    def refused(self, subject: model.Proxy | model.Global, text: str) -> str:
        """
        Read a line that is wrong.

        @return: What is said of it.
        """
        before = len(self.diagnostics.messages)
        try:
            self.read(subject, text)
        except ConfigError as error:
            return str(error)
        added = [each.text for each in self.diagnostics.messages[before:]]
        self.assertTrue(added, f"accepted: {text}")
        return added[-1]

    def warnings(self) -> list[str]:
        """
        Take the messages so far, without file and line.
        """
        texts = [
            each.text.removeprefix(f"config : parsing [{WHERE}] : ")
            for each in self.diagnostics.messages
        ]
        self.diagnostics.messages.clear()
        return texts


def _find(words: list[str], section: str) -> tuple[Keyword, int]:
    for count in (3, 2, 1):
        first = keywords.find(" ".join(words[:count])) if len(words) >= count else None
        if first is not None:
            for each in (first, *first.elsewhere):
                if section in each.sections:
                    return each, count
    raise ConfigError(f"unknown keyword '{words[0]}'")
