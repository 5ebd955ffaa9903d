"""
Which sections a keyword may stand in, in HAProxy's words.

The keywords of proxies are registered for all four kinds of proxy section, since what
happens in the wrong one differs: some are errors, most are ignored with a warning.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.config.line import Line
from mwproxy.core.diagnostics import ConfigError


def ignored_in_backend(line: Line, proxy: model.Proxy, hint: str = "") -> bool:
    """
    Warn of a keyword of frontends in a backend.

    @param hint: What to add to the warning, beginning with a blank.

    @return: Whether the line is to be ignored.
    """
    if proxy.kind != "backend":
        return False
    _warn(line, proxy, "frontend", hint)
    return True


def ignored_in_frontend(line: Line, proxy: model.Proxy, hint: str = "") -> bool:
    """
    Warn of a keyword of backends in a frontend.

    @param hint: What to add to the warning, beginning with a blank.

    @return: Whether the line is to be ignored.
    """
    if proxy.kind != "frontend":
        return False
    _warn(line, proxy, "backend", hint)
    return True


def _warn(line: Line, proxy: model.Proxy, missing: str, hint: str) -> None:
    line.warning(
        f"'{line.name.removeprefix('option ')}' ignored because {proxy.kind} '{proxy.name}' "
        f"has no {missing} capability.{hint}"
    )


def refuse_in_defaults(line: Line, proxy: model.Proxy) -> None:
    """
    Refuse a keyword in any C{defaults} section.

    @raise ConfigError: The section is one.
    """
    if proxy.kind == "defaults":
        raise ConfigError(f"'{line.name}' not allowed in 'defaults' section.")


def refuse_in_anonymous_defaults(line: Line, proxy: model.Proxy) -> None:
    """
    Refuse a keyword in a C{defaults} section without name.

    @raise ConfigError: The section is one.
    """
    if proxy.kind == "defaults" and not proxy.name:
        raise ConfigError(f"'{line.name}' not allowed in anonymous 'defaults' section.")


def no_effect(line: Line, why: str) -> None:
    """
    Warn that a keyword is accepted but changes nothing.

    @param why: The reason, without full stop.
    """
    line.warning(f"'{line.name}' has no effect in mwproxy: {why}.")
