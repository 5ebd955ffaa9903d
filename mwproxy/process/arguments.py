"""
HAProxy's command line (management manual 3).

An option is recognized by its first letters; what follows them in the same word does not count.
Command lines are only read here: whether files exist or pids are alive is found out later.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from mwproxy.process.ready_fd import OPTION, parse_ready_fd
from mwproxy.process.settings import Settings

_BLANKS = " \t\n\r\v\f"
NO_VALUE = "failed to copy argv."
#: Options with a value in the next word.
_WITH_VALUE = {
    "C": "directory",
    "p": "pidfile",
    "L": "localpeer",
    "n": "maxconn",
    "N": "proxy_maxconn",
    "m": "memory_mb",
}
_NUMBERS = frozenset(("maxconn", "proxy_maxconn", "memory_mb"))
#: Options of C{-d}, with what they set.
_DETAILS: dict[str, dict[str, Any]] = {
    "b": {"foreground": True},
    "W": {"zero_warning": True},
    "D": {"diagnostics": True},
    "R": {"noreuseport": True},
    "r": {"no_resolve_fail": True},
    "V": {"no_verify": True},
    "S": {"nosplice": True},
}
#: Options of C{-d} that tune what only HAProxy has: pollers, memory pools and the like.
_TUNING = "ekpvGFZIMLc"


class UsageError(Exception):
    """
    The command line makes no sense: the usage is to be shown.

    @ivar alert: What to say before, empty for nothing.
    """

    def __init__(self, alert: str = "") -> None:
        super().__init__(alert)
        self.alert = alert


class ArgumentError(Exception):
    """
    An option is wrong; the text is the operator's message.
    """


@dataclass(frozen=True, slots=True)
class Arguments:
    """
    What a command line asks for.

    @ivar settings: What the process needs.

    @ivar version: 1 for C{-v}, 2 for C{-vv}: show the version and do nothing else.

    @ivar condition: C{-cc}, L{None} without it.

    @ivar keywords: C{-dK}: the classes to show, L{None} without it.

    @ivar dump: C{-dC}: its arguments, L{None} without it.

    @ivar trace: C{-dt} was given.

    @ivar ignored: Options without effect that were given, as written.

    @ivar warnings: What is odd about it.
    """

    settings: Settings
    version: int = 0
    condition: str | None = None
    keywords: str | None = None
    dump: str | None = None
    trace: bool = False
    ignored: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reading:
    """
    A command line being read.
    """

    rest: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)

    def value(self) -> str:
        """
        Take the next word.

        @raise ArgumentError: There is none.
        """
        if not self.rest:
            raise ArgumentError(NO_VALUE)
        return self.rest.pop(0)


def parse_arguments(words: list[str], argv0: str) -> Arguments:
    """
    Read a command line.

    @param words: All but the program's name.

    @param argv0: The program's name.

    @return: What it asks for.

    @raise UsageError: It makes no sense.

    @raise ArgumentError: An option is wrong.
    """
    reading = _Reading(list(words))
    result: dict[str, Any] = {}
    while reading.rest:
        word = reading.rest.pop(0)
        if word == "--":
            reading.files += reading.rest
            break
        if not word.startswith("-"):
            raise UsageError
        if word.partition("=")[0] == OPTION:
            _notify_fd(word, reading)
            continue
        if word.startswith("-v"):
            return Arguments(Settings(argv0=argv0), version=2 if word.startswith("-vv") else 1)
        _option(word[1:], reading, result)
    values = reading.values
    if values.pop("systemd", False):
        values.update(systemd=True, master=True)
        values.setdefault("foreground", True)
    settings = Settings(
        files=tuple(reading.files),
        sockets=tuple(reading.sockets),
        old_pids=tuple(reading.pids),
        argv0=argv0,
        **values,
    )
    if settings.verbose or settings.debug:
        settings = replace(settings, quiet=False)
    return Arguments(settings, **result)


def _option(text: str, reading: _Reading, result: dict[str, Any]) -> None:
    letter, second = text[:1], text[1:2]
    values = reading.values
    if letter == "d":
        _detail(text[1:], reading, result)
    elif letter == "c" and second == "c":
        if not reading.rest:
            raise UsageError
        result["condition"] = reading.rest.pop(0)
    elif letter == "W":
        values["systemd" if second == "s" else "master"] = True
    elif letter == "s":
        _old_pids(text, reading)
    elif letter == "x":
        if not reading.rest or reading.rest[0].startswith("-"):
            raise UsageError("Unix socket path expected with the -x flag")
        if "transfer_socket" in values:
            text_ = "-x option already set, overwriting the value"
            result["warnings"] = (*result.get("warnings", ()), text_)
        values["transfer_socket"] = reading.rest.pop(0)
    elif letter in ("c", "D", "q", "V", "4"):
        name = {"c": "check", "D": "daemon", "q": "quiet", "V": "verbose", "4": "ipv4_only"}
        values[name[letter]] = True
    elif letter == "f":
        reading.files.append(reading.value())
    elif letter == "S":
        reading.sockets.append(reading.value())
    elif letter in _WITH_VALUE:
        name_ = _WITH_VALUE[letter]
        value = reading.value()
        values[name_] = _number(letter, value) if name_ in _NUMBERS else value
    else:
        raise UsageError


def _detail(text: str, reading: _Reading, result: dict[str, Any]) -> None:
    letter = text[:1]
    if letter == "K":
        result["keywords"] = text[1:]
    elif letter == "C":
        result["dump"] = text[1:]
    elif letter == "t":
        result["trace"] = True
        if reading.rest and not reading.rest[0].startswith("-"):
            reading.rest.pop(0)
    elif letter and letter in _TUNING:
        result["ignored"] = (*result.get("ignored", ()), f"-d{text}")
    elif letter in _DETAILS:
        reading.values.update(_DETAILS[letter])
    else:
        reading.values.update(debug=True, foreground=True)


def _old_pids(text: str, reading: _Reading) -> None:
    if text[1:2] not in ("f", "t"):
        raise UsageError
    reading.values["old_hard"] = text[1] == "t"
    while reading.rest and not reading.rest[0].startswith("-"):
        reading.pids.append(parse_pid(f"-{text[:2]}", reading.rest.pop(0)))


def parse_pid(option: str, word: str) -> int:
    """
    Read one process of a list.

    @param option: The option as written, for messages.

    @param word: A decimal number; blanks around it do not count.

    @return: The pid.

    @raise UsageError: It is empty or zero.

    @raise ArgumentError: It is no number.
    """
    digits = word.strip(_BLANKS)
    if not digits:
        raise UsageError
    number = digits[: len(digits) - len(digits.lstrip("0123456789"))]
    left = word.lstrip(_BLANKS)[len(number) :].lstrip(_BLANKS)
    if not number or left:
        raise ArgumentError(f"{option} option: some bytes unconsumed in PID list {{{left}}}")
    pid = int(number)
    if pid == 0:
        raise UsageError
    if pid > 2**31 - 1:
        raise ArgumentError(f"{option} option: '{number}' is no process number")
    return pid


def _notify_fd(word: str, reading: _Reading) -> None:
    _, given, value = word.partition("=")
    try:
        reading.values["notify_fd"] = parse_ready_fd(value if given else reading.value())
    except ValueError as error:
        raise ArgumentError(str(error)) from None


def _number(letter: str, text: str) -> int:
    if not (text.isdecimal() and text.isascii() and len(text) <= 10):
        raise ArgumentError(f"-{letter} option: '{text}' is not a positive integer")
    return int(text)
