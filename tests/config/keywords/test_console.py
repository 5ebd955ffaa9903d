"""
Tests for mwproxy/config/keywords/console.py.
"""

from __future__ import annotations

import grp
import pwd

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.console_settings import ConsoleSettings, TlsSettings, console_settings
from mwproxy.config.option_names import CONSOLE_REFUSED
from mwproxy.console.spec import parse_console_spec
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.levels import Level, LevelRule
from tests.config.loading import LoadingTestCase

TLS = "127.0.0.1:1,ssl,crt,/c.pem"


def settings_of(spec: str) -> ConsoleSettings:
    """
    Read a line of C{-S}.
    """
    [bind] = parse_console_spec(spec)
    return console_settings(bind)


def tls_of(words: str) -> TlsSettings:
    """
    Read TLS words.
    """
    tls = settings_of(f"{TLS},{words}").tls
    assert tls is not None
    return tls


class ConsoleWordTests(SynchronousTestCase):
    """
    Tests of single words.
    """

    def refused(self, spec: str) -> str:
        """
        Get the message.
        """
        return str(self.assertRaises(ConfigError, parse_console_spec, spec))

    def test_words(self) -> None:
        """
        Each word is kept.
        """
        tls = tls_of(
            "ca-file,/ca.pem,verify,optional,crl-file,/l.pem,ciphers,A:B,ciphersuites,C,"
            "curves,X25519:P-256,alpn,cli,ssl-min-ver,TLSv1.1,ssl-max-ver,TLSv1.3,no-tlsv12,"
            "prefer-client-ciphers,no-ca-names,no-tls-tickets,no-sslv3"
        )
        self.assertEqual((tls.crt, tls.ca_file, tls.crl_file), ("/c.pem", "/ca.pem", "/l.pem"))
        self.assertEqual((tls.verify, tls.ciphers, tls.ciphersuites), ("optional", "A:B", "C"))
        self.assertEqual((tls.curves, tls.alpn), ("X25519:P-256", ("cli",)))
        self.assertEqual((tls.least, tls.most), ("TLSv1.1", "TLSv1.3"))
        self.assertEqual(tls.without, {"TLSv1.2"})
        self.assertTrue(tls.client_order)
        self.assertFalse(tls.name_authorities)

    def test_defaults(self) -> None:
        """
        The oldest version is TLSv1.2 unless another is asked for, as in HAProxy.
        """
        tls = tls_of("no-alpn")
        self.assertEqual((tls.least, tls.most, tls.verify), ("TLSv1.2", "", "none"))
        self.assertEqual(tls_of("ecdhe,secp384r1").curves, "secp384r1")

    def test_force(self) -> None:
        """
        One version can be made the only one.
        """
        tls = tls_of("force-tlsv13")
        self.assertEqual((tls.least, tls.most), ("TLSv1.3", "TLSv1.3"))

    def test_mistakes(self) -> None:
        """
        What cannot be understood is named.
        """
        for words, message in (
            ("verify,maybe", "unknown verify method 'maybe', only 'none', 'optional', and"),
            ("ssl-min-ver,TLSv1", "unknown version 'TLSv1', known are 'TLSv1.0', 'TLSv1.1'"),
            ("ssl-min-ver,SSLv3", "no version of OpenSSL has SSLv3"),
            ("crt,/d.pem", "one certificate, that of 'crt'; remove '/d.pem' or '/c.pem'"),
            ("ca-file", "missing CAfile path"),
            ("ciphers", "missing cipher suite"),
            ("alpn,", "missing ALPN string"),
        ):
            self.assertIn(message, self.refused(f"{TLS},{words}"))

    def test_refused_words(self) -> None:
        """
        A TLS word that consoles do not have is refused with what to do instead.
        """
        for word, cure in CONSOLE_REFUSED.items():
            text = self.refused(f"{TLS},{word}")
            self.assertIn(f"'{word}' : not available on consoles: {cure}.", text)

    def test_rules(self) -> None:
        """
        Rules are kept in their order; users and groups may be names.
        """
        rules = settings_of(
            "/m.sock,level-uid,1000:operator,level-uid,root:admin,level-gid,root:user"
        ).level_rules
        root, group = str(pwd.getpwnam("root").pw_uid), str(grp.getgrnam("root").gr_gid)
        self.assertEqual(
            rules,
            [
                LevelRule("uid", "1000", Level.OPERATOR),
                LevelRule("uid", root, Level.ADMIN),
                LevelRule("gid", group, Level.USER),
            ],
        )
        [rule] = settings_of(
            f"{TLS},ca-file,/ca,verify,required,level-cert,URI=spiffe://a/*:admin"
        ).level_rules
        self.assertEqual(rule, LevelRule("URI", "spiffe://a/*", Level.ADMIN))

    def test_bad_rules(self) -> None:
        """
        So are mistakes in rules.
        """
        verified = f"{TLS},ca-file,/ca,verify,required,level-cert"
        for spec, message in (
            (
                "/m,level-uid,1000",
                "'<user>:<level>', such as '1000:operator', found '1000'",
            ),
            (
                "/m,level-uid,1000:root",
                "'user', 'operator', and 'admin' (got 'root')",
            ),
            ("/m,level-uid,nobody-here:user", "unknown user name 'nobody-here'"),
            ("/m,level-gid,nobody-here:user", "unknown group name 'nobody-here'"),
            (f"{verified},CN:admin", "expects '<field>=<pattern>:<level>', found 'CN:admin'"),
            (f"{verified},cn=a:admin", "unknown field 'cn', known are C, ST, L, O, OU, CN"),
        ):
            self.assertIn(message, self.refused(spec))


class StatsSocketTests(LoadingTestCase):
    """
    Tests of C{stats socket} lines.
    """

    def test_stats_socket(self) -> None:
        """
        C{stats socket} has them too, and C{bind} has not.
        """
        found = self.load("global\n stats socket 127.0.0.1:1 ssl crt /c.pem level admin alpn a,b\n")
        self.assertEqual(self.messages, [])
        [bind] = found.global_.stats_sockets
        tls = console_settings(bind).tls
        assert tls is not None
        self.assertEqual((tls.crt, tls.alpn), ("/c.pem", ("a", "b")))
        self.assertEqual(bind.settings.level, Level.ADMIN)
