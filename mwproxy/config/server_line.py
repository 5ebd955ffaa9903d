"""
What C{server} and C{default-server} share: options that change settings.

Configurations have thousands of C{server} lines, most of them with the same options. Lines
of the same words behind the same C{default-server} settings share one sealed settings object, and
a line without options has the C{default-server} object itself. That goes for C{default-server}
lines too, so backends that write the same line share what their servers have.

The options themselves are registered by C{keywords/server.py}.
"""

from __future__ import annotations

from mwproxy.config.line import Line
from mwproxy.config.model import ServerSettings
from mwproxy.config.option_names import SERVER_UNSUPPORTED
from mwproxy.config.resolve import resolved
from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import server_options
from mwproxy.core.values import BadValue, parse_integer, parse_time_ms

#: Results by base settings and the words that changed them. A process reads its files once.
_known: dict[tuple[ServerSettings | str, ...], ServerSettings] = {}


def parse_settings(line: Line, words: list[str], base: ServerSettings) -> ServerSettings:
    """
    Read the options of a line.

    @param words: All that stands behind name and address.

    @param base: What holds unless an option says otherwise; is not changed.

    @return: C{base} when there are no options, else settings that lines of the same words
        may share.

    @raise ConfigError: An option is wrong.
    """
    if not words:
        return base
    key: tuple[ServerSettings | str, ...] = (base, *words)
    settings = _known.get(key)
    if settings is None:
        warnings = line.diagnostics.warnings
        settings = read_options(line, words, base)
        if line.diagnostics.warnings == warnings:
            _known[key] = settings
    return settings


def read_options(line: Line, words: list[str], base: ServerSettings) -> ServerSettings:
    """
    Read the options of a line that shares nothing with others.

    @param line: The line.

    @param words: The options.

    @param base: What holds unless an option says otherwise; is not changed.

    @return: The settings, sealed.

    @raise ConfigError: An option is wrong.
    """
    settings = base.fork()
    _apply(line, words, settings)
    settings.seal()
    return settings


def _apply(line: Line, words: list[str], settings: ServerSettings) -> None:
    # One line object for all options; dataclasses.replace() would take half of the time.
    option = Line(line.words, "", [], line.where, line.diagnostics, line.section, base=line.base)
    position = 0
    while position < len(words):
        word = words[position]
        entry = server_options.find(word)
        if entry is None:
            raise ConfigError(_unknown(word))
        option.name = word
        option.args = words[position + 1 : position + 1 + entry.low]
        entry.parse(option, settings)
        position += 1 + entry.low


def _unknown(word: str) -> str:
    if word in SERVER_UNSUPPORTED:
        return f"'{word}' on 'server' is not supported by mwproxy"
    text = f"unknown keyword '{word}'"
    near = server_options.nearest(word)
    return f"{text}; did you mean '{near}' maybe ?" if near else f"{text}."


def take_word(line: Line, missing: str) -> str:
    """
    Read the argument of an option.

    @param missing: What it should be, for the message.

    @raise ConfigError: The line has ended.
    """
    if not line.args:
        raise ConfigError(f"'{line.name}' expects {missing} as argument.")
    return line.args[0]


def owner(line: Line) -> str:
    """
    Tell whose option is being read, for messages.

    @return: The server's name, or C{default-server}.
    """
    return line.words[1] if line.words[0] == "server" else "default-server"


def take_number(line: Line, low: int | None = None, error: str = "") -> int:
    """
    Read the argument of an option as an integer.

    @param low: The lowest value allowed, L{None} for any.

    @param error: What to say of lower ones.

    @raise ConfigError: It is none, or too low.
    """
    text = take_word(line, "an integer")
    try:
        value = parse_integer(text, -(2**31), 2**31 - 1)
    except BadValue as problem:
        raise ConfigError(f"'{line.name}' : {problem}.") from None
    if low is not None and value < low:
        raise ConfigError(error or f"'{line.name}' must be >= {low}")
    return value


def take_delay(line: Line) -> int:
    """
    Read the argument of an option as a duration.

    @return: Milliseconds.

    @raise ConfigError: It is none.
    """
    text = take_word(line, "a delay")
    try:
        return parse_time_ms(text)
    except BadValue as error:
        if str(error).startswith("timer overflow"):
            raise ConfigError(
                f"timer overflow in argument <{text}> to <{line.name}> of server "
                f"{owner(line)}, maximum value is 2147483647 ms (~24.8 days)."
            ) from None
        raise ConfigError(f"{error} in '{line.name}' argument of server {owner(line)}.") from None


def take_positive_delay(line: Line) -> int:
    """
    Read the argument of an option as a duration that is not 0.

    @return: Milliseconds.

    @raise ConfigError: It is none.
    """
    value = take_delay(line)
    if not value:
        raise ConfigError(f"invalid value 0 for argument '{line.name}' of server {owner(line)}.")
    return value


def take_ip(line: Line) -> Address:
    """
    Read the argument of an option as an IP address; a host name is looked up.

    @return: The address, its port 0 when none is given.

    @raise ConfigError: It is none.
    """
    text = line.args[0]
    try:
        address = resolved(parse_address(text, default_port=0), text)
    except BadValue as error:
        raise ConfigError(f"'{line.name}' : {error}.") from None
    if address.family not in ("ipv4", "ipv6") or address.port_offset or address.datagram:
        raise ConfigError(f"'{line.name}' : '{text}' is not an IP address.")
    return address
