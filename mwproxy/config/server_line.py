"""
What C{server} and C{default-server} share: options that change settings.

Configurations have thousands of C{server} lines, most of them with the same options. Lines
of the same words behind the same C{default-server} settings share one settings object, and
a line without options has the C{default-server} object itself.

The options themselves are registered by C{keywords/server.py}.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from mwproxy.config.line import Line
from mwproxy.config.model import ServerSettings
from mwproxy.config.option_names import SERVER_UNSUPPORTED
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import server_options

#: By base settings: results by the words that made them. Entries go with their base.
_known: WeakKeyDictionary[ServerSettings, dict[tuple[str, ...], ServerSettings]] = (
    WeakKeyDictionary()
)


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
    key = tuple(words)
    shared = _known.get(base)
    if shared is None:
        shared = _known[base] = {}
    settings = shared.get(key)
    if settings is None:
        warnings = line.diagnostics.warnings
        settings = base.fork()
        _apply(line, words, settings)
        if line.diagnostics.warnings == warnings:
            shared[key] = settings
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
