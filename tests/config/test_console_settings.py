"""
Tests for mwproxy/config/console_settings.py: what a console's line says as a whole.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.console_settings import ConsoleSettings, console_settings
from mwproxy.config.model import Bind, BindSettings
from mwproxy.console.spec import parse_console_spec
from mwproxy.core.addresses import parse_address
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.levels import Level

TLS = "127.0.0.1:1,ssl,crt,/c.pem"


class ConsoleSettingsTests(SynchronousTestCase):
    """
    Tests of lines that make no sense as a whole.
    """

    def refused(self, spec: str, *parts: str) -> None:
        """
        Assert that a line is refused in such words, the line itself included.
        """
        text = str(self.assertRaises(ConfigError, parse_console_spec, spec))
        for part in (spec.replace(",", " "), *parts):
            self.assertIn(part, text)

    def test_tls_words_without_ssl(self) -> None:
        """
        A TLS word without C{ssl} would mean nothing; the word and the cure are named.
        """
        self.refused("127.0.0.1:1,crt,/c.pem", "'crt' : means nothing without 'ssl'; add 'ssl'")
        self.refused("127.0.0.1:1,no-tlsv10", "'no-tlsv10' : means nothing without 'ssl'")

    def test_no_certificate(self) -> None:
        """
        TLS needs a certificate.
        """
        self.refused("127.0.0.1:1,ssl", "no certificate: add 'crt <file>'")

    def test_verify_and_authorities(self) -> None:
        """
        Certificates are verified against something, and authorities are for verifying.
        """
        self.refused(f"{TLS},verify,required", "no CA file specified: add 'ca-file <file>'")
        self.refused(f"{TLS},ca-file,/ca", "'ca-file' : client certificates are not looked at")
        self.refused(f"{TLS},crl-file,/l", "'crl-file' : means nothing without 'ca-file'")

    def test_no_version_left(self) -> None:
        """
        At least one version has to be allowed.
        """
        self.refused(f"{TLS},ssl-max-ver,TLSv1.1", "'TLSv1.1' is older than 'TLSv1.2'")
        self.refused(f"{TLS},no-tlsv12,no-tlsv13", "all SSL/TLS versions are disabled")
        [bind] = parse_console_spec(f"{TLS},no-tlsv12")
        tls = console_settings(bind).tls
        assert tls is not None
        self.assertEqual(tls.without, {"TLSv1.2"})

    def test_accept_proxy(self) -> None:
        """
        A word of C{bind} that consoles do not follow is refused, not ignored.
        """
        self.refused("127.0.0.1:1,accept-proxy", "'accept-proxy' : not available on consoles")

    def test_level_rules(self) -> None:
        """
        A rule that nobody can fulfil is refused: users are known on UNIX sockets, certificates
        where they are verified.
        """
        self.refused("127.0.0.1:1,level-uid,0:admin", "only UNIX sockets tell who their peer is")
        self.refused("127.0.0.1:1,level-gid,0:admin", "use 'level-cert' with TLS")
        for spec in ("/m.sock", TLS):
            self.refused(f"{spec},level-cert,CN=a:admin", "needs certificates that are verified")
        [bind] = parse_console_spec("fd@5,level-uid,0:admin")
        self.assertEqual(console_settings(bind).level_rules[0].level, Level.ADMIN)

    def test_plain_line(self) -> None:
        """
        A line that was made without the words of consoles has no TLS.
        """
        bind = Bind(parse_address("/s.sock"), BindSettings(level=Level.USER))
        found = console_settings(bind)
        self.assertIsInstance(found, ConsoleSettings)
        self.assertEqual((found.level, found.tls), (Level.USER, None))
