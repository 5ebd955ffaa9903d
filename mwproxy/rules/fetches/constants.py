"""
Constants, environment and variables.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules.texts import to_text
from mwproxy.rules.variables import check_name, reader

Getter = Callable[[Any], Any]


def _constant(value: Any) -> Getter:
    return lambda stream: value


@sample_fetch("always_true", gives="bool", phases="internal")
def fetch_always_true() -> Getter:
    """
    True.
    """
    return _constant(True)


@sample_fetch("always_false", gives="bool", phases="internal")
def fetch_always_false() -> Getter:
    """
    False.
    """
    return _constant(False)


@sample_fetch("wait_end", gives="bool", phases="internal")
def fetch_wait_end() -> Getter:
    """
    True: the rulesets of mwproxy run when what they look at is complete.
    """
    return _constant(True)


@sample_fetch("bool", gives="bool", args=("str",), phases="internal")
def fetch_bool(value: bytes) -> Getter:
    """
    A boolean constant.
    """
    known = {b"true": True, b"1": True, b"false": False, b"0": False}
    if value not in known:
        raise ValueError("Expects 'true', 'false', '0' or '1'")
    return _constant(known[value])


@sample_fetch("int", gives="sint", args=("sint",), phases="internal")
def fetch_int(value: int) -> Getter:
    """
    An integer constant.
    """
    return _constant(value)


@sample_fetch("str", gives="str", args=("str",), phases="internal")
def fetch_str(value: bytes) -> Getter:
    """
    A string constant.
    """
    return _constant(value)


@sample_fetch("bin", gives="bin", args=("str",), phases="internal")
def fetch_bin(value: bytes) -> Getter:
    """
    Constant data in hexadecimal.
    """
    return _constant(bytes.fromhex(to_text(value)))


@sample_fetch("meth", gives="meth", args=("str",), phases="internal")
def fetch_meth(value: bytes) -> Getter:
    """
    A constant method.
    """
    return _constant(value)


@sample_fetch("ipv4", gives="ipv4", args=("ipv4",), phases="internal")
def fetch_ipv4(value: IPv4Address) -> Getter:
    """
    A constant address.
    """
    return _constant(value)


@sample_fetch("ipv6", gives="ipv6", args=("ipv6",), phases="internal")
def fetch_ipv6(value: IPv6Address) -> Getter:
    """
    A constant address.
    """
    return _constant(value)


@sample_fetch("env", gives="str", args=("str",), phases="internal")
def fetch_env(name: bytes) -> Getter:
    """
    An environment variable as it was when the configuration was read.
    """
    value = os.environb.get(name)
    return _constant(value)


@sample_fetch("var", gives="any", args=("var", "str?"), phases="internal")
def fetch_var(name: str, default: bytes | None = None) -> Getter:
    """
    A variable, or the default when it is not set.
    """
    read = reader(check_name(name))
    if default is None:
        return read

    def value(stream: Any) -> Any:
        found = read(stream)
        return default if found is None else found

    return value
