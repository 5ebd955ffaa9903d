"""
The arguments of C{log} lines (configuration manual 3.1 and 4.2 "log").
"""

from __future__ import annotations

import re

from mwproxy.config.model import Configuration, LogTarget
from mwproxy.config.resolve import resolved
from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.core.values import BadValue

FORMATS = ("local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw")

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
    "uucp", "cron", "auth2", "ftp", "ntp", "audit", "alert", "cron2",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip

LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

SYSLOG_PORT = 514


def parse_log(args: list[str], *, is_global: bool = False) -> LogTarget:
    """
    Read a target and how to log to it.

    @param args: All that follows C{log}; not C{global} alone.

    @param is_global: Whether the line stands in C{global}, for a message.

    @return: The target. Its format is empty when none was given, see L{settle_formats}.

    @raise ConfigError: Something is wrong.
    """
    words = list(args)
    if len(words) < 2:
        alternative = "" if is_global else "or global"
        raise ConfigError(
            f"log : expects <address> and <facility> {alternative} as arguments".replace("  ", " ")
        )
    address = _parse_target(words.pop(0))
    length = 1024
    form = ""
    sample = None
    if words and words[0] == "len":
        length = _parse_length(_second(words))
        del words[:2]
    if words and words[0] == "format":
        form = _second(words)
        if form not in FORMATS:
            raise ConfigError(f"log : unknown log format '{form}'")
        del words[:2]
    if words and words[0] == "sample":
        sample = _parse_sample(_second(words))
        del words[:2]
    if words and words[0] == "profile":
        raise ConfigError("'profile' on 'log' is not supported by mwproxy")
    facility, most, least, extra = (*words, "", "", "", "")[:4]
    if extra:
        raise ConfigError(f"log : cannot handle unexpected argument '{extra}'")
    if facility not in FACILITIES:
        raise ConfigError(f"log : unknown log facility '{facility}'")
    if most and most not in LEVELS:
        raise ConfigError(f"log : unknown optional log level '{most}'")
    if least and least not in LEVELS:
        raise ConfigError(f"log : unknown optional minimum log level '{least}'")
    return LogTarget(
        address,
        form,
        FACILITIES.index(facility),
        level=LEVELS.index(most or "debug"),
        min_level=LEVELS.index(least or "emerg"),
        length=length,
        sample=sample,
    )


def default_format(configuration: Configuration) -> str:
    """
    Get the format of targets without one: C{local}, or C{rfc3164} with C{log-send-hostname}.
    """
    return "local" if configuration.global_.log_send_hostname is None else "rfc3164"


def settle_formats(configuration: Configuration, _diagnostics: Diagnostics) -> None:
    """
    Give a format to the targets without one, see L{default_format}.
    """
    settings = configuration.global_
    form = default_format(configuration)
    for targets in (settings.log_targets, *(each.log_targets for each in configuration.proxies)):
        for index, target in enumerate(targets):
            if not target.format:
                targets[index] = LogTarget(
                    target.address,
                    form,
                    target.facility,
                    target.level,
                    target.min_level,
                    target.length,
                    target.sample,
                )


def _second(words: list[str]) -> str:
    return words[1] if len(words) > 1 else ""


def _parse_target(text: str) -> Address:
    if text in ("stdout", "stderr"):
        return Address("fd", "", 1 if text == "stdout" else 2)
    for prefix in ("ring@", "backend@", "tcp@", "tcp4@", "tcp6@", "uxst@", "sockpair@"):
        if text.startswith(prefix):
            raise ConfigError(f"'log {text}' : '{prefix}' targets are not supported by mwproxy")
    try:
        address = resolved(parse_address(text, default_port=SYSLOG_PORT), text)
    except BadValue as error:
        raise ConfigError(f"log : {error}") from None
    if address.port_offset:
        raise ConfigError(f"log : port offset not permitted here in '{text}'")
    return address


def _parse_length(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not 80 <= int(text) <= 65535:
        raise ConfigError(f"log : invalid log length '{text}', must be between 80 and 65535")
    return int(text)


def _parse_sample(text: str) -> tuple[frozenset[int], int]:
    """
    Read ranges and size, such as C{1,3-4:5}.
    """
    ranges, colon, size_text = text.rpartition(":")
    if not colon:
        raise ConfigError("log : Missing sample size")
    if not ranges:
        raise ConfigError("log : no sampling ranges given")
    if not re.fullmatch(r"\d{1,9}", size_text, re.ASCII) or not int(size_text):
        raise ConfigError(f"log : wrong sample size '{size_text}' for sample range '{ranges}'")
    size = int(size_text)
    chosen: set[int] = set()
    for part in ranges.split(","):
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part, re.ASCII)
        low = int(found[1]) if found else 0
        high = int(found[2]) if found and found[2] else low
        if not low or low > high:
            raise ConfigError(f"log : wrong sample range '{part}'")
        if high > size:
            raise ConfigError(
                f"log : sample size {size} should be greater or equal to {high} the maximum of "
                "the high ranges limits"
            )
        numbers = set(range(low, high + 1))
        if numbers & chosen:
            raise ConfigError("log : ranges are overlapping")
        chosen |= numbers
    return frozenset(chosen), size
