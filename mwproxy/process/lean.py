"""
Importing Twisted without what none of our processes uses, which is a third of what it imports:

 - TLS. Twisted imports pyOpenSSL, and with it cryptography, wherever that is installed, to offer
   TLS on its own transports. Ours is spoken by OpenSSL directly (C{mwproxy.console}), in processes
   that have a console with TLS. So the modules that only look whether there is TLS are imported as
   if there were none, which Twisted allows for: C{transport.startTLS} and C{reactor.listenSSL} do
   not exist then.
 - C{asyncio}, which Twisted asks one thing only: whether something is a coroutine.
 - C{http.cookiejar}, which it imports for the sake of old programs that look for it there. With it
   come the clients of HTTP of the standard library.

Nothing else is changed: C{import OpenSSL}, C{twisted.internet.ssl} or C{asyncio} finds the real
ones afterwards. Where Twisted was imported before, as by C{twistd}, all this changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import CoroutineType, GeneratorType, ModuleType
from typing import Any

#: Those that look whether there is TLS: each process needs the first, who has a control channel the
#: second too.
REACTOR = "twisted.internet.posixbase"
CHANNEL = "twisted.protocols.amp"
_PACKAGE, _MODULE = "http", "cookiejar"
_TLS = "OpenSSL"
_ASYNCIO = "asyncio"


def postpone_cookies() -> None:
    """
    Have C{http.cookiejar} imported when it is used, not before. To be called before anything of
    Twisted is imported.
    """
    name = f"{_PACKAGE}.{_MODULE}"
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    # An import statement that finds it here looks no further, which would load it.
    setattr(sys.modules[_PACKAGE], _MODULE, module)


def import_lean(*names: str) -> None:
    """
    Import modules of Twisted without TLS and C{asyncio}.

    @param names: L{REACTOR}, or that and L{CHANNEL}.
    """
    if REACTOR in sys.modules or _TLS in sys.modules:
        # There is nothing to be saved any more.
        return
    had_asyncio = _ASYNCIO in sys.modules
    # Importing it fails then, says the manual of sys.modules.
    sys.modules[_TLS] = None  # type: ignore[assignment]
    if not had_asyncio:
        sys.modules[_ASYNCIO] = _Asyncio(_ASYNCIO)
    try:
        for name in names:
            import_module(name)
    finally:
        del sys.modules[_TLS]
        if isinstance(sys.modules[_ASYNCIO], _Asyncio):
            del sys.modules[_ASYNCIO]


def is_coroutine(thing: object) -> bool:
    """
    Tell what C{asyncio.iscoroutine} tells.
    """
    return isinstance(thing, _COROUTINES)


_COROUTINES = (CoroutineType, GeneratorType, Coroutine)


class _Asyncio(ModuleType):
    """
    What Twisted takes of C{asyncio} while L{import_lean} runs; for all else the real one is loaded.
    """

    #: Named in annotations only.
    AbstractEventLoop = object
    Future = object
    iscoroutine = staticmethod(is_coroutine)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        sys.modules.pop(_ASYNCIO, None)
        return getattr(import_module(_ASYNCIO), name)
