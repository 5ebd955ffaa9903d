"""
Tests for L{mwproxy.process.lean}, in processes of their own: here everything is imported already.
"""

from __future__ import annotations

import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.lean import is_coroutine
from mwproxy.process.spawn import ROOT

LEAN = """
from mwproxy.process.lean import CHANNEL, REACTOR, import_lean, postpone_cookies
postpone_cookies()
import_lean(REACTOR, CHANNEL)
import sys
"""
#: What a start without TLS has no use for.
UNUSED = ("OpenSSL", "cryptography", "service_identity", "asyncio", "ssl", "http.client")


class LeanTests(SynchronousTestCase):
    """
    What is not imported, and what is there all the same when it is wanted.
    """

    def run_it(self, *lines: str) -> str:
        """
        Run a program in which warnings are errors.

        @return: What it printed.
        """
        environment = {**os.environ, "PYTHONPATH": ROOT}
        words = [sys.executable, "-W", "error", "-c", "\n".join(lines)]
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def assert_unused(self, *lines: str) -> None:
        """
        Assert that nothing unused was imported by a program.
        """
        look = f"import sys; print([name for name in {UNUSED} if name in sys.modules])"
        self.assertEqual(self.run_it(*lines, look), "[]\n")

    def test_processes(self) -> None:
        """
        Neither a worker, nor the nursery, nor a master imports what it does not use.
        """
        self.assert_unused(
            "import sys, types",
            "name = types.SimpleNamespace(name='mwproxy.worker.nursery')",
            "sys.modules['__main__'].__spec__ = name",
            "import mwproxy.worker.nursery",
            "from mwproxy.worker.__main__ import import_later",
            "import_later()",
        )
        self.assert_unused(LEAN, "import mwproxy.master.service, twisted.internet.reactor")

    def test_tls_is_there(self) -> None:
        """
        Who wants Twisted's TLS, its names for former versions, or asyncio finds the real ones.
        """
        printed = self.run_it(
            LEAN,
            "import twisted.internet.ssl, twisted.protocols.tls, twisted.internet.endpoints",
            "print(twisted.internet.ssl.CertificateOptions.__name__)",
            "print(twisted.internet.endpoints.TLSMemoryBIOFactory.__name__)",
            "import http.cookiejar, asyncio, OpenSSL",
            "print(http.cookiejar.CookieJar().__class__.__name__, asyncio.Future.__name__)",
            "print(sys.modules['http.cookiejar'] is http.cookiejar)",
        )
        self.assertEqual(
            printed.split(),
            ["OpenSSLCertificateOptions", "TLSMemoryBIOFactory", "CookieJar", "Future", "True"],
        )

    def test_coroutines(self) -> None:
        """
        Twisted runs coroutines, and tells them from other things, as with asyncio.
        """
        printed = self.run_it(
            LEAN,
            "from twisted.internet.defer import Deferred, ensureDeferred",
            "async def one(): return 1",
            "ensureDeferred(one()).addCallback(print)",
            "try: ensureDeferred(2)",
            "except Exception as error: print(type(error).__name__)",
        )
        self.assertEqual(printed.split(), ["1", "NotACoroutineError"])

    def test_like_asyncio(self) -> None:
        """
        What is a coroutine is the same as for asyncio.
        """
        from asyncio import iscoroutine
        from collections.abc import Iterator

        async def native() -> None:
            """
            Do nothing.
            """

        def generator() -> Iterator[int]:
            yield 1

        coroutine = native()
        self.addCleanup(coroutine.close)
        # Python 3.12 and later do not call generators coroutines; Twisted asks for both.
        things: list[object] = [coroutine, native, 1, None, iter("x")]
        self.assertEqual(
            [is_coroutine(each) for each in things], [True, False, False, False, False]
        )
        self.assertEqual([is_coroutine(each) for each in things], list(map(iscoroutine, things)))
        self.assertTrue(is_coroutine(generator()))

    def test_something_else_of_asyncio(self) -> None:
        """
        A version of Twisted that takes more of asyncio gets the real one.
        """
        printed = self.run_it(
            "import sys",
            "from mwproxy.process.lean import _Asyncio",
            "sys.modules['asyncio'] = _Asyncio('asyncio')",
            "from asyncio import Future, Queue",
            "print(Future.__name__, Queue.__name__, sys.modules['asyncio'].Future.__name__)",
        )
        self.assertEqual(printed.split(), ["object", "Queue", "Future"])

    def test_too_late(self) -> None:
        """
        Where Twisted was imported before, nothing is changed.
        """
        printed = self.run_it(
            "import twisted.internet.posixbase, http.cookiejar, asyncio",
            LEAN,
            "from twisted.internet import tcp, defer",
            "print(hasattr(tcp.Connection, 'startTLS'), defer.iscoroutine is asyncio.iscoroutine)",
        )
        self.assertEqual(printed.split(), ["True", "True"])

    def test_somebody_elses_process(self) -> None:
        """
        A process that only imports our modules is left as it is.
        """
        printed = self.run_it(
            "import mwproxy.worker.nursery, mwproxy.worker.__main__, gc, signal",
            "print(gc.isenabled(), signal.getsignal(signal.SIGINT) is signal.default_int_handler)",
        )
        self.assertEqual(printed.split(), ["True", "True"])
