"""
What TLS files contain: certificates, keys and revocation lists in PEM, OCSP responses and lists of
signed certificate timestamps in base64.

Only who has such a file imports this module: it loads OpenSSL.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp

_BLOCK = re.compile(
    rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE|X509 CRL|[A-Z0-9 ]*PRIVATE KEY)-----"
    rb".*?-----END \1-----",
    re.DOTALL,
)
_PEM = serialization.Encoding.PEM


class BadPem(Exception):
    """
    A text is not what it should be; says why.
    """


@dataclass(frozen=True, slots=True)
class Bundle:
    """
    What belongs to one certificate. Keys are objects of C{cryptography}.

    @ivar chain: Further certificates, from the one that signed it on.

    @ivar key: L{None} when it is missing.

    @ivar issuer: What signed it, if C{.issuer} was given.

    @ivar ocsp: An OCSP response in DER, empty for none.   @ivar sctl: The list of timestamps.
    """

    certificate: x509.Certificate | None = None
    chain: tuple[x509.Certificate, ...] = ()
    key: Any = None
    issuer: x509.Certificate | None = None
    ocsp: bytes = b""
    sctl: bytes = b""

    @property
    def signer(self) -> x509.Certificate | None:
        """
        The certificate that signed it, L{None} when it is not known.
        """
        return self.issuer or (self.chain[0] if self.chain else None)

    def fits(self) -> bool:
        """
        Tell whether the key is that of the certificate.
        """
        if self.certificate is None or self.key is None:
            return False
        return _public(self.certificate.public_key()) == _public(self.key.public_key())

    def pem(self) -> bytes:
        """
        Write key, certificate and chain.
        """
        parts = []
        if self.key is not None:
            form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            parts.append(self.key.private_bytes(_PEM, form, secret))
        first = [] if self.certificate is None else [self.certificate]
        return b"".join([*parts, write(first), write(self.chain)])


def read_bundle(text: bytes, name: str) -> Bundle:
    """
    Read certificate, chain and key. The first certificate and the first key count.

    @param name: The file, for messages.

    @return: The bundle, without key when there is none.

    @raise BadPem: There is no certificate, or something is broken.
    """
    blocks = list(_BLOCK.finditer(text))
    found: list[x509.Certificate] = []
    for block in blocks:
        if block[1].endswith(b"CERTIFICATE"):
            try:
                found.append(x509.load_pem_x509_certificate(_plain(block)))
            except ValueError:
                what = "certificate chain" if found else "certificate"
                raise BadPem(f"unable to load {what} from file '{name}'.") from None
    if not found:
        raise BadPem(f"unable to load certificate from file '{name}'.")
    key = None
    if any(block[1].endswith(b"KEY") for block in blocks):
        key = read_key(text, name)
    return Bundle(found[0], tuple(found[1:]), key)


def read_key(text: bytes, name: str) -> Any:
    """
    Read a private key.

    @param name: The file, for messages.

    @return: The first one.

    @raise BadPem: There is none, it is encrypted, or broken.
    """
    wrong = f"unable to load private key from file '{name}'"
    for block in _BLOCK.finditer(text):
        if block[1].endswith(b"KEY"):
            try:
                return serialization.load_pem_private_key(block[0], None)
            except TypeError:
                raise BadPem(f"{wrong}: it is encrypted, write it without passphrase.") from None
            except Exception:
                # Whatever is in there, it is no key.
                break
    raise BadPem(f"{wrong}.")


def read_certificates(text: bytes) -> tuple[x509.Certificate, ...]:
    """
    Read certificates of authorities.

    @raise BadPem: There is none, or one is broken.
    """
    found = [each for each in _BLOCK.finditer(text) if each[1].endswith(b"CERTIFICATE")]
    try:
        read = tuple(x509.load_pem_x509_certificate(_plain(each)) for each in found)
    except ValueError:
        raise BadPem("Invalid payload") from None
    if not read:
        raise BadPem("Invalid payload")
    return read


def read_revocations(text: bytes) -> tuple[x509.CertificateRevocationList, ...]:
    """
    Read lists of revoked certificates.

    @raise BadPem: There is none, or one is broken.
    """
    found = [each for each in _BLOCK.finditer(text) if each[1] == b"X509 CRL"]
    try:
        read = tuple(x509.load_pem_x509_crl(each[0]) for each in found)
    except ValueError:
        raise BadPem("Invalid payload") from None
    if not read:
        raise BadPem("Invalid payload")
    return read


def add_part(bundle: Bundle, part: str, text: bytes, name: str) -> Bundle:
    """
    Replace one part of a bundle.

    @param part: C{key}, C{issuer}, C{ocsp} or C{sctl}: how the names of such files end.

    @param name: The certificate, for messages.

    @return: The bundle with it.

    @raise BadPem: It is broken.
    """
    if part == "key":
        return replace(bundle, key=read_key(text, name))
    if part == "issuer":
        try:
            return replace(bundle, issuer=read_certificates(text)[0])
        except BadPem:
            raise BadPem(f"'{name}' cannot be read or parsed'.") from None
    try:
        data = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        what = "OCSP response" if part == "ocsp" else "SCTL"
        raise BadPem(f"Error reading {what} in base64 format") from None
    if part == "ocsp":
        try:
            response_of(data)
        except ValueError:
            raise BadPem("Unable to parse OCSP response.") from None
        return replace(bundle, ocsp=data)
    if not _is_sctl(data):
        raise BadPem(f"Error reading the list of timestamps for '{name}'")
    return replace(bundle, sctl=data)


def response_of(data: bytes) -> ocsp.OCSPResponse:
    """
    Read an OCSP response.

    @raise ValueError: It is none, or one without an answer.
    """
    response = ocsp.load_der_ocsp_response(data)
    if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise ValueError("unsuccessful")
    return response


def write(items: Iterable[x509.Certificate | x509.CertificateRevocationList]) -> bytes:
    """
    Write certificates or lists in PEM.
    """
    return b"".join(each.public_bytes(_PEM) for each in items)


def _plain(block: re.Match[bytes]) -> bytes:
    """
    Give a certificate the one label that C{cryptography} knows.
    """
    return block[0].replace(block[1], b"CERTIFICATE")


def _public(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    data: bytes = key.public_bytes(serialization.Encoding.DER, form)
    return data


def _is_sctl(data: bytes) -> bool:
    """
    Tell whether data is a list of timestamps (RFC 6962, 3.3): lengths of two bytes throughout.
    """
    if len(data) < 4 or int.from_bytes(data[:2], "big") != len(data) - 2:
        return False
    rest = data[2:]
    while rest:
        size = int.from_bytes(rest[:2], "big")
        if not size or len(rest) < 2 + size:
            return False
        rest = rest[2 + size :]
    return True
