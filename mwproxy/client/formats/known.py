"""
Which commands list something that can be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.client.formats.words import Unreadable

#: The module and function of each form; imported when it is wanted.
_FORMS = {
    "show proc": "proc:read_proc",
    "show stat": "stat:read_stat",
    "show info": "info:read_info",
    "show env": "info:read_env",
    "show activity": "info:read_activity",
    "show fd": "info:read_described",
    "show events": "info:read_described",
    "show sess": "sess:read_sess",
    "show errors": "reports:read_errors",
    "show generations diff": "reports:read_diff",
    "show ssl cert": "ssl:read_ssl",
    "show ssl ca-file": "ssl:read_ssl",
    "show ssl crl-file": "ssl:read_ssl",
    "show servers state": "columns:read_columns",
    "show servers conn": "columns:read_columns",
    "show backend": "columns:read_columns",
    "show cli sockets": "columns:read_columns",
    "show map": "columns:read_patterns",
    "show acl": "columns:read_patterns",
    "show table": "columns:read_tables",
    "show version": "known:read_line",
    "show cli level": "known:read_line",
    "show startup-logs": "known:read_lines",
    "help": "usage:read_usage",
}
#: Listings that the console itself has as JSON, and nobody else has at all.
_OWN = ("show generations",)
#: What sends a command to several workers, whose answers are one.
_SEVERAL = "@*"
#: Words that change the form of an answer.
_OTHER_FORMS = frozenset({"typed", "desc"})


def read_line(text: str) -> str:
    """
    Read an answer of one line.

    @return: It.
    """
    return text.strip()


def read_lines(text: str) -> list[str]:
    """
    Read messages.

    @return: Their lines.
    """
    return [line for line in text.splitlines() if line]


def names() -> list[str]:
    """
    List the commands whose answers can be read.
    """
    return sorted([*_FORMS, *_OWN])


def asked(command: str) -> str:
    """
    Tell how to ask for a listing that is to be read.

    @param command: As typed.

    @return: The same, or what gives it as JSON.
    """
    return f"{command} json" if command in _OWN else command


def reader(command: str) -> Callable[[str], Any] | None:
    """
    Find what reads the answer of a command.

    @param command: It, with its prefix and arguments.

    @return: Gives a value that can be written as JSON, or raises L{Unreadable}; L{None} when the
        command lists nothing that is known.
    """
    words = asked(command).split()
    if words[:1] == [_SEVERAL]:
        return _of_several(" ".join(words[1:]))
    if words and words[0].startswith("@"):
        del words[0]
    if "json" in words:
        return _read_json
    if _OTHER_FORMS.intersection(words):
        return None
    for count in (3, 2, 1):
        form = _FORMS.get(" ".join(words[:count])) if len(words) >= count else None
        if form is not None:
            return _load(form)
    return None


def _of_several(command: str) -> Callable[[str], Any] | None:
    read = reader(command) if command else None
    if read is None:
        return None
    from mwproxy.client.formats.reports import of_all

    return of_all(read)


def _load(form: str) -> Callable[[str], Any]:
    from importlib import import_module

    module, _, function = form.partition(":")
    found: Callable[[str], Any] = getattr(
        import_module(f"mwproxy.client.formats.{module}"), function
    )
    return found


def _read_json(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except ValueError as error:
        raise Unreadable(f"it is no JSON: {error}") from None
