"""
Tests for L{mwproxy.config.predicates}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.conditions import evaluate
from mwproxy.config.predicates import version_key


class PredicatesTests(SynchronousTestCase):
    """
    Tests for the predicates, as conditions use them.
    """

    def test_versions(self) -> None:
        """
        The version is that of the configuration language, HAProxy's 3.2.
        """
        for text in (
            "version_atleast(2.4-dev19)",
            "version_atleast(3.2)",
            "version_atleast(3.2-dev5)",
            "version_before(3.3-dev0)",
            "version_before(3.2.1)",
        ):
            self.assertTrue(evaluate(text, {}), text)
        for text in ("version_atleast(3.2.1)", "version_before(3.2)", "version_before(2.9)"):
            self.assertFalse(evaluate(text, {}), text)

    def test_order(self) -> None:
        """
        Development versions come before their release, commits after it.
        """
        texts = ["no version", "2.4-dev1", "2.4-dev19", "2.4-dev19-3", "2.4", "2.4.0-1", "2.4.1"]
        self.assertEqual(sorted(reversed(texts), key=version_key), texts)

    def test_strings(self) -> None:
        """
        Strings are compared and searched.
        """
        self.assertTrue(evaluate("strstr(abc,b)", {}))
        self.assertFalse(evaluate("strstr(abc,d)", {}))

    def test_features(self) -> None:
        """
        Features that have a counterpart here are there.
        """
        self.assertTrue(evaluate("feature(EPOLL)", {}))
        self.assertFalse(evaluate("feature(LUA)", {}))

    def test_enabled(self) -> None:
        """
        Options of run time are told, unknown ones are off.
        """
        self.assertTrue(evaluate("enabled(SPLICE)", {}))
        self.assertFalse(evaluate("enabled(KQUEUE)", {}))
        self.assertFalse(evaluate("enabled(nonsense)", {}))

    def test_library(self) -> None:
        """
        The TLS library tells its name and version.
        """
        self.assertTrue(evaluate("ssllib_name_startswith(OpenSSL)", {}))
        self.assertTrue(evaluate("openssl_version_atleast(1.0.2k)", {}))
        self.assertTrue(evaluate("openssl_version_before(99)", {}))
