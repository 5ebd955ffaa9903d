"""
The predicates of conditions: C{defined feature enabled streq strneq strstr version_atleast …}.

Configuration manual 2.4. Versions are compared with that of the configuration language that is
spoken here, HAProxy's 3.2: configurations ask because of what the language can do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

#: The release of HAProxy whose configuration language this is.
LANGUAGE_VERSION = "3.2.0"

#: What C{feature()} finds: build features of HAProxy that have a counterpart here.
FEATURES = frozenset({"EPOLL", "POLL", "LINUX_SPLICE", "ACCEPT4", "GETADDRINFO", "LIBCRYPT"})

#: What C{enabled()} knows, and whether it is on. C{nosplice} and C{noreuseport} of the
#: configuration do not count, as they are read together with the conditions.
ENABLED = {
    "POLL": True,
    "EPOLL": True,
    "KQUEUE": False,
    "EVPORTS": False,
    "SPLICE": True,
    "GETADDRINFO": True,
    "REUSEPORT": True,
    "FAST-FORWARD": True,
    "SERVER-SSL-VERIFY-NONE": False,
}

_VERSION = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(dev|pre|rc)(\d*))?(?:-(\d+))?")
_OPENSSL = re.compile(r"OpenSSL ([0-9][0-9a-z.]*)")

Environment = Mapping[str, str]


def _defined(environment: Environment, name: str) -> bool:
    return name in environment


def _feature(_: Environment, name: str) -> bool:
    return name in FEATURES


def _enabled(_: Environment, name: str) -> bool:
    return ENABLED.get(name, False)


def _streq(_: Environment, one: str, other: str) -> bool:
    return one == other


def _strneq(_: Environment, one: str, other: str) -> bool:
    return one != other


def _strstr(_: Environment, text: str, piece: str) -> bool:
    return piece in text


def _version_atleast(_: Environment, wanted: str) -> bool:
    return version_key(LANGUAGE_VERSION) >= version_key(wanted)


def _version_before(_: Environment, wanted: str) -> bool:
    return version_key(LANGUAGE_VERSION) < version_key(wanted)


def _openssl_version_atleast(_: Environment, wanted: str) -> bool:
    return _openssl_key(_openssl_version()) >= _openssl_key(wanted)


def _openssl_version_before(_: Environment, wanted: str) -> bool:
    return _openssl_key(_openssl_version()) < _openssl_key(wanted)


def _ssllib_name_startswith(_: Environment, start: str) -> bool:
    return _library().startswith(start)


#: Number of arguments and function of each predicate.
PREDICATES: dict[str, tuple[int, Callable[..., bool]]] = {
    "defined": (1, _defined),
    "feature": (1, _feature),
    "enabled": (1, _enabled),
    "streq": (2, _streq),
    "strneq": (2, _strneq),
    "strstr": (2, _strstr),
    "version_atleast": (1, _version_atleast),
    "version_before": (1, _version_before),
    "openssl_version_atleast": (1, _openssl_version_atleast),
    "openssl_version_before": (1, _openssl_version_before),
    "ssllib_name_startswith": (1, _ssllib_name_startswith),
}


def version_key(text: str) -> tuple[int, ...]:
    """
    Make a version comparable.

    @param text: Such as C{2.4}, C{2.4-dev19} or C{2.6.12-1}; missing parts count as zero.

    @return: Numbers that sort as the versions do: a development version comes before its
        release. What is no version sorts before all.
    """
    found = _VERSION.match(text.strip())
    if found is None:
        return (0,)
    major, minor, patch, stage, number, commits = found.groups()
    order = {"dev": 0, "pre": 1, "rc": 1, None: 2}[stage]
    rest = int(number or 0), int(commits or 0)
    return (int(major), int(minor or 0), int(patch or 0), order, *rest)


def _library() -> str:
    import ssl  # costs 10 ms, which no master should pay for nothing

    return ssl.OPENSSL_VERSION


def _openssl_version() -> str:
    found = _OPENSSL.match(_library())
    return found[1] if found is not None else "0"


def _openssl_key(text: str) -> tuple[tuple[int, str], ...]:
    parts = re.findall(r"(\d+)([a-z]*)", text)
    parts += [("0", "")] * (3 - len(parts))
    return tuple((int(number), letter) for number, letter in parts[:3])
