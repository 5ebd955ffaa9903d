"""
HAProxy's options of C{bind}, C{server} and C{option} that mwproxy does not have.

They are refused by name, so that an operator can tell a missing feature from a typing
mistake. A test asserts that none of them is registered.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


BIND_UNSUPPORTED = _names(
    """
    accept-netscaler-cip allow-0rtt alpn ca-file ca-ignore-err ca-sign-file ca-sign-pass
    ca-verify-file cc ciphers ciphersuites client-sigalgs crl-file crt crt-ignore-err crt-list
    curves default-crt defer-accept ecdhe force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12
    force-tlsv13 generate-certificates guid-prefix idle-ping ktls label mss namespace nbconn
    no-alpn no-ca-names no-sslv3 no-strict-sni no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12
    no-tlsv13 npn ocsp-update prefer-client-ciphers quic-cc-algo quic-force-retry quic-socket
    sigalgs ssl ssl-max-ver ssl-min-ver strict-sni tcp-md5sig tcp-ut tfo tls-ticket-keys
    tls-tickets transparent verify
    """
)

ONE_CERTIFICATE = "a console has one certificate, that of 'crt'"
_ORDINARY = "sessions are never resumed on consoles, remove it"
_AUTHORITIES = "certificates are verified in full, put all authorities into 'ca-file'"
_OPENSSL = "set it in OpenSSL's configuration file, or remove it"

#: TLS words that consoles do not have, and what to do.
CONSOLE_REFUSED = {
    "allow-0rtt": "early data can be replayed, which commands must not be; remove it",
    "ca-ignore-err": _AUTHORITIES,
    "ca-sign-file": ONE_CERTIFICATE,
    "ca-sign-pass": ONE_CERTIFICATE,
    "ca-verify-file": _AUTHORITIES,
    "client-sigalgs": _OPENSSL,
    "crt-ignore-err": _AUTHORITIES,
    "crt-list": ONE_CERTIFICATE,
    "default-crt": ONE_CERTIFICATE,
    "force-sslv3": "no version of OpenSSL has SSLv3 any more; use 'force-tlsv12'",
    "generate-certificates": ONE_CERTIFICATE,
    "ktls": "remove it",
    "no-strict-sni": ONE_CERTIFICATE,
    "npn": "clients have 'alpn' today, use that",
    "ocsp-update": "remove it",
    "sigalgs": _OPENSSL,
    "strict-sni": ONE_CERTIFICATE,
    "tls-ticket-keys": _ORDINARY,
    "tls-tickets": _ORDINARY,
}

SERVER_UNSUPPORTED = _names(
    """
    allow-0rtt alpn ca-file
    check-alpn check-pool-conn-name check-proto check-reuse-pool check-send-proxy check-sni
    check-ssl check-via-socks4 ciphers ciphersuites client-sigalgs crl-file crt curves
    error-limit force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 guid hash-key
    idle-ping init-state interface log-bufsize log-proto namespace no-sslv3 no-tlsv10 no-tlsv11
    no-tlsv12 no-tlsv13 non-stick npn observe on-error on-marked-down on-marked-up pool-conn-name
    pool-low-conn proxy-v2-options redir renegotiate resolve-net resolve-opts resolve-prefer
    resolvers send-proxy-v2-ssl send-proxy-v2-ssl-cn set-proxy-v2-tlv-fmt shard sigalgs sni socks4
    ssl ssl-max-ver ssl-min-ver ssl-reuse stick strict-maxconn tcp-ut tfo tls-tickets track
    usesrc verify verifyhost ws
    """
)

#: C{no} before one of these changes nothing, since mwproxy is without them.
OPTION_UNSUPPORTED = _names(
    """
    accept-invalid-http-request accept-invalid-http-response
    accept-unsafe-violations-in-http-request accept-unsafe-violations-in-http-response
    checkcache disable-h2-upgrade external-check forwarded h1-case-adjust-bogus-client
    h1-case-adjust-bogus-server http-drop-request-trailers
    http-drop-response-trailers http-restrict-req-hdr-names http-use-proxy-header httpslog
    ldap-check mysql-check originalto pgsql-check redis-check smtpchk
    ssl-hello-chk transparent
    """
)

#: Options that HAProxy itself has no more, with what it says of them.
OPTION_REMOVED = {
    "http-tunnel": (
        "is not supported any more since HAProxy 2.1, please just remove it, "
        "it shouldn't be needed."
    ),
    "forceclose": (
        "is not supported any more since HAProxy 2.0, please just remove it, "
        "or use 'option httpclose' if absolutely needed."
    ),
    "http_proxy": (
        "is not supported any more since HAProxy 2.5. This option stopped working in HAProxy 1.9 "
        "and usually had nasty side effects. It can be more reliably implemented with "
        "combinations of 'http-request set-dst' and 'http-request set-uri', and even "
        "'http-request do-resolve' if DNS resolution is desired."
    ),
}

BALANCE_UNSUPPORTED = ("uri", "url_param", "hdr", "random", "rdp-cookie", "hash", "sticky")
