"""
The log formats behind C{option httplog} and its kin (configuration manual 8.2.2, 8.2.3).

While configuration is read, lines may refer to them as C{HAPROXY_HTTP_LOG_FMT} and so on, see
L{ENVIRONMENT}.
"""

from __future__ import annotations

from mwproxy.config.model import Proxy
from mwproxy.core.compilers import rules
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where

TCP = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq"

TCP_CLF = (
    '%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U '
    '%ts-- %ac %fc %bc %sc %rc %sq %bq "" "" '
)

HTTP = (
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc "
    "%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
)

HTTP_CLF = (
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s '
    "%TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl"
)

HTTPS = HTTP + (
    " %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] "
    "%[ssl_fc_sni]/%sslv/%sslc"
)

#: Pseudo variables that exist while configuration is read.
ENVIRONMENT = {
    "HAPROXY_HTTP_CLF_LOG_FMT": HTTP_CLF,
    "HAPROXY_HTTP_LOG_FMT": HTTP,
    "HAPROXY_HTTPS_LOG_FMT": HTTPS,
    "HAPROXY_TCP_CLF_LOG_FMT": TCP_CLF,
    "HAPROXY_TCP_LOG_FMT": TCP,
}

#: By C{log_format_kind}: the format and the line that chose it, for messages.
KINDS = {
    "httplog": (HTTP, "option httplog"),
    "clf": (HTTP_CLF, "option httplog clf"),
    "tcplog": (TCP, "option tcplog"),
    "tcpclf": (TCP_CLF, "option tcplog clf"),
    "custom": ("", "log-format"),
}


def use(proxy: Proxy, kind: str, where: Where, diagnostics: Diagnostics, text: str = "") -> None:
    """
    Make a proxy log in a format.

    @param kind: One of L{KINDS}.

    @param text: The format of C{custom}.

    @raise ConfigError: The format is wrong.
    """
    try:
        compiled = rules().log_format(text or KINDS[kind][0], proxy, where, diagnostics)
    except ConfigError as error:
        raise ConfigError(f"failed to parse log-format : {error}") from None
    proxy.log_format = compiled
    proxy.log_format_kind = kind
