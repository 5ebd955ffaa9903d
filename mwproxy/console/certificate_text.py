"""
Certificates, revocation lists and OCSP responses in words, line by line as HAProxy shows them.

Only who has such an object imports this module: it loads OpenSSL.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from mwproxy.protocols.pem import Bundle, response_of

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Alternative names in the words of OpenSSL.
_KINDS: tuple[tuple[type[x509.GeneralName], str], ...] = (
    (x509.DNSName, "DNS"),
    (x509.IPAddress, "IP Address"),
    (x509.RFC822Name, "email"),
    (x509.UniformResourceIdentifier, "URI"),
)
#: What OpenSSL calls parts of names.
_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}
#: Algorithms of keys that have no size worth to mention.
_NAMED = {
    "Ed25519PublicKey": "ED25519",
    "Ed448PublicKey": "ED448",
    "X25519PublicKey": "X25519",
    "X448PublicKey": "X448",
}


def bundle_lines(bundle: Bundle) -> Iterator[str]:
    """
    Describe a certificate and its chain.

    @return: Lines with line feed.
    """
    if bundle.certificate is not None:
        yield from certificate_lines(bundle.certificate)
    for each in bundle.chain:
        yield f"Chain Subject: {oneline(each.subject)}\nChain Issuer: {oneline(each.issuer)}\n"
    yield f"OCSP Response Key: {ocsp_key(bundle)}\n"


def certificate_lines(certificate: x509.Certificate) -> Iterator[str]:
    """
    Describe one certificate.

    @return: Lines with line feed.
    """
    print_ = certificate.fingerprint(hashes.SHA1()).hex().upper()
    yield f"Serial: {_serial(certificate.serial_number)}\n"
    yield f"notBefore: {when(certificate.not_valid_before_utc)}\n"
    yield f"notAfter: {when(certificate.not_valid_after_utc)}\n"
    yield f"Subject Alternative Name: {', '.join(_alternatives(certificate))}\n"
    yield f"Algorithm: {_algorithm(certificate.public_key())}\n"
    yield f"SHA1 FingerPrint: {print_}\n"
    yield f"Subject: {oneline(certificate.subject)}\n"
    yield f"Issuer: {oneline(certificate.issuer)}\n"


def revocation_lines(revocations: x509.CertificateRevocationList) -> Iterator[str]:
    """
    Describe a list of revoked certificates.

    @return: Lines with line feed.
    """
    algorithm = revocations.signature_algorithm_oid._name
    # The library reads just the lists that have it.
    yield "Version 2\n"
    yield f"Signature Algorithm: {algorithm}\n"
    yield f"Issuer: {oneline(revocations.issuer)}\n"
    yield f"Last Update: {when(revocations.last_update_utc)}\n"
    until = revocations.next_update_utc
    yield f"Next Update: {'NONE' if until is None else when(until)}\n"
    if not len(revocations):
        yield "No Revoked Certificates.\n"
        return
    yield "Revoked Certificates:\n"
    for each in revocations:
        yield (
            f"    Serial Number: {_serial(each.serial_number)}\n"
            f"        Revocation Date: {when(each.revocation_date_utc)}\n"
        )


def response_lines(data: bytes) -> Iterator[str]:
    """
    Describe an OCSP response, as far as its own fields go.

    @param data: It, in DER.

    @return: Lines with line feed.
    """
    response = response_of(data)
    yield "OCSP Response Data:\n    OCSP Response Status: successful (0x0)\n"
    yield f"    Produced At: {when(response.produced_at_utc)}\n    Responses:\n"
    for each in response.responses:
        yield "    Certificate ID:\n"
        yield f"      Hash Algorithm: {each.hash_algorithm.name}\n"
        yield f"      Issuer Name Hash: {each.issuer_name_hash.hex().upper()}\n"
        yield f"      Issuer Key Hash: {each.issuer_key_hash.hex().upper()}\n"
        yield f"      Serial Number: {_serial(each.serial_number)}\n"
        yield f"    Cert Status: {each.certificate_status.name.lower()}\n"
        if each.revocation_time_utc is not None:
            yield f"    Revocation Time: {when(each.revocation_time_utc)}\n"
        yield f"    This Update: {when(each.this_update_utc)}\n"
        if each.next_update_utc is not None:
            yield f"    Next Update: {when(each.next_update_utc)}\n"


def ocsp_key(bundle: Bundle) -> str:
    """
    Name the certificate as OCSP does: hashes of who signed it, and its number, in DER.

    @return: In hexadecimal digits; empty without OCSP response, or when its signer is not known.
    """
    signer = bundle.signer
    if not bundle.ocsp or signer is None or bundle.certificate is None:
        return ""
    name = hashlib.sha1(signer.subject.public_bytes()).digest()
    bits = x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest
    number = bundle.certificate.serial_number
    size = number.bit_length() // 8 + 1
    algorithm = _der(0x30, bytes.fromhex("06052b0e03021a0500"))
    parts = [_der(0x04, name), _der(0x04, bits), _der(0x02, number.to_bytes(size, "big"))]
    return _der(0x30, algorithm + b"".join(parts)).hex()


def oneline(name: x509.Name) -> str:
    """
    Write a name as OpenSSL does.

    @return: Such as C{/C=FR/CN=example.org}; control characters as C{\\x0a}.
    """
    parts = (
        f"/{_ATTRIBUTES.get(each.oid.dotted_string, each.oid.dotted_string)}={_value(each.value)}"
        for each in name
    )
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", "".join(parts))


def when(moment: datetime.datetime) -> str:
    """
    Write a time as OpenSSL does.

    @return: Such as C{Nov  1 16:29:45 2026 GMT}.
    """
    return f"{moment:%b} {moment.day:2} {moment:%H:%M:%S} {moment.year} GMT"


def _value(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def _serial(number: int) -> str:
    digits = f"{number:X}"
    return "0" * (len(digits) % 2) + digits


def _alternatives(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    words = dict(_KINDS)
    # Other kinds keep their place, empty, as all but names of hosts do with HAProxy.
    return [
        _CONTROL.sub("?", f"{words[type(each)]}:{each.value}") if type(each) in words else ""
        for each in extension.value
    ]


def _algorithm(key: Any) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC{key.curve.key_size}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA{key.key_size}"
    names = (each.__name__ for each in type(key).__mro__)
    return next((_NAMED[name] for name in names if name in _NAMED), "")


def _der(tag: int, content: bytes) -> bytes:
    """
    Write a DER value of less than 128 bytes.
    """
    return bytes([tag, len(content)]) + content
