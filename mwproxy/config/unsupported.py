"""
Names of HAProxy's configuration language that mwproxy does not have.

They are refused by name, told apart from words that are no keyword at all.
"""

from __future__ import annotations

#: Sections, refused with all that is in them.
SECTIONS = frozenset(
    {
        "acme",
        "cache",
        "crt-store",
        "dynamic-update",
        "fcgi-app",
        "http-errors",
        "httpclient",
        "log-forward",
        "log-profile",
        "mailers",
        "peers",
        "resolvers",
        "ring",
        "traces",
        "userlist",
    }
)

_GLOBAL = """
    51degrees-cache-size 51degrees-data-file 51degrees-property-name-list
    51degrees-property-separator acme.scheduler cluster-secret default-path
    deviceatlas-json-file deviceatlas-log-level deviceatlas-properties-cookie
    deviceatlas-separator dns-accept-family external-check h1-accept-payload-with-any-method
    h1-case-adjust h1-case-adjust-file h1-do-not-close-on-insecure-transfer-encoding
    harden.reject-privileged-ports.quic harden.reject-privileged-ports.tcp http-err-codes
    http-fail-codes httpclient.resolvers.disabled httpclient.resolvers.id
    httpclient.resolvers.prefer httpclient.retries httpclient.ssl.ca-file httpclient.ssl.verify
    httpclient.timeout.connect lua-load lua-load-per-thread lua-prepend-path max-spread-checks
    maxcompcpuusage maxcomprate maxsslconn maxsslrate server-state-base
    server-state-file set-var set-var-fmt setcap ssl-engine ssl-provider ssl-provider-path
    unix-bind wurfl-cache-size wurfl-data-file wurfl-information-list
    wurfl-information-list-separator
"""

#: Keywords of C{global}.
GLOBAL = frozenset(_GLOBAL.split())

#: Keywords of C{defaults}, C{frontend}, C{backend} and C{listen}; a name stands for all lines
#: that begin with its words.
PROXY = frozenset(
    name.strip()
    for name in """
    capture cookie
    capture request header
    capture response header
    clitcpka-cnt
    clitcpka-idle
    clitcpka-intvl
    compression
    cookie
    declare capture
    dispatch
    email-alert
    error-log-format
    errorfiles
    external-check
    force-persist
    guid
    hash-preserve-affinity
    http-after-response
    http-error
    http-send-name-header
    ignore-persist
    load-server-state-from-file
    log-format-sd
    log-steps
    max-keep-alive-queue
    monitor fail
    persist rdp-cookie
    redirect
    retry-on
    server-state-file-name
    server-template
    source
    srvtcpka-cnt
    srvtcpka-idle
    srvtcpka-intvl
    ssl-f-use
    stats
    stick
    stick-table
    tcp-check
    transparent
    unique-id-format
    unique-id-header
    use-fcgi-app
    use-server
    """.strip().splitlines()
)


def is_unsupported(words: list[str], section: str) -> str:
    """
    Tell whether a line's keyword is one of HAProxy's that is not had here.

    @param words: The line.

    @param section: The kind of section it stands in.

    @return: The keyword's name, empty when it is none.
    """
    known = GLOBAL if section == "global" else PROXY if section != "program" else frozenset()
    for count in (3, 2, 1):
        name = " ".join(words[:count])
        if len(words) >= count and name in known:
            return name
    return ""
