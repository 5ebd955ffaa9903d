"""
Actions of the rulesets of C{tcp-request} and C{tcp-response} that end these; C{http-request
reject}.
"""

from __future__ import annotations

from mwproxy.core.families import action
from mwproxy.rules.ruleset import ALLOW, Rule, RuleLine, Verdict

_ALL = "tcp-request connection tcp-request session tcp-request content tcp-response content"
_CLOSE = Verdict("close")
_CLOSE_HTTP = Verdict("close", 403)
_CUT = Verdict("cut")


@action("accept", rulesets=_ALL, final=True)
def act_accept(line: RuleLine) -> Rule:
    """
    Stop evaluating the ruleset and go on.
    """
    return lambda stream: ALLOW


@action("reject", rulesets=_ALL, final=True)
def act_reject(line: RuleLine) -> Rule:
    """
    Close the connection without an answer.
    """
    return lambda stream: _CLOSE


@action("reject", rulesets="http-request", final=True)
def act_reject_request(line: RuleLine) -> Rule:
    """
    Close the connection without an answer.
    """
    return lambda stream: _CLOSE_HTTP


@action("close", rulesets="tcp-response content", final=True)
def act_close(line: RuleLine) -> Rule:
    """
    Close the server's connection, as if it had ended.
    """
    return lambda stream: _CUT
