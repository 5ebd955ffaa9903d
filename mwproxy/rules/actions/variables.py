"""
Actions on variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import action
from mwproxy.core.values import Binary
from mwproxy.rules.expression import compile_expression
from mwproxy.rules.log_format import compile_format
from mwproxy.rules.ruleset import Rule, RuleLine
from mwproxy.rules.variables import check_name, guarded_writer, writer

_BOTH = (
    "http-request http-response http-after-response tcp-request connection tcp-request session "
    "tcp-request content tcp-response content"
)


def _names(line: RuleLine) -> list[str]:
    found = re.fullmatch(r"[a-z-]+\(([^()]*)\)", line.words[0])
    if found is None:
        raise ConfigError(
            f"incomplete argument after action '{line.words[0]}'. Expects "
            "'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'"
        )
    return [word.strip() for word in found[1].split(",")]


@action("set-var", rulesets=_BOTH)
def act_set_var(line: RuleLine) -> Rule:
    """
    Note the value of an expression; one without value leaves the variable as it is.
    """
    name, *conditions = _names(line)
    write = guarded_writer(name, conditions)
    if line.position >= len(line.words) or not line.words[line.position]:
        raise ConfigError("missing fetch method")
    context = line.notes["context"]
    rest = tuple(line.words[line.position + 1 :])
    expression, taken = compile_expression(line.words[line.position], context, more=rest)
    if not expression.phases & context.phases:
        raise ConfigError(
            f"fetch method '{line.words[line.position]}' extracts information from something "
            "that is not available here"
        )
    line.position += 1 + taken
    sample = expression.sample
    if expression.gives == "bin":
        return _binary_setter(sample, write)

    def set_var(stream: Any) -> None:
        value = sample(stream)
        if value is not None:
            write(stream, value)

    return set_var


def _binary_setter(
    sample: Callable[[Any], Any], write: Callable[[Any, Any], None]
) -> Callable[[Any], None]:
    def set_var(stream: Any) -> None:
        value = sample(stream)
        if value is not None:
            write(stream, Binary(value))

    return set_var


@action("set-var-fmt", rulesets=_BOTH)
def act_set_var_fmt(line: RuleLine) -> Rule:
    """
    Note what a log-format string makes.
    """
    name, *conditions = _names(line)
    write = guarded_writer(name, conditions)
    if line.position >= len(line.words):
        raise ConfigError("missing log-format string")
    value = compile_format(line.words[line.position], line.notes["context"], log=False)
    line.position += 1
    return lambda stream: write(stream, value(stream))


@action("unset-var", rulesets=_BOTH)
def act_unset_var(line: RuleLine) -> Rule:
    """
    Forget a variable.
    """
    write = writer(check_name(_names(line)[0]))
    return lambda stream: write(stream, None)
