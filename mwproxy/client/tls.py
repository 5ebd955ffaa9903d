"""
TLS to a console: the handshake, who answered, and what went wrong in words.

The standard library does the handshake and checks the chain of the server's certificate,
C{service-identity} its names: DNS names and IP addresses of the subject's alternatives.
"""

from __future__ import annotations

import socket
import ssl
import sys

from mwproxy.client.connection import Credentials
from mwproxy.client.place import Place

#: Why a chain is not trusted, by OpenSSL's number, and what to do.
_CHAIN = {
    9: "is not valid yet: is the clock of this machine right?",
    10: "has expired: it has to be renewed there (or the clock of this machine is wrong)",
    18: "is signed by itself: if it is the right one, give its file with --ca",
    19: "is signed by an authority that is not known here: give its file with --ca",
    20: "is signed by an authority that is not known here: give its file with --ca",
    21: "is signed by an authority that is not known here: give its file with --ca",
    23: "has been revoked",
    26: "is not made for servers (its extended key usage)",
}
#: Alerts of the server, by OpenSSL's word, and what to do.
_ALERTS = {
    "CERTIFICATE_REQUIRED": "asks for a client certificate: give one with --cert and --key",
    "BAD_CERTIFICATE": "refuses the client certificate: is it signed by an authority known there?",
    "UNKNOWN_CA": "does not know the authority of the client certificate",
    "CERTIFICATE_EXPIRED": "says that the client certificate has expired or is not valid yet",
    "CERTIFICATE_REVOKED": "says that the client certificate has been revoked",
    "CERTIFICATE_UNKNOWN": "refuses the client certificate",
    "UNSUPPORTED_CERTIFICATE": "refuses this kind of client certificate",
    "ACCESS_DENIED": "refuses the client certificate",
    "PROTOCOL_VERSION": "does not speak a version of TLS that is spoken here (1.2 and 1.3)",
    "UNRECOGNIZED_NAME": "has no certificate for this name: another one may be given by"
    " --server-name",
    "HANDSHAKE_FAILURE": "shares no cipher with this machine, or wants a client certificate"
    " (--cert and --key)",
}
_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "HTTP_REQUEST",
    "UNEXPECTED_MESSAGE",
)


class Untrusted(Exception):
    """
    There is no TLS with who answered; the text is the operator's message.
    """


def secure(sock: socket.socket, place: Place, credentials: Credentials) -> ssl.SSLSocket:
    """
    Begin TLS, and see who it is.

    @param sock: Connected, with a timeout for the handshake.

    @param place: Where it is connected to.

    @param credentials: Files and names.

    @return: The connection.

    @raise Untrusted: It is somebody else, or nobody who can prove it, or a file is no good.

    @raise TimeoutError: The server is silent.
    """
    context = _context(credentials)
    name = credentials.server_name or place.address.host
    try:
        connection = context.wrap_socket(sock, server_hostname=name)
    except TimeoutError:
        raise
    except (OSError, ValueError) as error:
        raise Untrusted(_reason(error, place)) from None
    try:
        _identify(connection, name, place)
    except Untrusted:
        connection.close()
        raise
    return connection


def refusal(sock: socket.socket, error: OSError, place: Place) -> str:
    """
    Say why a TLS connection broke: with TLS 1.3 a server refuses a client certificate only after
    the handshake, when the client may be sending already.

    @param sock: The connection.

    @param error: What happened.

    @param place: The console.

    @return: The operator's message.
    """
    try:
        sock.recv(1)
    except OSError as later:
        if found := _alert(later, place.text):
            return found
    return _alert(error, place.text) or (
        f"'{place.text}' hung up: perhaps it wants a client certificate (--cert and --key), or"
        " refuses the one that it got"
    )


def _context(credentials: Credentials) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The names are checked by service-identity.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if credentials.ca:
        try:
            context.load_verify_locations(credentials.ca)
        except OSError as error:
            raise Untrusted(
                _file("--ca", credentials.ca, error, "it has no certificate (PEM)")
            ) from None
    else:
        context.load_default_certs()
    if credentials.key and not credentials.cert:
        raise Untrusted("--key is of no use without --cert")
    if credentials.cert:
        _load_own(context, credentials)
    return context


def _load_own(context: ssl.SSLContext, credentials: Credentials) -> None:
    cert, key = credentials.cert, credentials.key or credentials.cert
    for option, name in (("--cert", cert), ("--key", key)):
        try:
            with open(name, "rb"):  # noqa: PTH123  # only to say which one it is
                pass
        except OSError as error:
            raise Untrusted(f"{option} '{name}': {error.strerror}") from None
    try:
        context.load_cert_chain(cert, key, password=lambda: _passphrase(key))
    except ssl.SSLError as error:
        if "KEY_VALUES_MISMATCH" in str(error.reason):
            raise Untrusted(f"'{key}' is not the key of the certificate in '{cert}'") from None
        raise Untrusted(
            f"--cert '{cert}', --key '{key}': no certificate with its key in there (PEM),"
            " or a wrong passphrase"
        ) from None


def _passphrase(key: str) -> str:
    if not sys.stdin.isatty():
        raise Untrusted(f"the key in '{key}' has a passphrase, and there is no terminal to ask at")
    import getpass

    return getpass.getpass(f"passphrase of {key}: ")


def _file(option: str, name: str, error: OSError, otherwise: str) -> str:
    why = otherwise if isinstance(error, ssl.SSLError) or not error.strerror else error.strerror
    return f"{option} '{name}': {why}"


def _reason(error: OSError | ValueError, place: Place) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        found = _CHAIN.get(error.verify_code, f"is not trusted: {error.verify_message}")
        return f"the certificate of '{place.text}' {found}"
    if isinstance(error, ValueError):
        return f"'{place.text}' is no name that TLS can ask for: {error}"
    if isinstance(error, ssl.SSLError) and any(word in str(error.reason) for word in _NO_TLS):
        return f"'{place.text}' does not speak TLS: write tcp://{place.address}"
    if found := _alert(error, place.text):
        return found
    if isinstance(error, ssl.SSLEOFError | ConnectionError):
        return (
            f"'{place.text}' hung up during the TLS handshake: does it speak TLS?"
            f" If not: tcp://{place.address}"
        )
    return f"no TLS with '{place.text}': {error.strerror or error}"


def _alert(error: OSError, address: str) -> str:
    reason = str(getattr(error, "reason", ""))
    if "ALERT" not in reason:
        return ""
    known = (text for word, text in _ALERTS.items() if reason.endswith(word))
    said = reason.partition("ALERT_")[2].replace("_", " ").lower()
    return f"'{address}' {next(known, f'refuses TLS: {said}')}"


def _identify(connection: ssl.SSLSocket, name: str, place: Place) -> None:
    from cryptography.x509 import load_der_x509_certificate
    from service_identity import CertificateError, VerificationError
    from service_identity.cryptography import (
        extract_patterns,
        verify_certificate_hostname,
        verify_certificate_ip_address,
    )

    encoded = connection.getpeercert(True)
    assert encoded is not None  # a server without one is refused in the handshake
    try:
        certificate = load_der_x509_certificate(encoded)
        patterns = extract_patterns(certificate)
        if _is_ip(name):
            verify_certificate_ip_address(certificate, name)
        else:
            verify_certificate_hostname(certificate, name)
    except VerificationError:
        names = ", ".join(f"'{_pattern(each)}'" for each in patterns)
        raise Untrusted(
            f"the certificate of '{place.text}' is for {names}, not for '{name}':"
            " connect by such a name, or give one with --server-name"
        ) from None
    except CertificateError:
        raise Untrusted(
            f"the certificate of '{place.text}' names no host that can be used: it needs the"
            f" subject alternative name '{name}'"
        ) from None
    except ValueError as error:
        raise Untrusted(f"the certificate of '{place.text}' cannot be read: {error}") from None


def _pattern(pattern: object) -> str:
    value = getattr(pattern, "pattern", pattern)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _is_ip(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except OSError:
            continue
        return True
    return False
