"""
The seam through which C{config} has rules compiled without importing C{rules}.

C{mwproxy.rules.compiler} installs itself here when it is imported; who loads a whole
configuration imports it first (C{worker/startup.py}). Errors are raised as
L{ConfigError<mwproxy.core.diagnostics.ConfigError>}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from mwproxy.core.diagnostics import Diagnostics, Where


class RuleCompiler(Protocol):
    """
    Turns words of the configuration into functions of the stream.
    """

    def acl(
        self, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> Callable[[Any], bool]:
        """
        Compile what follows the name on an C{acl} line.

        @param words: Criterion, flags and patterns, such as C{path_beg -i /api}.

        @return: The predicate.
        """

    def condition(
        self, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> Callable[[Any], bool] | None:
        """
        Compile C{if …} or C{unless …}.

        @param words: From C{if} or C{unless} on; empty for no condition.

        @return: The predicate, L{None} for no condition.
        """

    def rule(
        self,
        ruleset: str,
        words: list[str],
        proxy: Any,
        where: Where,
        diagnostics: Diagnostics,
    ) -> tuple[Callable[[Any], bool] | None, Callable[[Any], Any]]:
        """
        Compile what follows C{http-request} or another ruleset's name.

        @return: Condition (L{None} for always) and action.
        """

    def join(
        self, rules: list[tuple[Callable[[Any], bool] | None, Callable[[Any], Any]]]
    ) -> Callable[[Any], Any] | None:
        """
        Make one function of compiled rules; L{None} when there are none.
        """

    def chain(self, rulesets: Iterable[Callable[[Any], Any] | None]) -> Callable[[Any], Any] | None:
        """
        Make one function of rulesets that follow each other: what one of them allows is for the
        next to decide.

        @param rulesets: L{None} for those that are empty.

        @return: L{None} when all are.
        """

    def buffer_request(self, time_ms: int | None) -> Callable[[Any], Any]:
        """
        Make a ruleset that waits for the body of a request (C{option http-buffer-request}).

        @param time_ms: How long, L{None} for as long as C{timeout client} says.
        """

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
        Compile a log-format string.

        @param http: Whether variables of HTTP exist here.

        @param log: True for log lines; False for values such as the name in C{use_backend}, where
            requests can be looked at, what is absent is empty, and nothing is escaped for logs.

        @return: Makes the bytes from a stream.
        """

    def expression(
        self, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> tuple[Callable[[Any], Any], int]:
        """
        Compile a sample expression: a fetch and its converters.

        @return: The function, and how many words it took.
        """

    def argument(
        self, text: str, proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> tuple[Callable[[Any], Any], str, frozenset[str]]:
        """
        Compile an argument of an SPOE message: an expression in one word. C{hdr} and C{cookie} mean
        the response's once there is one.

        @return: The function, type of its values, and where the fetch has one.
        """

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
        Compile C{if …} or C{unless …} of the event of an SPOE message, where everything may be
        asked for.

        @param response: Whether C{hdr} means that of responses.

        @return: The predicate, L{None} for no condition.
        """

    def check(self, configuration: Any, diagnostics: Diagnostics) -> None:
        """
        Alert of backends, frontends and servers that rules name and no section defines.

        @param configuration: All sections, once all files are read.
        """


_installed: list[RuleCompiler] = []


def install(compiler: RuleCompiler) -> None:
    """
    Make a compiler the one that configuration is compiled with.
    """
    _installed[:] = [compiler]


def rules() -> RuleCompiler:
    """
    Get the compiler.

    @raise RuntimeError: None was installed: a mistake in the program.
    """
    if not _installed:
        raise RuntimeError("mwproxy.rules.compiler was not imported")
    return _installed[0]
