"""
Tests for mwproxy/config/option_names.py.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import option_names
from mwproxy.config.keywords.balance import ALGORITHMS
from mwproxy.core.families import (
    PACKAGES,
    bind_options,
    console_options,
    keywords,
    server_options,
)
from mwproxy.core.registry import load_family

load_family(PACKAGES["keywords"])


class OptionNameTests(SynchronousTestCase):
    """
    Tests for the names of what is missing.
    """

    def test_what_is_missing_is_not_registered(self) -> None:
        """
        No name is both refused and known.
        """
        options = {
            name.removeprefix("option ") for name, _ in keywords if name.startswith("option ")
        }
        for missing, known in (
            (option_names.BIND_UNSUPPORTED, set(bind_options.names())),
            (option_names.CONSOLE_REFUSED, set(console_options.names())),
            (option_names.SERVER_UNSUPPORTED, set(server_options.names())),
            (option_names.OPTION_UNSUPPORTED, options),
            (set(option_names.OPTION_REMOVED), options),
            (set(option_names.BALANCE_UNSUPPORTED), set(ALGORITHMS)),
        ):
            self.assertEqual(set(missing) & known, set())

    def test_tls_words_on_consoles(self) -> None:
        """
        Each TLS word of C{bind} works on consoles, or is refused there with what to do.
        """
        tls = [
            word
            for word in option_names.BIND_UNSUPPORTED
            if word.startswith(("ssl", "ca-", "cr", "ciphers", "verify", "alpn", "force-", "no-"))
            or word in ("ciphersuites", "curves", "ecdhe", "npn", "strict-sni", "tls-tickets")
        ]
        known = set(console_options.names()) | set(option_names.CONSOLE_REFUSED)
        self.assertEqual(set(tls) - known, set())
        self.assertEqual(set(option_names.CONSOLE_REFUSED) - option_names.BIND_UNSUPPORTED, set())
