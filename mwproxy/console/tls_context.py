"""
From the TLS words of a console to an OpenSSL context.

A context is made whole and then never changed: one that connections use is replaced by another.
Everything is read and checked before anything is replaced, so that a broken file changes nothing.

Sessions are never resumed, neither by tickets nor from a cache: who comes back shows the
certificate again, so that one that has expired or was revoked opens nothing any more. A connection
is not renegotiated either.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL, crypto

from mwproxy.config.console_settings import NONE, REQUIRED, VERSIONS, TlsSettings
from mwproxy.core.diagnostics import ConfigError

SYSTEM_AUTHORITIES = "@system-ca"
_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----\n?", re.DOTALL)
_CRL = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----\n?", re.DOTALL)
_VERSION = dict(
    zip(
        VERSIONS,
        (SSL.TLS1_VERSION, SSL.TLS1_1_VERSION, SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION),
        strict=True,
    )
)
_WITHOUT = dict(
    zip(
        VERSIONS,
        (SSL.OP_NO_TLSv1, SSL.OP_NO_TLSv1_1, SSL.OP_NO_TLSv1_2, SSL.OP_NO_TLSv1_3),
        strict=True,
    )
)
_ALWAYS = SSL.OP_NO_COMPRESSION | SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION
_CONTEXT_ID = b"mwproxy console"
#: What OpenSSL finds wrong with certificates, by its numbers.
_WRONG = {
    2: "its authority is not known",
    3: "the list of revoked certificates of its authority is missing",
    7: "its signature is wrong",
    9: "it is not valid yet",
    10: "it has expired",
    12: "the list of revoked certificates has expired",
    18: "it is signed by itself",
    19: "its authority is not known",
    20: "its authority is not known",
    21: "its authority is not known",
    23: "it is revoked",
    26: "it is not for clients",
}


class ConsoleTls:
    """
    The TLS of one console: the context that new connections get, and how to make the next one.

    @ivar context: For new connections; those at work keep what they began with.
    """

    def __init__(
        self,
        settings: TlsSettings,
        warn: Callable[[str], None],
        *,
        lenient: bool = False,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
    ) -> None:
        """
        Make the first context.

        @param warn: Told of what is bad but no reason to refuse.

        @param lenient: A certificate out of its time is such a thing: others depend on us.

        @param now: Tells the time.

        @raise ConfigError: A file or word will not do.
        """
        self._settings = settings
        self._warn = warn
        self._now = now
        # Whatever becomes the current directory later.
        self._paths = {
            name: Path(name).absolute()
            for name in (settings.crt, f"{settings.crt}.key", settings.ca_file, settings.crl_file)
        }
        self._texts: dict[str, bytes] = {}
        self._given: Mapping[str, bytes] = {}
        self._next: tuple[SSL.Context, dict[str, bytes], Mapping[str, bytes]] | None = None
        self.prepare(lenient=lenient)
        self.commit()

    context: SSL.Context

    def prepare(self, *, lenient: bool = False, given: Mapping[str, bytes] | None = None) -> None:
        """
        Read the files anew and make another context, for L{commit}. A certificate that is in use
        already may be out of its time; that is said and no reason to refuse a reload.

        @param given: Texts that stand for files, by name.

        @raise ConfigError: A file or word will not do; nothing has changed.
        """
        self._next = None
        texts: dict[str, bytes] = dict(given or {})
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_options(_ALWAYS)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_session_id(_CONTEXT_ID)
        self._set_certificate(context, texts, lenient)
        self._set_authorities(context, texts)
        self._set_versions(context)
        self._set_algorithms(context)
        if self._settings.alpn:
            context.set_alpn_select_callback(_choose(self._settings.alpn))
        self._next = context, texts, given or {}

    def commit(self) -> None:
        """
        Have new connections get what L{prepare} made; nothing if it was not called, or failed.
        """
        if self._next is not None:
            self.context, self._texts, self._given = self._next
            self._next = None

    def files(self) -> dict[str, bytes]:
        """
        Tell which files are in use, by the names of the settings.

        @return: Their texts; the certificate's with the key, wherever it was found.
        """
        settings = self._settings
        names = (settings.crt, settings.ca_file, settings.crl_file)
        found = {name: self._texts[name] for name in names if name in self._texts}
        key = self._texts.get(f"{settings.crt}.key")
        if key is not None and settings.crt in found:
            found[settings.crt] += key
        return found

    def replace(self, name: str, text: bytes) -> Callable[[], None]:
        """
        Make a context with another text in place of a file, which is not read any more.

        @param name: One of L{files}.

        @return: Has new connections get it.

        @raise ConfigError: It will not do; nothing has changed.
        """
        self.prepare(lenient=True, given={**self._given, name: text})
        return self.commit

    def discard(self) -> None:
        """
        Forget what L{prepare} made.
        """
        self._next = None

    def _set_certificate(
        self, context: SSL.Context, texts: dict[str, bytes], lenient: bool
    ) -> None:
        name = self._settings.crt
        text = self._read(texts, name, "SSL certificate")
        chain = _certificates(text, name)
        key = _KEY.search(text)
        if key is None:
            text = b""
            if self._paths[f"{name}.key"].exists():
                text = self._read(texts, f"{name}.key", "private key")
            key = _KEY.search(text)
        if key is None:
            raise ConfigError(
                f"No Private Key found in '{name}' or '{name}.key': put it into one of them."
            )
        try:
            private: Any = serialization.load_pem_private_key(key[0], None)
        except TypeError:
            raise ConfigError(
                f"the private key of '{name}' is encrypted: nobody is there to give its "
                "passphrase. Write it without ('openssl pkey')."
            ) from None
        except Exception as error:
            # Whatever is in there, it is no key.
            raise ConfigError(f"unable to load private key of '{name}': {_text(error)}.") from None
        try:
            context.use_certificate(chain[0])
            for each in chain[1:]:
                context.add_extra_chain_cert(each)
            context.use_privatekey(private)
            context.check_privatekey()
        except (SSL.Error, TypeError, ValueError) as error:
            raise ConfigError(
                "inconsistencies between private key and certificate loaded "
                f"'{name}': {_text(error)}."
            ) from None
        self._check_time(name, chain[0], lenient or in_use(self._texts, texts))

    def _check_time(self, name: str, certificate: x509.Certificate, lenient: bool) -> None:
        now = self._now()
        problem = ""
        if certificate.not_valid_after_utc <= now:
            problem = f"has expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC"
        elif certificate.not_valid_before_utc > now:
            problem = (
                f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC"
            )
        if not problem:
            return
        problem = f"the certificate '{name}' {problem}: clients will refuse it. Renew it."
        if not lenient:
            raise ConfigError(problem)
        self._warn(problem)

    def _set_authorities(self, context: SSL.Context, texts: dict[str, bytes]) -> None:
        settings = self._settings
        if settings.verify == NONE:
            return
        mode = SSL.VERIFY_PEER
        if settings.verify == REQUIRED:
            mode |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        context.set_verify(mode, _judge)
        store = context.get_cert_store()
        assert store is not None
        if settings.ca_file == SYSTEM_AUTHORITIES:
            context.set_default_verify_paths()
        else:
            name = settings.ca_file
            text = self._read(texts, name, "CA file")
            for each in _certificates(text, name):
                authority = crypto.X509.from_cryptography(each)
                store.add_cert(authority)
                if settings.name_authorities:
                    context.add_client_ca(authority)
        if settings.crl_file:
            name = settings.crl_file
            text = self._read(texts, name, "CRL file")
            found = _CRL.findall(text)
            if not found:
                raise ConfigError(f"unable to load CRL file '{name}': no list in it, in PEM form.")
            try:
                for one in found:
                    store.add_crl(x509.load_pem_x509_crl(one))
            except (ValueError, TypeError, SSL.Error, crypto.Error) as error:
                raise ConfigError(f"unable to load CRL file '{name}': {_text(error)}.") from None
            store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL)

    def _set_versions(self, context: SSL.Context) -> None:
        settings = self._settings
        context.set_min_proto_version(_VERSION[settings.least])
        if settings.most:
            context.set_max_proto_version(_VERSION[settings.most])
        for version in settings.without:
            context.set_options(_WITHOUT[version])

    def _set_algorithms(self, context: SSL.Context) -> None:
        settings = self._settings
        if not settings.client_order:
            context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
        try:
            word, value = "ciphers", settings.ciphers
            if value:
                context.set_cipher_list(value.encode())
            word, value = "ciphersuites", settings.ciphersuites
            if value:
                choose = getattr(context, "set_tls13_ciphersuites", None)
                if choose is None:
                    raise ConfigError(
                        "'ciphersuites' : cannot be chosen with this version of pyOpenSSL; remove "
                        "it, or use pyOpenSSL 25.2."
                    )
                choose(value.encode())
        except SSL.Error as error:
            raise ConfigError(f"'{word}' : unable to set '{value}': {_text(error)}.") from None
        if settings.curves:
            _set_curves(context, settings.curves)

    def _read(self, texts: dict[str, bytes], name: str, what: str) -> bytes:
        if name in texts:
            return texts[name]
        try:
            texts[name] = self._paths[name].read_bytes()
            return texts[name]
        except OSError as error:
            raise ConfigError(
                f"unable to load {what} from file '{name}': {error.strerror}."
            ) from None


def _judge(
    connection: SSL.Connection, certificate: crypto.X509, number: int, depth: int, good: int
) -> bool:
    """
    Leave the judgement to OpenSSL, which tells the client too; note it for the audit.
    """
    if not good:
        name = "".join(
            f"/{key.decode('ascii', 'replace')}={value.decode('utf-8', 'replace')}"
            for key, value in certificate.get_subject().get_components()
        )
        what = "the client's certificate" if depth == 0 else "its authority"
        reason = _WRONG.get(number, f"error {number}")
        connection.set_app_data(f"{what} {name} is refused: {reason}")
    return bool(good)


def in_use(used: dict[str, bytes], read: dict[str, bytes]) -> bool:
    """
    Tell whether what was read is in use already.

    @param used: Texts by file, empty when nothing is in use.

    @param read: So.
    """
    return bool(used) and all(used.get(name) == text for name, text in read.items())


def _certificates(text: bytes, name: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text)
    except ValueError as error:
        raise ConfigError(
            f"unable to load certificate from file '{name}': {_text(error)}."
        ) from None


def _set_curves(context: SSL.Context, curves: str) -> None:
    # pyOpenSSL has no way of its own to choose more than one, or X25519.
    library: Any = getattr(SSL, "_lib", None)
    choose = getattr(library, "SSL_CTX_set1_curves_list", None)
    if choose is None:
        raise ConfigError(
            f"'curves' : cannot be chosen with this version of pyOpenSSL; remove 'curves {curves}'."
        )
    names = ":".join("prime256v1" if each == "secp256r1" else each for each in curves.split(":"))
    if choose(context._context, names.encode()) != 1:
        # What OpenSSL noted about it is not to be found by somebody else.
        library.ERR_clear_error()
        raise ConfigError(f"'curves' : unable to set elliptic curves to '{curves}'.")


def _choose(names: tuple[str, ...]) -> Callable[[SSL.Connection, list[bytes]], Any]:
    ours = [name.encode("utf-8", "surrogateescape") for name in names]

    def choose(connection: SSL.Connection, offered: list[bytes]) -> Any:
        return next((each for each in ours if each in offered), SSL.NO_OVERLAPPING_PROTOCOLS)

    return choose


def _text(error: BaseException) -> str:
    first = error.args[0] if error.args else None
    if isinstance(first, list):
        return "; ".join(str(each[-1]) for each in first) or type(error).__name__
    text = str(error).partition(" See http")[0].partition("\n")[0]
    return text.rstrip(".") or type(error).__name__
