"""
Tests for L{mwproxy.protocols.pem}.
"""

from __future__ import annotations

import base64
import contextlib
import shutil
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.pem import (
    BadPem,
    add_part,
    read_bundle,
    read_certificates,
    read_key,
    read_revocations,
    write,
)
from tests.certificates import Authority, now

BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


class PemTests(SynchronousTestCase):
    """
    Tests of reading.
    """

    def setUp(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, directory)
        self.authority = Authority(directory)
        self.ca = self.authority.path.read_bytes()
        self.a = self.authority.sign("a")
        self.b = self.authority.sign("b")

    def test_bundle(self) -> None:
        """
        The first certificate counts, the others are its chain, the key may be anywhere; written
        and read again it is the same.
        """
        for text in (
            self.a.pem + self.ca,
            self.a.key_pem + self.a.certificate_pem + self.ca,
            b"# text\r\n" + self.a.certificate_pem + b"\nmore\n" + self.ca + self.a.key_pem,
        ):
            bundle = read_bundle(text, "x")
            self.assertEqual(bundle.certificate, self.a.certificate)
            self.assertEqual(len(bundle.chain), 1)
            self.assertTrue(bundle.fits())
            again = read_bundle(bundle.pem(), "x")
            self.assertEqual((again.certificate, again.chain), (bundle.certificate, bundle.chain))
            self.assertTrue(again.fits())

    def test_labels_of_certificates(self) -> None:
        """
        OpenSSL's older label of certificates is read too.
        """
        text = self.ca.replace(b"CERTIFICATE", b"X509 CERTIFICATE")
        self.assertEqual(write(read_certificates(text)), self.ca)

    def test_foreign_key(self) -> None:
        """
        A key of another certificate, or none, does not fit.
        """
        self.assertFalse(read_bundle(self.a.certificate_pem + self.b.key_pem, "x").fits())
        self.assertFalse(read_bundle(self.a.certificate_pem, "x").fits())

    def test_bad_bundles(self) -> None:
        """
        What is missing or broken is named, with the file.
        """
        form = serialization.PrivateFormat.PKCS8
        secret = serialization.BestAvailableEncryption(b"x")
        encrypted = self.a.key.private_bytes(serialization.Encoding.PEM, form, secret)
        for text, said in (
            (b"", "unable to load certificate from file 'x'."),
            (self.a.key_pem, "unable to load certificate from file 'x'."),
            (BROKEN, "unable to load certificate from file 'x'."),
            (self.a.pem + BROKEN, "unable to load certificate chain from file 'x'."),
            (
                self.a.certificate_pem + encrypted,
                "unable to load private key from file 'x': it is encrypted, write it without "
                "passphrase.",
            ),
            (
                self.a.certificate_pem
                + b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "unable to load private key from file 'x'.",
            ),
        ):
            self.assertEqual(str(self.assertRaises(BadPem, read_bundle, text, "x")), said)
        self.assertRaises(BadPem, read_key, self.ca, "x")

    def test_lists(self) -> None:
        """
        Files of authorities have certificates, those of revoked ones have lists; a file without
        any, or with a broken one, is refused.
        """
        lists = self.authority.revoke() + self.authority.revoke(self.a)
        self.assertEqual(len(read_certificates(self.ca + self.ca)), 2)
        self.assertEqual([len(each) for each in read_revocations(lists)], [0, 1])
        for text in (b"", b"x", lists, self.ca + BROKEN):
            self.assertRaises(BadPem, read_certificates, text)
        for text in (b"", self.ca, lists.replace(b"M", b"A", 1)):
            self.assertRaises(BadPem, read_revocations, text)

    def test_parts(self) -> None:
        """
        Each part takes its own place and leaves the others alone.
        """
        bundle = read_bundle(self.a.certificate_pem, "x")
        bundle = add_part(bundle, "key", self.a.key_pem, "x")
        bundle = add_part(bundle, "issuer", self.ca, "x")
        answer = self.response()
        bundle = add_part(bundle, "ocsp", base64.encodebytes(answer), "x")
        bundle = add_part(bundle, "sctl", base64.b64encode(b"\0\5\0\3abc"), "x")
        self.assertTrue(bundle.fits())
        self.assertEqual((bundle.ocsp, bundle.sctl), (answer, b"\0\5\0\3abc"))
        assert bundle.issuer is not None
        self.assertEqual(write([bundle.issuer]), self.ca)
        for part, text in (
            ("key", self.ca),
            ("issuer", self.a.key_pem),
            ("ocsp", b"!"),
            ("ocsp", b"AAAA"),
            ("ocsp", base64.b64encode(answer[:-1])),
            ("sctl", b"!"),
            ("sctl", base64.b64encode(b"\0\4\0\3abc")),
            ("sctl", base64.b64encode(b"\0\5\0\4abc")),
            ("sctl", base64.b64encode(b"\0\2\0\0")),
        ):
            self.assertRaises(BadPem, add_part, bundle, part, text, "x")

    def response(self) -> bytes:
        """
        Make an OCSP response about C{a}.
        """
        [ca] = read_certificates(self.ca)
        builder = ocsp.OCSPResponseBuilder().add_response(
            self.a.certificate,
            ca,
            hashes.SHA1(),
            ocsp.OCSPCertStatus.GOOD,
            now(),
            None,
            None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, ca)
        signed = builder.sign(self.authority.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.DER)

    @given(st.binary(max_size=200), st.integers(0, 2000))
    def test_garbage(self, garbage: bytes, cut: int) -> None:
        """
        Whatever is in a payload, it is read or refused, never anything else.
        """
        for text in (garbage, self.a.pem[:cut] + garbage + self.a.pem[cut:]):
            for read in (
                lambda text: read_bundle(text, "x"),
                lambda text: read_key(text, "x"),
                read_certificates,
                read_revocations,
            ):
                with contextlib.suppress(BadPem):
                    read(text)
