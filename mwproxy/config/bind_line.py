"""
What C{bind}, C{stats socket} and C{-S} share: addresses and the options behind them.

The options themselves are registered by C{keywords/bind.py}, which the caller has imported.
"""

from __future__ import annotations

import dataclasses

from mwproxy.config.console_settings import ConsoleSettings, check_console
from mwproxy.config.line import Line
from mwproxy.config.model import Bind, BindSettings
from mwproxy.config.option_names import BIND_UNSUPPORTED, CONSOLE_REFUSED
from mwproxy.config.resolve import resolved
from mwproxy.core.addresses import Address, parse_addresses
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import bind_options, console_options
from mwproxy.core.values import BadValue


def parse_bind(line: Line, section: str = "", settings: BindSettings | None = None) -> list[Bind]:
    """
    Read addresses and options.

    @param line: Its C{args} begin with the addresses, separated by commas.

    @param section: The section as messages name it; empty where they name none.

    @param settings: What holds unless an option says otherwise, L{None} for the defaults;
        the options change this object. The options of consoles are known if it can hold them.

    @return: One listening address after the other, all with the same settings.

    @raise ConfigError: An address or option is wrong.
    """
    text = line.args[0]
    # One comma too many at the end is harmless.
    parts = text.removesuffix(",").split(",")
    addresses = [each for part in parts for each in _parse_part(line, part)]
    settings = settings or BindSettings()
    prefix = f"'{line.name} {text}' in section '{section}'" if section else f"'{line.name}'"
    parse_options(line, line.args[1:], settings, prefix)
    binds = [Bind(address, settings, line.where) for address in addresses]
    if isinstance(settings, ConsoleSettings):
        check_console(binds, prefix)
    return binds


def _parse_part(line: Line, part: str) -> list[Address]:
    if not part:
        raise ConfigError(
            f"'{line.name}' : '{part}' resolves to an empty address (environment variable missing?)"
        )
    try:
        addresses = [resolved(each, part) for each in parse_addresses(part, passed=True)]
    except BadValue as error:
        raise ConfigError(f"'{line.name}' : {error}") from None
    for address in addresses:
        if address.datagram:
            raise ConfigError(f"'{line.name}' : dgram-type address not acceptable in '{part}'")
        if address.port_offset:
            raise ConfigError(f"'{line.name}' : port offset not permitted here in '{part}'")
        if address.is_ip and not address.port:
            raise ConfigError(f"'{line.name}' : invalid port '0'")
        if address.family == "sockpair":
            raise ConfigError(f"'{line.name}' : 'sockpair@' is not supported by mwproxy")
    return addresses


def parse_options(line: Line, words: list[str], settings: BindSettings, prefix: str) -> None:
    """
    Read options.

    @param words: All that stands behind the addresses.

    @param settings: Is changed.

    @param prefix: How messages begin: what the options belong to.

    @raise ConfigError: An option is wrong.
    """
    option = dataclasses.replace(line, diagnostics=line.diagnostics)
    position = 0
    while position < len(words):
        word = words[position]
        entry = bind_options.find(word)
        if entry is None and isinstance(settings, ConsoleSettings):
            entry = console_options.find(word)
        if entry is None:
            raise ConfigError(_unknown(word, prefix, isinstance(settings, ConsoleSettings)))
        option.name = word
        option.args = words[position + 1 : position + 1 + entry.low]
        try:
            entry.parse(option, settings)
        except ConfigError as error:
            raise ConfigError(f"{prefix} : {error}") from None
        position += 1 + entry.low


def _unknown(word: str, prefix: str, console: bool) -> str:
    if console and word in CONSOLE_REFUSED:
        return f"{prefix} : '{word}' : not available on consoles: {CONSOLE_REFUSED[word]}."
    if word in BIND_UNSUPPORTED:
        where = "consoles" if console else "'bind'"
        return f"{prefix}: '{word}' on {where} is not supported by mwproxy"
    text = f"{prefix}: unknown keyword '{word}'"
    near = bind_options.nearest(word) or (console_options.nearest(word) if console else "")
    return f"{text}; did you mean '{near}' maybe ?" if near else f"{text}."
