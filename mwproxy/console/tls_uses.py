"""
The consoles of a worker as users of its TLS files: C{set ssl cert} and C{commit ssl cert} give them
another certificate, authorities or revocation lists without a reload.

Only who has a console with TLS imports this module: it loads OpenSSL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.config.console_settings import TlsSettings
from mwproxy.console.tls_context import SYSTEM_AUTHORITIES, ConsoleTls
from mwproxy.core.diagnostics import ConfigError
from mwproxy.live.tls_files import Shelf, TlsFiles
from mwproxy.protocols.pem import (
    BadPem,
    Bundle,
    read_bundle,
    read_certificates,
    read_revocations,
    write,
)


def use_files(tls: ConsoleTls, settings: TlsSettings, files: TlsFiles) -> None:
    """
    Note that a console uses its files.

    @param tls: The console's.

    @param settings: Its words, which name the files.
    """
    texts = tls.files()

    def hold(shelf: Shelf[Any], name: str, read: Callable[[bytes], Any], back: Any) -> None:
        if not name or name == SYSTEM_AUTHORITIES or name not in texts:
            return
        try:
            content = read(texts[name])
        except BadPem:
            # The console takes what cannot be described; it is just not in the list.
            return
        shelf.hold(name, content, lambda draft: tls.replace(name, back(draft)))

    hold(
        files.certificates, settings.crt, lambda text: read_bundle(text, settings.crt), _certificate
    )
    hold(files.authorities, settings.ca_file, read_certificates, write)
    hold(files.revocations, settings.crl_file, read_revocations, write)


def _certificate(bundle: Bundle) -> bytes:
    if bundle.ocsp or bundle.sctl:
        raise ConfigError(
            "a console does not send OCSP responses and timestamps: use 'abort ssl cert', and "
            "'set ssl cert' without them."
        )
    return bundle.pem()
