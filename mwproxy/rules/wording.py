"""
What is said about a wrong line of a ruleset. HAProxy words it in one way for C{http-request} and
its kin, in another for C{tcp-request content} and its kin.
"""

from __future__ import annotations

from typing import Any

from mwproxy.core import families
from mwproxy.core.registry import nearest
from mwproxy.rules.expression import guess
from mwproxy.rules.unsupported import ACTIONS


def ended(text: str) -> str:
    """
    End a message with a full stop, unless it ends already.

    @return: The message.
    """
    return text if text.endswith((".", "?")) else f"{text}."


def unknown_action(ruleset: str, words: list[str], proxy: Any) -> str:
    """
    Word that a ruleset has no such action.

    @param words: What follows the ruleset's name.

    @param proxy: The section's model.
    """
    given = words[0] if words else ""
    name = given.partition("(")[0]
    if name and name.rstrip("0123456789") in ACTIONS.get(ruleset, ()):
        return f"'{ruleset} {name}' is not supported by mwproxy."
    known = [known for known, entries in families.actions if ruleset in entries]
    near = nearest(name, known) if name else ""
    expected = ", ".join(f"'{known_name}'" for known_name in known)
    if _is_tcp(ruleset):
        hint = f" Did you mean '{near}' maybe ?" if near else ""
        return f"'{ruleset}' expects {expected} in {_section(proxy)} (got '{given}').{hint}"
    if not given:
        return f"'{ruleset}' expects an action, but got '' (missing argument)."
    hint = guess(near).removeprefix("; ").capitalize()
    return f"'{ruleset}' expects {expected}, but got '{given}'. {hint}".rstrip()


def bad_action(ruleset: str, words: list[str], proxy: Any, problem: str) -> str:
    """
    Word that an action's own words are wrong.

    @param problem: What its function says.
    """
    if _is_tcp(ruleset):
        return problem
    return (
        f"error detected in {_section(proxy)} while parsing '{ruleset} {words[0]}' rule : "
        f"{ended(problem)}"
    )


def no_condition(ruleset: str, words: list[str], proxy: Any, found: str) -> str:
    """
    Word that something else than a condition follows the action.

    @param found: The word.
    """
    if _is_tcp(ruleset):
        return (
            f"'{ruleset} {words[0]}' only accepts 'if' or 'unless', in {_section(proxy)} "
            f"(got '{found}')"
        )
    return (
        f"'{ruleset} {words[0]}' expects either 'if' or 'unless' followed by a condition but found "
        f"'{found}'."
    )


def bad_condition(ruleset: str, words: list[str], proxy: Any, begin: str, problem: str) -> str:
    """
    Word that the condition is wrong.

    @param begin: Its first word.

    @param problem: What is wrong.
    """
    if _is_tcp(ruleset):
        return (
            f"'{ruleset} {words[0]}' : error detected in {_section(proxy)} while parsing '{begin}' "
            f"condition : {problem}"
        )
    return f"error detected while parsing an '{ruleset} {words[0]}' condition : {ended(problem)}"


def _is_tcp(ruleset: str) -> bool:
    return ruleset.startswith("tcp-")


def _section(proxy: Any) -> str:
    kind = getattr(proxy, "kind", "proxy")
    kind = kind if kind in ("frontend", "backend", "defaults") else "proxy"
    return f"{kind} '{proxy.name}'"
