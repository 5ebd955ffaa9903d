"""
What stands behind C{-S}: an address and options, with commas instead of blanks.
"""

from __future__ import annotations

from mwproxy.config.bind_line import parse_bind
from mwproxy.config.keywords import bind as _registering
from mwproxy.config.line import Line
from mwproxy.config.model import Bind
from mwproxy.core.diagnostics import NOWHERE, ConfigError, Diagnostics
from mwproxy.process.sockets import ListenerSpec

REGISTERING = (_registering,)

_TLS = (
    "ssl crt crt-list ca-file ca-verify-file ca-ignore-err crt-ignore-err crl-file verify "
    "ciphers ciphersuites curves ecdhe alpn npn ssl-min-ver ssl-max-ver strict-sni no-sslv3 "
    "no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 force-tlsv12 force-tlsv13 no-tls-tickets "
    "tls-ticket-keys generate-certificates ca-sign-file prefer-client-ciphers allow-0rtt"
)
#: Options that ask for TLS, or only make sense with it.
TLS_WORDS = frozenset(_TLS.split())
BACKLOG = 64


def parse_console_spec(text: str) -> list[Bind]:
    """
    Read what stands behind one C{-S}.

    @param text: Such as C{/run/master.sock,level,operator,mode,600}.

    @return: An address with its settings; more than one for a range of ports.

    @raise ConfigError: It cannot be understood, or asks for TLS, which is not to be ignored.
    """
    words = text.split(",")
    shown = " ".join(words)
    for word in words[1:]:
        if word in TLS_WORDS:
            raise ConfigError(
                f"'{shown}' : '{word}' : TLS on the master CLI is not available in this version "
                "of mwproxy. Use a UNIX socket, or an address that only trusted hosts can reach."
            )
    if not words[0]:
        raise ConfigError(f"'{shown}' : missing address")
    line = Line(
        words=["-S", *words],
        name=shown,
        args=words,
        where=NOWHERE,
        diagnostics=Diagnostics(),
        section="global",
    )
    return parse_bind(line)


def console_listener_spec(bind: Bind) -> ListenerSpec:
    """
    Tell which socket an address needs.

    @param bind: The address and its settings.

    @return: The socket's description.
    """
    address, settings = bind.address, bind.settings
    return ListenerSpec(
        address.family,
        address.host,
        address.port,
        settings.interface,
        settings.backlog or BACKLOG,
        settings.v4v6 if settings.v4v6 is None else not settings.v4v6,
        settings.socket_mode,
        settings.uid,
        settings.gid,
        reuseport=False,
    )
