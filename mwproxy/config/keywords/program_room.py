"""
C{program}: mwproxy's own keywords about what a program finds around it. HAProxy has none of them.
"""

from __future__ import annotations

import re
import resource
from dataclasses import replace

from mwproxy.config.drafts import ProgramDraft
from mwproxy.config.keywords.program_life import check_address
from mwproxy.config.line import Line
from mwproxy.config.log_line import SYSLOG_PORT, parse_log
from mwproxy.config.program_settings import OutputRate, PassedSocket
from mwproxy.core.addresses import parse_address
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword
from mwproxy.core.values import BadValue, parse_integer, parse_size, parse_time_ms

MOST_LINES = 1_000_000
#: Resources in seconds, numbers or priorities; the others are in bytes and may have k, m or g.
_COUNTS = ("cpu", "msgqueue", "nice", "nofile", "nproc", "rtprio", "rttime", "sigpending")
_BYTES = ("as", "core", "data", "fsize", "memlock", "rss", "stack")
RESOURCES = tuple(
    sorted(each for each in _COUNTS + _BYTES if hasattr(resource, f"RLIMIT_{each.upper()}"))
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NAME = re.compile(r"[\x21-\x39\x3b-\x7e]{1,255}", re.ASCII)
#: What the master itself sets.
_OURS = ("LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "NOTIFY_SOCKET", "MWPROXY_PROGRAM")


@keyword("env", sections="program", low=1, high=1, syntax="<name>=<value>", discovery=True)
def kw_env(line: Line, section: ProgramDraft) -> None:
    """
    Set a variable in its environment. May be repeated.
    """
    name, equals, _ = line.args[0].partition("=")
    if not equals or _VARIABLE.fullmatch(name) is None:
        raise ConfigError(f"'{line.name}' expects <name>=<value> (got '{line.args[0]}').")
    if name in _OURS:
        raise ConfigError(f"'{line.name}' : '{name}' is set by mwproxy itself.")
    former = section.settings.variables
    kept = tuple(each for each in former if each.partition("=")[0] != name)
    section.settings = replace(section.settings, variables=(*kept, line.args[0]))


@keyword("directory", sections="program", low=1, high=1, syntax="<path>", discovery=True)
def kw_directory(line: Line, section: ProgramDraft) -> None:
    """
    Where it runs, an absolute path; where the master does unless said. Entered as its user.
    """
    path = line.args[0]
    if not path.startswith("/"):
        raise ConfigError(f"'{line.name}' expects an absolute path (got '{path}').")
    section.settings = replace(section.settings, directory=path)


@keyword(
    "rlimit",
    sections="program",
    low=2,
    high=2,
    syntax="<resource> <soft>[:<hard>]",
    discovery=True,
)
def kw_rlimit(line: Line, section: ProgramDraft) -> None:
    """
    Limit what it may take, see setrlimit(2): C{nofile}, C{as}, C{core}, C{nproc} and so on, a
    number (with k, m or g where it counts bytes) or C{unlimited}. One value is both limits.
    May be repeated. Without it there are the limits that the master was started with.
    """
    name, text = line.args
    if name not in RESOURCES:
        raise ConfigError(
            f"'{line.name}' : unknown resource '{name}', known are {', '.join(RESOURCES)}."
        )
    soft_text, colon, hard_text = text.partition(":")
    soft = _amount(line, name, soft_text)
    hard = _amount(line, name, hard_text) if colon else soft
    if hard != -1 and (soft == -1 or soft > hard):
        raise ConfigError(f"'{line.name}' : the soft limit is above the hard one (got '{text}').")
    kept = tuple(each for each in section.settings.limits if each.partition("=")[0] != name)
    section.settings = replace(section.settings, limits=(*kept, f"{name}={soft}:{hard}"))


@keyword(
    "listen-on",
    sections="program",
    low=1,
    high=None,
    syntax="<address> [name <name>] [mode <mode>]",
    discovery=True,
)
def kw_listen_on(line: Line, section: ProgramDraft) -> None:
    """
    Give it a listening socket as systemd does: descriptors from 3 on in the order of these lines,
    C{LISTEN_FDS}, C{LISTEN_PID}, C{LISTEN_FDNAMES}. The socket is the master's and stays open over
    restarts and reloads, so clients wait while the program is away. May be repeated.
    """
    text, *rest = line.args
    check_address(line.name, text)
    found = PassedSocket(text)
    for at in range(0, len(rest), 2):
        name, value = rest[at], (rest[at + 1] if at + 1 < len(rest) else "")
        if name not in ("name", "mode"):
            raise ConfigError(f"'{line.name}' only supports 'name' and 'mode' (got '{name}').")
        if name == "name":
            if _NAME.fullmatch(value) is None:
                raise ConfigError(
                    f"'{line.name}' : 'name' expects printable characters without blank and colon"
                    f" (got '{value}')."
                )
            found = replace(found, name=value)
        elif re.fullmatch(r"[0-7]{1,4}", value, re.ASCII) is None:
            raise ConfigError(f"'{line.name}' : 'mode' expects an octal number (got '{value}').")
        else:
            found = replace(found, mode=int(value, 8))
    if any(each.address == text for each in section.settings.passed):
        raise ConfigError(f"'{line.name}' : '{text}' is there already.")
    section.settings = replace(section.settings, passed=(*section.settings.passed, found))


@keyword(
    "log-output",
    sections="program",
    high=None,
    syntax="[rate <number>/<time>] [to <address> [len <size>] [format <format>] <facility>"
    " [<level> [<minlevel>]]]",
    discovery=True,
)
def kw_log_output(line: Line, section: ProgramDraft) -> None:
    """
    Read its standard output and error, and log each line as a message of the master with its name
    and pid, or send it C{to} a syslog server, as a C{log} line describes one; at most C{rate}
    (C{100/1s}), the rest is counted. Without it both go where the master's go, as in HAProxy.
    """
    found = OutputRate()
    words = list(line.args)
    target: list[str] = []
    if "to" in words:
        at = words.index("to")
        words, target = words[:at], words[at + 1 :]
        _check_target(line, target)
    if words:
        if words[0] != "rate" or len(words) != 2:
            raise ConfigError(
                f"'{line.name}' only supports 'rate' with a value such as '100/1s', and 'to'."
            )
        number, _, time = words[1].partition("/")
        try:
            found = OutputRate(parse_integer(number, 1, MOST_LINES), parse_time_ms(time))
        except BadValue:
            found = OutputRate(0, 0)
        if not found.per_ms:
            raise ConfigError(
                f"'{line.name}' : 'rate' expects a number of lines and a time such as '100/1s'"
                f" (got '{words[1]}')."
            )
    section.settings = replace(section.settings, output=found, log_to=tuple(target))


def _check_target(line: Line, words: list[str]) -> None:
    text = words[0] if words else ""
    if text in ("stdout", "stderr") or text.startswith("fd@"):
        raise ConfigError(
            f"'{line.name}' : 'to' expects a syslog server, leave it out for the messages of the"
            f" master (got '{text}')."
        )
    if words:
        try:
            address = parse_address(text, default_port=SYSLOG_PORT)
        except BadValue as error:
            raise ConfigError(f"'{line.name}' : 'to' : {error}.") from None
        if address.family == "name":
            raise ConfigError(
                f"'{line.name}' : 'to' expects an IP address or a path, the name '{address.host}'"
                f" is not looked up (got '{text}')."
            )
    try:
        parse_log(words, is_global=True)
    except ConfigError as error:
        raise ConfigError(f"'{line.name}' : 'to' : {error}") from None


def _amount(line: Line, name: str, text: str) -> int:
    if text == "unlimited":
        return -1
    try:
        found = parse_size(text) if name in _BYTES else parse_integer(text, 0)
    except BadValue:
        found = -1
    if not 0 <= found < 2**63:
        kind = "a size such as '64m'" if name in _BYTES else "a number"
        raise ConfigError(f"'{line.name}' : '{name}' expects {kind} or 'unlimited' (got '{text}').")
    return found
