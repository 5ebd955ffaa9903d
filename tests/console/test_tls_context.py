"""
Tests for L{mwproxy.console.tls_context}: files and words become a context, or a message.
"""

from __future__ import annotations

import datetime
import shutil
import socket
import ssl
import tempfile
import threading
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.console_settings import TlsSettings
from mwproxy.console.tls_context import ConsoleTls
from mwproxy.core.diagnostics import ConfigError
from tests.certificates import Authority, Identity

DAY = datetime.timedelta(days=1)
PATIENCE = 10.0


class ContextTests(SynchronousTestCase):
    """
    Tests for L{ConsoleTls}.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.authority = Authority(self.directory)
        self.crt = self.authority.write("server.pem", self.authority.server())
        self.warnings: list[str] = []

    def make(self, **settings: Any) -> ConsoleTls:
        """
        Make contexts from settings.
        """
        words = TlsSettings(wanted=True, crt=self.crt)
        for name, value in settings.items():
            setattr(words, name, value)
        return ConsoleTls(words, self.warnings.append)

    def refused(self, **settings: Any) -> str:
        """
        Get the message, the directory left out.
        """
        error = self.assertRaises(ConfigError, self.make, **settings)
        return str(error).replace(f"{self.directory}/", "")

    def shake(self, tls: ConsoleTls, client: ssl.SSLContext) -> tuple[str, Any]:
        """
        Shake hands.

        @return: What went wrong on our side, empty if nothing did; and the client's connection.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        ours.settimeout(PATIENCE)
        theirs.settimeout(PATIENCE)
        ours.setblocking(True)
        connection = SSL.Connection(tls.context, ours)
        connection.set_accept_state()
        found: list[Any] = []

        def connect() -> None:
            try:
                found.append(client.wrap_socket(theirs, server_hostname="localhost"))
            except (ssl.SSLError, OSError) as error:
                found.append(error)
                theirs.close()

        thread = threading.Thread(target=connect)
        thread.start()
        try:
            connection.do_handshake()
            problem = ""
        except SSL.Error as error:
            problem = str(connection.get_app_data() or error)
            ours.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)
        self.addCleanup(theirs.close)
        if isinstance(found[0], ssl.SSLSocket):
            self.addCleanup(found[0].close)
        return problem, found[0]

    def test_certificate(self) -> None:
        """
        A client that trusts the authority is content with the certificate.
        """
        problem, client = self.shake(self.make(), self.authority.client_context())
        self.assertEqual(problem, "")
        self.assertEqual(client.version(), "TLSv1.3")

    def test_key_apart(self) -> None:
        """
        The key may be in a file of its own, beside the certificate.
        """
        identity = self.authority.server()
        Path(self.crt).write_bytes(identity.certificate_pem)
        self.assertIn("No Private Key found in 'server.pem' or 'server.pem.key'", self.refused())
        Path(f"{self.crt}.key").write_bytes(identity.key_pem)
        self.assertEqual(self.shake(self.make(), self.authority.client_context())[0], "")

    def test_bad_files(self) -> None:
        """
        Each thing that may be wrong with the files is told from the others.
        """
        other = self.authority.server()
        identity = self.authority.server()
        encrypted = identity.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
        broken = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        for text, message in (
            (b"", "unable to load certificate from file 'server.pem': Unable to load PEM file"),
            (b"junk", "unable to load certificate from file 'server.pem'"),
            (identity.key_pem, "unable to load certificate from file 'server.pem'"),
            (identity.certificate_pem + broken, "unable to load private key of 'server.pem'"),
            (identity.certificate_pem + encrypted, "the private key of 'server.pem' is encrypted"),
            (
                identity.certificate_pem + other.key_pem,
                "inconsistencies between private key and certificate loaded 'server.pem'",
            ),
        ):
            Path(self.crt).write_bytes(text)
            self.assertIn(message, self.refused())
        Path(self.crt).unlink()
        self.assertEqual(
            self.refused(),
            "unable to load SSL certificate from file 'server.pem': No such file or directory.",
        )
        self.crt = str(self.directory)
        self.assertIn("Is a directory", self.refused())

    def test_bad_authorities(self) -> None:
        """
        So with the files for client certificates.
        """
        junk = self.directory / "junk"
        junk.write_bytes(b"junk")
        missing = str(self.directory / "no")
        verify: dict[str, Any] = {"verify": "required"}
        good = str(self.authority.path)
        self.assertIn("load CA file from file 'no'", self.refused(ca_file=missing, **verify))
        self.assertIn("certificate from file 'junk'", self.refused(ca_file=str(junk), **verify))
        both = {"ca_file": good, **verify}
        self.assertIn("load CRL file from file 'no'", self.refused(crl_file=missing, **both))
        self.assertIn("load CRL file 'junk': no list", self.refused(crl_file=str(junk), **both))

    def test_out_of_its_time(self) -> None:
        """
        A certificate that has expired, or is not valid yet, is refused at a start.
        """
        for times, message in (
            ({"begins": -2 * DAY, "ends": -DAY}, "the certificate 'server.pem' has expired on "),
            ({"begins": DAY, "ends": 2 * DAY}, "the certificate 'server.pem' is not valid before "),
        ):
            self.authority.write("server.pem", self.authority.server(**times))
            self.assertIn(message, self.refused())

    def test_expires_in_use(self) -> None:
        """
        One that expires while it is in use is no reason to refuse a reload, but is told of; another
        one that has expired is.
        """
        times = {"begins": -2 * DAY, "ends": DAY}
        self.authority.write("server.pem", self.authority.server(**times))
        when = [datetime.datetime.now(datetime.UTC)]
        words = TlsSettings(wanted=True, crt=self.crt)
        tls = ConsoleTls(words, self.warnings.append, now=lambda: when[0])
        when[0] += 2 * DAY
        tls.prepare()
        [warning] = self.warnings
        self.assertIn("has expired on", warning)
        self.authority.write("server.pem", self.authority.server(**times))
        self.assertRaises(ConfigError, tls.prepare)

    def test_swapped_whole(self) -> None:
        """
        What was read counts when it is committed; a file that will not do changes nothing, also if
        another one was read before it.
        """
        tls = self.make()
        former = tls.context
        tls.prepare()
        self.assertIs(tls.context, former)
        Path(self.crt).write_bytes(b"junk")
        self.assertRaises(ConfigError, tls.prepare)
        tls.commit()
        self.assertIs(tls.context, former)
        self.authority.write("server.pem", self.authority.server())
        tls.prepare()
        tls.discard()
        tls.commit()
        self.assertIs(tls.context, former)
        tls.prepare()
        tls.commit()
        self.assertIsNot(tls.context, former)

    def client_problem(self, identity: Identity | None, **settings: Any) -> str:
        """
        Shake hands with a client that shows this certificate.
        """
        file = "" if identity is None else self.authority.write("client.pem", identity)
        verify = {"verify": "required", "ca_file": str(self.authority.path), **settings}
        return self.shake(self.make(**verify), self.authority.client_context(file))[0]

    def test_client_certificates(self) -> None:
        """
        A certificate that is asked for has to be there; one that is shown has to be good, and the
        reason why it is not is known.
        """
        sign = self.authority.sign
        self.assertEqual(self.client_problem(sign("anna")), "")
        self.assertIn("peer did not return a certificate", self.client_problem(None))
        self.assertEqual(self.client_problem(None, verify="optional"), "")
        late = sign("late", begins=-2 * DAY, ends=-DAY)
        wanted = "the client's certificate /CN=late is refused: it has expired"
        self.assertEqual(self.client_problem(late), wanted)
        self.assertEqual(self.client_problem(late, verify="optional"), wanted)
        early = sign("early", begins=DAY, ends=2 * DAY)
        self.assertIn("it is not valid yet", self.client_problem(early))
        foreign = Authority(self.directory, "Other CA").sign("eve")
        self.assertIn("its authority is not known", self.client_problem(foreign))

    def test_revoked(self) -> None:
        """
        A revoked certificate is refused, others are not.
        """
        good, bad = self.authority.sign("good"), self.authority.sign("bad")
        crl = self.directory / "crl.pem"
        crl.write_bytes(self.authority.revoke(bad))
        self.assertEqual(self.client_problem(good, crl_file=str(crl)), "")
        self.assertIn("it is revoked", self.client_problem(bad, crl_file=str(crl)))

    def test_versions(self) -> None:
        """
        Versions are limited on both sides, and single ones can be left out.
        """
        for settings, expected in (
            ({"most": "TLSv1.2"}, "TLSv1.2"),
            ({"least": "TLSv1.3"}, "TLSv1.3"),
            ({"without": frozenset({"TLSv1.3"})}, "TLSv1.2"),
        ):
            problem, client = self.shake(self.make(**settings), self.authority.client_context())
            self.assertEqual((problem, client.version()), ("", expected))
        old = self.authority.client_context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertNotEqual(self.shake(self.make(least="TLSv1.3"), old)[0], "")

    def test_algorithms(self) -> None:
        """
        Ciphers of both kinds and curves are as asked for; what OpenSSL does not know is refused.
        """
        tls = self.make(ciphersuites="TLS_CHACHA20_POLY1305_SHA256", curves="secp384r1:X25519")
        problem, client = self.shake(tls, self.authority.client_context())
        self.assertEqual((problem, client.cipher()[0]), ("", "TLS_CHACHA20_POLY1305_SHA256"))
        tls = self.make(ciphers="ECDHE-ECDSA-AES256-GCM-SHA384", most="TLSv1.2")
        problem, client = self.shake(tls, self.authority.client_context())
        self.assertEqual((problem, client.cipher()[0]), ("", "ECDHE-ECDSA-AES256-GCM-SHA384"))
        self.assertIn("'ciphers' : unable to set 'NO-SUCH'", self.refused(ciphers="NO-SUCH"))
        self.assertIn("unable to set 'NO-SUCH'", self.refused(ciphersuites="NO-SUCH"))
        self.assertIn("elliptic curves to 'no-such'", self.refused(curves="no-such"))

    def test_alpn(self) -> None:
        """
        Of the protocols that a client offers the first of ours is chosen; without one in common
        there is none.
        """
        tls = self.make(alpn=("cli", "other"))
        for offered, chosen in ((["other", "cli"], "cli"), (["h2"], None)):
            context = self.authority.client_context()
            context.set_alpn_protocols(offered)
            problem, client = self.shake(tls, context)
            self.assertEqual((problem, client.selected_alpn_protocol()), ("", chosen))

    def test_no_resumption(self) -> None:
        """
        A session is never resumed: the certificate is shown each time.
        """
        tls = self.make(most="TLSv1.2")
        context = self.authority.client_context()
        _, first = self.shake(tls, context)
        self.assertFalse(first.session.has_ticket)
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        connection = SSL.Connection(tls.context, ours)
        connection.set_accept_state()
        thread = threading.Thread(target=connection.do_handshake)
        thread.start()
        theirs.settimeout(PATIENCE)
        again = context.wrap_socket(theirs, server_hostname="localhost", session=first.session)
        self.addCleanup(again.close)
        thread.join(PATIENCE)
        self.assertFalse(again.session_reused)
