"""
C{program}: mwproxy's own keywords about the life of a program. HAProxy has none of them.
"""

from __future__ import annotations

import re
import signal
from dataclasses import replace

from mwproxy.config.drafts import ProgramDraft
from mwproxy.config.line import Line
from mwproxy.config.program_settings import (
    ALWAYS,
    DEGRADE,
    IGNORE,
    LINE,
    LISTEN,
    NEVER,
    NOTIFY,
    ON_FAILURE,
    SPOP,
    STOP,
    Ready,
    Restart,
)
from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword
from mwproxy.core.values import BadValue, parse_integer, parse_time_ms

MOST_RESTARTS = 1_000_000
#: What can be connected to without looking up a name.
REACHABLE = ("ipv4", "ipv6", "unix", "abns", "abnsz")


@keyword(
    "restart",
    sections="program",
    low=1,
    high=None,
    syntax="{ always | on-failure | never } [backoff <time>[:<time>]] [limit <number>]",
    discovery=True,
)
def kw_restart(line: Line, section: ProgramDraft) -> None:
    """
    Whether it is started again when it ends by itself: C{always}, C{on-failure} (any status but 0,
    130 and 143) or C{never}, the default. The pause before that is the first time of C{backoff}
    (1s), doubles each time in a row up to the second one (60s), and begins anew once it has run
    for a minute. After C{limit} times in a row it is given up, and C{on-failure} decides.
    """
    when, *options = line.args
    if when not in (ALWAYS, ON_FAILURE, NEVER):
        raise ConfigError(
            f"'{line.name}' expects 'always', 'on-failure' or 'never' (got '{when}')."
        )
    found = Restart(when)
    for name, value in _pairs(line, options, ("backoff", "limit")):
        if name == "limit":
            found = replace(found, limit=_number(line, name, value))
        else:
            first, colon, most = value.partition(":")
            first_ms = _time(line, name, first)
            most_ms = _time(line, name, most) if colon else max(first_ms, found.most_ms)
            if most_ms < first_ms:
                raise ConfigError(
                    f"'{line.name}' : '{name}' begins with a longer time than it ends with"
                    f" (got '{value}')."
                )
            found = replace(found, first_ms=first_ms, most_ms=most_ms)
    section.settings = replace(section.settings, restart=found)


@keyword(
    "on-failure",
    sections="program",
    low=1,
    high=1,
    syntax="{ stop | ignore | degrade }",
    discovery=True,
)
def kw_on_failure(line: Line, section: ProgramDraft) -> None:
    """
    What its failure means when it is not started again: C{stop} ends everything, C{ignore} is a
    message only, C{degrade} is shown in C{show proc} and to the service manager until a reload
    starts it anew. Without this C{no-exit-on-failure} in C{global} decides, as in HAProxy.
    """
    word = line.args[0]
    if word not in (STOP, IGNORE, DEGRADE):
        raise ConfigError(f"'{line.name}' expects 'stop', 'ignore' or 'degrade' (got '{word}').")
    section.settings = replace(section.settings, on_failure=word)


@keyword(
    "ready",
    sections="program",
    low=1,
    high=None,
    syntax="{ listen <address> | spop <address> | line <regex> | notify } [timeout <time>]",
    discovery=True,
)
def kw_ready(line: Line, section: ProgramDraft) -> None:
    """
    How it shows that it is ready: somebody accepts at an address; an SPOE agent says hello there; a
    line of its output matches (implies C{log-output}); it sends C{READY=1} to C{NOTIFY_SOCKET}.
    The workers of a start or reload do not load before; if that takes longer than C{timeout} (10s)
    the start or reload has failed. At a reload the former instance stays until it has succeeded.
    """
    kind, *rest = line.args
    if kind not in (LISTEN, SPOP, LINE, NOTIFY):
        raise ConfigError(
            f"'{line.name}' expects 'listen', 'spop', 'line' or 'notify' (got '{kind}')."
        )
    what = ""
    if kind != NOTIFY:
        if not rest:
            wanted = "a regular expression" if kind == LINE else "an address"
            raise ConfigError(f"'{line.name} {kind}' expects {wanted} as argument.")
        what, *rest = rest
        if kind == LINE:
            _check_regex(line, what)
        else:
            check_address(f"{line.name} {kind}", what)
    found = Ready(kind, what)
    for name, value in _pairs(line, rest, ("timeout",)):
        found = replace(found, timeout_ms=_time(line, name, value))
    section.settings = replace(section.settings, ready=found)


@keyword("stop-signal", sections="program", low=1, high=1, syntax="<signal>", discovery=True)
def kw_stop_signal(line: Line, section: ProgramDraft) -> None:
    """
    The signal that asks it to go, by name (C{QUIT}, C{SIGQUIT}) or number, in place of the SIGUSR1,
    SIGTERM or SIGINT that HAProxy sends at a reload or stop.
    """
    word = line.args[0]
    name = word.upper()
    try:
        if word.isascii() and word.isdecimal():
            number = signal.Signals(int(word))
        else:
            number = signal.Signals[name if name.startswith("SIG") else f"SIG{name}"]
    except (KeyError, ValueError):
        raise ConfigError(
            f"'{line.name}' : unknown signal '{word}', write a name such as 'QUIT' or a number."
        ) from None
    section.settings = replace(section.settings, stop_signal=int(number))


@keyword("stop-timeout", sections="program", low=1, high=1, syntax="<time>", discovery=True)
def kw_stop_timeout(line: Line, section: ProgramDraft) -> None:
    """
    How long it may take to go once it was asked to; then its whole process group is killed. HAProxy
    waits for ever.
    """
    timeout = _time(line, line.name, line.args[0], least=0)
    section.settings = replace(section.settings, stop_timeout_ms=timeout)


@keyword("option keep-unchanged", sections="program", discovery=True, negatable=True)
def kw_option_keep_unchanged(line: Line, section: ProgramDraft) -> None:
    """
    Whether a reload leaves it alone, without a signal, when its section, its environment and the
    file that it runs are what they were. Off unless said in sections that have keywords of HAProxy
    only, as HAProxy starts all anew, or C{option start-on-reload}; on in those that use any of
    mwproxy's own. A C{hard-reload} starts it anew in any case.
    """
    section.keep_unchanged = not line.negated


@keyword("option start-after-stop", sections="program", discovery=True, negatable=True)
def kw_option_start_after_stop(line: Line, section: ProgramDraft) -> None:
    """
    Whether a reload asks the former instance to go first and starts the new one when it has gone,
    for programs that cannot run twice; with C{ready}, if that reload fails the former one is
    started again. Off unless said, as HAProxy has both at one time.
    """
    section.settings = replace(section.settings, start_after_stop=not line.negated)


def check_address(name: str, text: str) -> Address:
    """
    Read an address that needs no resolution.

    @param name: The keyword, for the message.

    @raise ConfigError: It is none.
    """
    try:
        address = parse_address(text)
    except BadValue as error:
        raise ConfigError(f"'{name}' : {error}.") from None
    if address.family == "name":
        raise ConfigError(
            f"'{name}' expects an IP address or a path, the name '{address.host}' is not looked up"
            " (got"
            f" '{text}')."
        )
    if address.family not in REACHABLE or address.datagram or address.port_offset:
        raise ConfigError(f"'{name}' expects an IP address with a port, or a path (got '{text}').")
    return address


def _check_regex(line: Line, text: str) -> None:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(f"'{line.name} line' : regex '{text}' is invalid: {error}.") from None


def _pairs(line: Line, words: list[str], names: tuple[str, ...]) -> list[tuple[str, str]]:
    """
    Cut words into options with a value each.

    @raise ConfigError: There is another one, or one without a value.
    """
    found = []
    for at in range(0, len(words), 2):
        name = words[at]
        if name not in names:
            known = " and ".join(f"'{each}'" for each in names)
            raise ConfigError(f"'{line.name}' only supports {known} (got '{name}').")
        if at + 1 == len(words):
            raise ConfigError(f"'{line.name}' : '{name}' expects a value.")
        found.append((name, words[at + 1]))
    return found


def _time(line: Line, name: str, text: str, least: int = 1) -> int:
    said = f"'{line.name}'" if name == line.name else f"'{line.name}' : '{name}'"
    try:
        found = parse_time_ms(text)
    except BadValue as error:
        raise ConfigError(f"{said} : {error} in '{text}', write a time such as '10s'.") from None
    if found < least:
        raise ConfigError(f"{said} expects a time of at least {least} ms (got '{text}').")
    return found


def _number(line: Line, name: str, text: str) -> int:
    try:
        return parse_integer(text, 1, MOST_RESTARTS)
    except BadValue:
        raise ConfigError(
            f"'{line.name}' : '{name}' expects a number between 1 and {MOST_RESTARTS}"
            f" (got '{text}')."
        ) from None
