"""
Log variables of timers (configuration manual, 8.4). Most are naught most of the time: the inline
sources look for that first.
"""

from __future__ import annotations

from mwproxy.core.families import log_alias
from mwproxy.rules import timers
from mwproxy.rules.aliases import http_only, inline, number
from mwproxy.rules.log_format import Format, Options


@log_alias("Th")
def alias_th(options: Options) -> Format:
    """
    Th.
    """
    return number(timers.handshake, options)


@log_alias("Ti")
@http_only
def alias_ti(options: Options) -> Format:
    """
    Ti.
    """
    return number(timers.idle, options)


@log_alias("TR")
@http_only
def alias_receive(options: Options) -> Format:
    """
    TR.
    """
    return inline(
        number(timers.receive, options),
        "{-1 if not stream.request_at else '0' if stream.request_at == stream.begun else "
        "int((stream.request_at - stream.begun) * 1000)}",
    )


@log_alias("Tq")
@http_only
def alias_tq(options: Options) -> Format:
    """
    Tq.
    """
    return number(timers.until_request, options)


@log_alias("Tw")
def alias_tw(options: Options) -> Format:
    """
    Tw.
    """
    return inline(
        number(timers.waiting, options),
        "{-1 if not stream.assigned_at else '0' if stream.assigned_at == stream.request_at else "
        "int((stream.assigned_at - (stream.request_at or stream.begun)) * 1000)}",
    )


@log_alias("Tc")
def alias_tc(options: Options) -> Format:
    """
    Tc.
    """
    return inline(
        number(timers.connect, options),
        "{-1 if not stream.connected_at else '0' if stream.connected_at == stream.assigned_at else "
        "int((stream.connected_at - stream.assigned_at) * 1000)}",
    )


@log_alias("Tr")
@http_only
def alias_response(options: Options) -> Format:
    """
    Tr.
    """
    return inline(
        number(timers.response, options),
        "{int((stream.response_at - stream.connected_at) * 1000) if stream.response_at else -1}",
    )


@log_alias("Ta")
@http_only
def alias_ta(options: Options) -> Format:
    """
    Ta.
    """
    return inline(
        number(timers.active, options),
        "{int((ended - stream.begun) * 1000) if ended > stream.begun > 0 else '0'}",
    )


@log_alias("Td")
def alias_td(options: Options) -> Format:
    """
    Td.
    """
    return number(timers.data, options)


@log_alias("Tt")
def alias_tt(options: Options) -> Format:
    """
    Tt.
    """
    return number(timers.total, options)


@log_alias("Tu")
def alias_tu(options: Options) -> Format:
    """
    Tu.
    """
    return number(timers.user, options)
