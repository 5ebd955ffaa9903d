"""
Tests for the console commands about certificates in memory. The wording is compared with HAProxy's
in C{tests/compat/test_certificates.py}; here is what differs, and what HAProxy's 2.6 lacks.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from cryptography import x509
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.core.levels import Level
from tests.certificates import Authority
from tests.console.sessions import connected
from tests.observe.worker import a_worker


class StoreTestCase(SynchronousTestCase):
    """
    What the tests have in common.
    """

    def setUp(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, directory)
        self.authority = Authority(directory)
        self.ca = self.authority.path.read_bytes()
        self.worker = a_worker()
        self.session = WorkerConsole(self.worker, Level.ADMIN, "i")
        self.wire = connected(self.session)
        self.wire.clear()

    def say(self, text: str, payload: bytes | None = None) -> str:
        """
        Run a command.

        @return: The answer without its empty line.
        """
        data = b"" if payload is None else b" <<END\n" + payload + b"END"
        self.session.dataReceived(text.encode() + data + b"\n")
        return self.wire.text().removesuffix("\n")


class CertificateTests(StoreTestCase):
    """
    Tests of certificates.
    """

    def test_foreign_transaction(self) -> None:
        """
        A payload for another certificate than that of the transaction is refused: it does not end
        up in the transaction, as with HAProxy 2.6.
        """
        a, b = self.authority.sign("a"), self.authority.sign("b")
        self.say("new ssl cert a")
        self.say("new ssl cert b")
        self.say("set ssl cert a", a.pem)
        self.assertEqual(
            self.say("set ssl cert b", b.pem),
            "The ongoing transaction is about 'a' but you are trying to set 'b'\nCan't update b!\n",
        )
        self.say("commit ssl cert a")
        self.assertIn("Subject: /CN=a\n", self.say("show ssl cert a"))

    def test_other_names(self) -> None:
        """
        Alternative names that are no names of hosts are shown.
        """
        other = x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))
        names = (x509.DNSName("a.test"), other, x509.RFC822Name("a@b"))
        identity = self.authority.sign("a", names=names)
        self.say("new ssl cert a")
        self.say("set ssl cert a", identity.pem)
        self.assertIn(
            "Subject Alternative Name: DNS:a.test, , email:a@b\n",
            self.say("show ssl cert *a"),
        )

    def test_dump(self) -> None:
        """
        C{dump ssl cert} gives what C{set ssl cert} takes; nothing of an empty or unknown one.
        """
        identity = self.authority.sign("a")
        self.say("new ssl cert a")
        self.assertEqual(self.say("dump ssl cert a"), "Can't dump the certificate: Not found!\n")
        self.assertEqual(self.say("dump ssl cert b"), "Can't dump the certificate: Not found!\n")
        self.say("set ssl cert a", identity.pem + self.ca)
        dumped = self.say("dump ssl cert *a").encode()
        self.assertIn(identity.certificate_pem, dumped)
        self.assertIn(self.ca, dumped)
        self.assertIn("updated", self.say("set ssl cert a", dumped))
        self.assertIn("Success!", self.say("commit ssl cert a"))

    def test_levels(self) -> None:
        """
        An operator may look and not change; a user may not even look; keys are for admins.
        """
        self.say("new ssl cert a")
        self.say("operator")
        self.assertEqual(self.say("show ssl cert"), "# filename\na\n")
        self.assertEqual(self.say("show ssl ca-file"), "# filename\n")
        for verb in ("new", "set", "commit", "abort", "del"):
            for kind in ("cert", "ca-file", "crl-file"):
                command = f"{verb} ssl {kind} a"
                self.assertEqual(self.say(command), "Permission denied\n", command)
        self.assertEqual(self.say("dump ssl cert a"), "Permission denied\n")
        self.say("user")
        for kind in ("cert", "ca-file", "crl-file", "crt-list"):
            self.assertEqual(self.say(f"show ssl {kind}"), "Permission denied\n")

    def test_key_of_another_name(self) -> None:
        """
        C{a.key} is the key of C{a}, unless there is a certificate of that name.
        """
        a = self.authority.sign("a")
        self.say("new ssl cert a")
        self.assertIn("for certificate a!", self.say("set ssl cert a.key", a.key_pem))
        self.say("abort ssl cert a")
        self.say("new ssl cert a.key")
        self.assertIn("for certificate a.key!", self.say("set ssl cert a.key", a.pem))


class AuthorityTests(StoreTestCase):
    """
    Tests of files of authorities and of revoked certificates.
    """

    def test_wrong_kind(self) -> None:
        """
        Certificates are no revocation lists, nor the other way; HAProxy takes both for both.
        """
        lists = self.authority.revoke()
        self.say("new ssl ca-file c")
        self.say("new ssl crl-file l")
        refused = "Invalid payload\nCan't update {}!\n"
        self.assertEqual(self.say("set ssl ca-file c", lists), refused.format("c"))
        self.assertEqual(self.say("set ssl crl-file l", self.ca), refused.format("l"))

    def test_name_with_colon(self) -> None:
        """
        A colon in the name of a file is no index.
        """
        self.say("new ssl ca-file c:1")
        self.say("set ssl ca-file c:1", self.ca)
        self.assertIn("Certificate #1:", self.say("show ssl ca-file *c:1"))
        self.say("commit ssl ca-file c:1")
        self.assertIn("Certificate #1:", self.say("show ssl ca-file c:1"))

    def test_delete_of_the_other_kind(self) -> None:
        """
        Each kind deletes its own.
        """
        self.say("new ssl ca-file c")
        self.say("new ssl crl-file l")
        self.assertEqual(
            self.say("del ssl ca-file l"),
            "Can't remove the CA file: 'del ssl ca-file' does not work on CRL files!\n",
        )
        self.assertEqual(self.say("del ssl crl-file l"), "CRL file 'l' deleted!\n")
