"""
Keywords of C{spoe-message} sections, in the files that C{filter spoe} names (SPOE.txt 2.3).
"""

from __future__ import annotations

from mwproxy.config.keywords.rules import kw_acl
from mwproxy.config.keywords.spoe_agent import duration, one_word
from mwproxy.config.line import Line
from mwproxy.config.spoe_drafts import MessageDraft
from mwproxy.config.spoe_settings import CLOSED, EVENTS, OPEN, WAIT
from mwproxy.core.compilers import rules
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword
from mwproxy.core.registry import nearest

MESSAGE = "spoe-message"

_POLICIES = (OPEN, CLOSED, WAIT)


@keyword("args", sections=MESSAGE, high=None, syntax="[<name>=]<sample> ...")
def kw_args(line: Line, message: MessageDraft) -> None:
    """
    Add arguments: sample expressions, with a name or without.
    """
    for word in line.args:
        name, equals, text = word.partition("=")
        message.arguments.append((name, text, line.where) if equals else ("", word, line.where))


@keyword("acl", sections=MESSAGE, high=None, syntax="<aclname> <criterion> [flags] <value> ...")
def kw_acl_of_message(line: Line, message: MessageDraft) -> None:
    """
    Name a condition for the message's C{event} line; lines of the same name are joined by "or".
    """
    kw_acl(line, message.scope)


@keyword("event", sections=MESSAGE, high=None, syntax="<name> [{if | unless} <condition>]")
def kw_event(line: Line, message: MessageDraft) -> None:
    """
    Say at which event of a stream the message is sent; the last line counts.
    """
    if not line.args:
        raise ConfigError("missing event name.")
    name, *words = line.args
    if name not in EVENTS:
        guess = nearest(name, list(EVENTS))
        hint = f"; did you mean '{guess}' maybe ?" if guess else "."
        raise ConfigError(f"unknown event '{name}'{hint}")
    if words and words[0] not in ("if", "unless"):
        raise ConfigError(
            f"'event {name}' expects either 'if' or 'unless' followed by a condition but found"
            f" '{words[0]}'."
        )
    try:
        message.condition = rules().event_condition(
            words,
            message.scope,
            line.where,
            line.diagnostics,
            response=name.endswith("-response"),
        )
    except ConfigError as error:
        raise ConfigError(
            f"error detected while parsing an 'event {name}' condition : {error}"
        ) from None
    message.event = name


@keyword("timeout", sections=MESSAGE, high=None, syntax="<timeout>")
def kw_timeout_of_message(line: Line, message: MessageDraft) -> None:
    """
    Limit the time until the answer to this message, in place of C{timeout processing}; 0 for no
    limit.
    """
    message.timeout_ms = duration(line) or 0


@keyword("failure", sections=MESSAGE, high=None, syntax="{ open | closed | wait }")
def kw_failure(line: Line, message: MessageDraft) -> None:
    """
    Say what becomes of a stream whose message got no answer: it goes on (C{open}, the default), it
    is refused (C{closed}), or the message is sent again until C{timeout processing} is over, then
    the stream is refused (C{wait}).
    """
    if not line.args:
        raise ConfigError("'failure' expects 'open', 'closed' or 'wait'.")
    one_word(line)
    policy = line.args[0]
    if policy not in _POLICIES:
        raise ConfigError(f"'failure' supports 'open', 'closed' or 'wait' (got {policy}).")
    message.failure = policy
