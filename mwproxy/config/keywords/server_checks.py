"""
The options of C{server} and C{default-server} that concern health checks, and C{spread-checks}.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.config.line import Line
from mwproxy.config.model import ServerSettings
from mwproxy.config.server_line import take_ip, take_number, take_positive_delay, take_word
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword, server_option
from mwproxy.core.values import BadValue, parse_integer


@keyword("spread-checks", sections="global", high=1, syntax="<0..50, in percent>")
def kw_spread_checks(line: Line, settings: model.Global) -> None:
    """
    Let the time between checks vary by chance, so that they do not all come at once.
    """
    if not line.args:
        raise ConfigError("'spread-checks' expects an integer argument (0..50).")
    try:
        settings.spread_checks = parse_integer(line.args[0], 0, 50)
    except BadValue:
        raise ConfigError("'spread-checks' needs a positive value in range 0..50.") from None


@server_option("check")
def server_check(line: Line, settings: ServerSettings) -> None:
    """
    Watch the server's health.
    """
    settings.own_check().enabled = True


@server_option("no-check")
def server_no_check(line: Line, settings: ServerSettings) -> None:
    """
    Undo C{check} of C{default-server}.
    """
    settings.own_check().enabled = False


@server_option("inter", low=1, syntax="<delay>")
def server_inter(line: Line, settings: ServerSettings) -> None:
    """
    Set the time between two checks.
    """
    settings.own_check().inter_ms = take_positive_delay(line)


@server_option("fastinter", low=1, syntax="<delay>")
def server_fastinter(line: Line, settings: ServerSettings) -> None:
    """
    Set the time between two checks while the state is in doubt.
    """
    settings.own_check().fastinter_ms = take_positive_delay(line)


@server_option("downinter", low=1, syntax="<delay>")
def server_downinter(line: Line, settings: ServerSettings) -> None:
    """
    Set the time between two checks of a server that is down.
    """
    settings.own_check().downinter_ms = take_positive_delay(line)


@server_option("rise", low=1, syntax="<count>")
def server_rise(line: Line, settings: ServerSettings) -> None:
    """
    Set how many good checks in a row bring the server up.
    """
    settings.own_check().rise = take_number(line, 1, "'rise' has to be > 0.")


@server_option("fall", low=1, syntax="<count>")
def server_fall(line: Line, settings: ServerSettings) -> None:
    """
    Set how many bad checks in a row take the server down.
    """
    settings.own_check().fall = take_number(line, 1, "'fall' has to be > 0.")


@server_option("port", low=1, syntax="<port>")
def server_port(line: Line, settings: ServerSettings) -> None:
    """
    Set the port that checks connect to.
    """
    value = take_number(line, 0)
    if value > 65535:
        raise ConfigError(f"'port' : '{value}' is out of range.")
    settings.own_check().port = value


@server_option("addr", low=1, syntax="<ipv4|ipv6>")
def server_addr(line: Line, settings: ServerSettings) -> None:
    """
    Set the address that checks connect to.
    """
    take_word(line, "<ipv4|ipv6>")
    settings.own_check().address = take_ip(line)
