"""
What the functions of an agent return.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mwproxy.protocols.spop.actions import Scope, SetVar, UnsetVar
from mwproxy.protocols.spop.data import Value


def set_var(scope: str, name: str, value: Value) -> SetVar:
    """
    Have the engine give a variable a value.

    @param scope: C{proc}, C{sess}, C{txn}, C{req} or C{res}.

    @param name: Without the engine's prefix, which is the name of its C{spoe-agent} section or its
        C{option var-prefix}: C{score} becomes C{var(txn.<prefix>.score)}.

    @param value: The value. Of an L{int} the engine gets 64 bits with a sign;
        L{mwproxy.protocols.spop.data} has classes for other sizes.

    @return: The action.

    @raise ValueError: There is no such scope, or the name cannot be one.
    """
    return SetVar(*_checked(scope, name), value)


def unset_var(scope: str, name: str) -> UnsetVar:
    """
    Have the engine forget a variable.

    @param scope: C{proc}, C{sess}, C{txn}, C{req} or C{res}.

    @param name: Without the engine's prefix.

    @return: The action.

    @raise ValueError: There is no such scope, or the name cannot be one.
    """
    return UnsetVar(*_checked(scope, name))


@lru_cache(1024)
def _checked(scope: str, name: str) -> tuple[Scope, str]:
    try:
        found = Scope[scope]
    except KeyError:
        words = ", ".join(each.name for each in Scope)
        raise ValueError(f"'{scope}' is no scope of variables; there are {words}") from None
    if not isinstance(name, str) or re.fullmatch(r"[A-Za-z0-9_.]+", name) is None:
        raise ValueError(f"'{name}' is no name of a variable; it has letters, digits, '.' and '_'")
    return found, name
