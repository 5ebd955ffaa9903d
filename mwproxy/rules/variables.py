"""
Variables: C{proc. sess. txn. req. res.} names and where their values are kept.

C{txn.}, C{req.} and C{res.} variables are kept with the stream, C{sess.} ones with the session,
C{proc.} ones with the process. C{req.} ones are gone once a server has answered, C{res.} ones are
there from then on only (configuration manual, C{http-request set-var}).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.variable_names import note_name

_SCOPES = ("proc", "sess", "txn", "req", "res", "check")
_process: dict[str, Any] = {}


def check_name(name: str) -> str:
    """
    Check the name of a variable.

    @param name: With its scope.

    @return: The same name.

    @raise ConfigError: It is no such name.
    """
    scope, dot, rest = name.partition(".")
    if scope not in _SCOPES or not dot or not rest:
        raise ConfigError(
            f"invalid variable name '{name}'. A variable name must be start by its scope. "
            "The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'"
        )
    if scope == "check":
        raise ConfigError(f"variable '{name}': scope 'check' is not supported by mwproxy here")
    bad = re.search(r"[^A-Za-z0-9_.]", rest)
    if bad is not None:
        raise ConfigError(f"invalid syntax at char '{rest[bad.start() :]}'")
    return name


def is_name(text: str) -> bool:
    """
    Tell whether a word is the name of a variable.

    @return: True for a scope, a dot and a name.
    """
    scope, dot, rest = text.partition(".")
    return scope in _SCOPES and bool(dot) and re.fullmatch(r"[A-Za-z0-9_.]+", rest) is not None


def reader(name: str) -> Callable[[Any], Any]:
    """
    Make a function that reads a variable.

    @param name: Its full name.

    @return: Gives the value for a stream, L{None} when it is not set.
    """
    note_name(name)
    scope = name.partition(".")[0]
    if scope == "proc":
        return lambda stream: _process.get(name)
    if scope == "sess":

        def read_session(stream: Any) -> Any:
            known = session_variables(stream, False)
            return None if known is None else known.get(name)

        return read_session
    if scope in ("req", "res"):
        of_response = scope == "res"

        def read_phase(stream: Any) -> Any:
            known = stream.variables
            if known is None or in_response(stream) != of_response:
                return None
            return known.get(name)

        return read_phase

    def read(stream: Any) -> Any:
        known = stream.variables
        return None if known is None else known.get(name)

    return read


def writer(name: str) -> Callable[[Any, Any], None]:
    """
    Make a function that sets a variable.

    @param name: Its full name.

    @return: Takes the stream and the value; L{None} unsets it.
    """
    note_name(name)
    return late_writer(name)


def late_writer(name: str) -> Callable[[Any, Any], None]:
    """
    The same for a name that no file mentions: an agent has brought it.
    """
    scope = name.partition(".")[0]
    if scope == "txn":
        return _stream_writer(name)

    def write(stream: Any, value: Any) -> None:
        known: dict[str, Any] | None
        if scope == "proc":
            known = _process
        elif scope == "sess":
            known = session_variables(stream, value is not None)
        elif in_response(stream) != (scope == "res"):
            return
        else:
            write_stream(stream, value)
            return
        if known is None:
            return
        if value is None:
            known.pop(name, None)
        else:
            known[name] = value

    write_stream = _stream_writer(name)
    return write


def _stream_writer(name: str) -> Callable[[Any, Any], None]:
    """
    Make a function that sets a variable which is kept with the stream.
    """

    def write(stream: Any, value: Any) -> None:
        known = stream.variables
        if value is not None:
            if known is None:
                stream.variables = {name: value}
            else:
                known[name] = value
        elif known is not None:
            known.pop(name, None)

    return write


def in_response(stream: Any) -> bool:
    """
    Tell whether a stream has come to its response: a server has answered.
    """
    return getattr(stream, "response", None) is not None


def session_variables(stream: Any, create: bool) -> dict[str, Any] | None:
    """
    Find the variables of a stream's session.

    @param create: Whether to make the dictionary if there is none.

    @return: L{None} when there is none.
    """
    session = stream.session
    known: dict[str, Any] | None = getattr(session, "variables", None)
    if known is None and create:
        known = session.variables = {}
    return known


#: Conditions of C{set-var}: whether the old and the new value let it be set.
_CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "ifexists": lambda old, new: old is not None,
    "ifnotexists": lambda old, new: old is None,
    "ifempty": lambda old, new: _empty(new),
    "ifnotempty": lambda old, new: not _empty(new),
    "ifset": lambda old, new: old is not None,
    "ifnotset": lambda old, new: old is None,
    "ifgt": lambda old, new: isinstance(old, int) and isinstance(new, int) and new > old,
    "iflt": lambda old, new: isinstance(old, int) and isinstance(new, int) and new < old,
}


def _empty(value: Any) -> bool:
    return value is None or value == b""


def guarded_writer(name: str, conditions: list[str]) -> Callable[[Any, Any], None]:
    """
    Make a function that sets a variable if conditions hold.

    @param name: Its full name.

    @param conditions: Words such as C{ifnotexists}; all must hold.

    @return: Takes the stream and the value.

    @raise ConfigError: The name or a condition is wrong.
    """
    write = writer(check_name(name))
    checks = []
    for word in conditions:
        if word not in _CONDITIONS:
            raise ConfigError(f'unknown condition "{word}"')
        checks.append(_CONDITIONS[word])
    if not checks:
        return write
    read = reader(name)

    def write_if(stream: Any, value: Any) -> None:
        old = read(stream)
        if all(check(old, value) for check in checks):
            write(stream, value)

    return write_if
