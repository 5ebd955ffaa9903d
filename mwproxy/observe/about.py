"""
C{-v} and C{-vv}: what this is, in HAProxy's layout.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator

from mwproxy import PRODUCT, RELEASE_DATE, __version__

#: Build features of HAProxy that have no counterpart here; those that have one are
#: L{mwproxy.config.predicates.FEATURES}.
_WITHOUT = """
    51DEGREES BACKTRACE CLOSEFROM CPU_AFFINITY CRYPT_H DEVICEATLAS DL ENGINE EVPORTS KQUEUE
    LINUX_CAP LINUX_TPROXY LUA MATH MEMORY_PROFILING NETFILTER NS OBSOLETE_LINKER OPENSSL OT PCRE
    PCRE2 PCRE2_JIT PCRE_JIT PROCCTL PROMEX QUIC RT SLZ STATIC_PCRE STATIC_PCRE2 TFO THREAD
    THREAD_DUMP TPROXY WURFL ZLIB
"""
WITHOUT = frozenset(_WITHOUT.split())
#: Distributions that this program runs on.
DISTRIBUTIONS = ("twisted", "pyopenssl", "service-identity", "sdnotify")


def version_lines() -> Iterator[str]:
    """
    Say what this is.

    @return: Four lines.
    """
    system = os.uname()
    yield f"{PRODUCT} version {__version__} {RELEASE_DATE}"
    yield "Status: speaks the configuration language and the console of HAProxy 3.2."
    yield "Known bugs: see the tracker of the project."
    yield f"Running on: {system.sysname} {system.release} {system.version} {system.machine}"


def build_lines() -> Iterator[str]:
    """
    Say what it runs on and what it can do.

    @return: Lines.
    """
    from importlib.metadata import PackageNotFoundError, version

    yield "Build options :"
    yield f"  PYTHON  = {platform.python_implementation()} {platform.python_version()}"
    for name in DISTRIBUTIONS:
        try:
            yield f"  {name} = {version(name)}"
        except PackageNotFoundError:
            yield f"  {name} = not installed"
    yield ""
    yield f"Feature list : {feature_list()}"
    yield ""
    yield from _defaults()
    yield ""
    yield "Built without multi-threading support: 'nbproc' runs several workers."
    import ssl

    yield f"Running on OpenSSL version : {ssl.OPENSSL_VERSION}"
    yield "Built without TLS on listeners and servers."
    yield "Built without compression."
    yield "Regular expressions are those of Python."
    yield ""
    yield from poller_lines()
    yield ""
    yield "Available multiplexer protocols :"
    yield "(protocols marked as <default> cannot be specified using 'proto' keyword)"
    yield "  <default> : mode=HTTP  side=FE|BE  mux=H1    flags="
    yield "  <default> : mode=TCP   side=FE|BE  mux=PASS  flags="
    yield ""
    yield "Available services : none"
    yield ""
    yield from filter_lines()


def feature_list() -> str:
    """
    List HAProxy's build features.

    @return: Each with C{+} if it has a counterpart here, else with C{-}.
    """
    from mwproxy.config.predicates import FEATURES

    return " ".join(
        f"{'+' if name in FEATURES else '-'}{name}" for name in sorted(FEATURES | WITHOUT)
    )


def _defaults() -> Iterator[str]:
    from mwproxy.config.model import Global

    settings = Global()
    yield "Default settings :"
    yield (
        f"  bufsize = {settings.bufsize}, maxrewrite = {settings.maxrewrite}, "
        f"maxaccept = {settings.maxaccept}"
    )


def poller_lines() -> Iterator[str]:
    """
    List the ways to wait for events.

    @return: Lines.
    """
    yield "Available polling systems :"
    yield "      epoll : pref=300,  test result OK"
    yield "Total: 1 (1 usable), will use epoll."


def filter_lines() -> Iterator[str]:
    """
    List the filters.

    @return: Lines.
    """
    yield "Available filters :"
    yield "\t[SPOE] spoe"
