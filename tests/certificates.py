"""
Certificates for tests: an authority, and what it signs.
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    """
    Tell the time as certificates do.
    """
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Identity:
    """
    A certificate and its key.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """
        The certificate.
        """
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """
        The key.
        """
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def pem(self) -> bytes:
        """
        Both, as C{crt} wants it.
        """
        return self.certificate_pem + self.key_pem


class Authority:
    """
    Signs certificates, and writes them to files of a directory.

    @ivar path: The file of its own certificate.   @ivar key: Its key.
    """

    def __init__(self, directory: Path, name: str = "Test CA") -> None:
        self._directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() - 9 * _DAY)
            .not_valid_after(now() + 9 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(self.key, hashes.SHA256())
        )
        self.path = directory / f"{name.replace(' ', '-')}.pem"
        self.path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def sign(
        self,
        name: str,
        *,
        organization: str = "",
        names: tuple[x509.GeneralName, ...] = (),
        begins: datetime.timedelta = -_DAY,
        ends: datetime.timedelta = _DAY,
    ) -> Identity:
        """
        Make a key and a certificate.

        @param name: The CN.

        @param begins: When it begins to be valid, from now.

        @param ends: When it ends to be.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if organization:
            parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(parts))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() + begins)
            .not_valid_after(now() + ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return Identity(builder.sign(self.key, hashes.SHA256()), key)

    def server(self, **more: Any) -> Identity:
        """
        Make the certificate of a server on this machine.
        """
        local = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return self.sign("localhost", names=(x509.DNSName("localhost"), local), **more)

    def write(self, file: str, identity: Identity) -> str:
        """
        Write certificate and key into one file.

        @return: Its path.
        """
        path = self._directory / file
        path.write_bytes(identity.pem)
        return str(path)

    def revoke(self, *identities: Identity) -> bytes:
        """
        Make a list of revoked certificates, in PEM.
        """
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now() - _DAY)
            .next_update(now() + _DAY)
        )
        for each in identities:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(each.certificate.serial_number)
                .revocation_date(now() - _DAY)
                .build()
            )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def client_context(self, file: str = "") -> ssl.SSLContext:
        """
        Make the context of a client that trusts this authority.

        @param file: Its certificate and key, empty for none.
        """
        context = ssl.create_default_context(cafile=str(self.path))
        if file:
            context.load_cert_chain(file)
        return context
