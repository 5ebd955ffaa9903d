"""
The options of C{server} and C{default-server} that concern agent checks (configuration manual 5.2).
"""

from __future__ import annotations

from mwproxy.config.line import Line
from mwproxy.config.model import ServerSettings
from mwproxy.config.resolve import resolved
from mwproxy.config.server_line import take_number, take_positive_delay, take_word
from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import server_option
from mwproxy.core.values import BadValue


@server_option("agent-check")
def server_agent_check(line: Line, settings: ServerSettings) -> None:
    """
    Ask an agent for the server's weight, limit and state; C{agent-port} is needed too.
    """
    settings.own_agent().enabled = True


@server_option("no-agent-check")
def server_no_agent_check(line: Line, settings: ServerSettings) -> None:
    """
    Undo C{agent-check} of C{default-server}.
    """
    settings.own_agent().enabled = False


@server_option("agent-inter", low=1, syntax="<delay>")
def server_agent_inter(line: Line, settings: ServerSettings) -> None:
    """
    Set the time between two agent checks, 2 seconds by default; it is also how long one may take,
    unless there is C{timeout check}.
    """
    settings.own_agent().inter_ms = take_positive_delay(line)


@server_option("agent-port", low=1, syntax="<port>")
def server_agent_port(line: Line, settings: ServerSettings) -> None:
    """
    Set the port of the agent; by default that of health checks (C{port}).
    """
    take_word(line, "a port number")
    value = take_number(line, 0)
    if value > 65535:
        raise ConfigError(f"'agent-port' : '{value}' is out of range.")
    settings.own_agent().port = value


@server_option("agent-addr", low=1, syntax="<addr>")
def server_agent_addr(line: Line, settings: ServerSettings) -> None:
    """
    Set the address of the agent: an IP address, or a name, which is resolved when the
    configuration is read. By default it is where health checks connect (C{addr}), else the
    server's.
    """
    settings.own_agent().address = agent_address(take_word(line, "an address"))


@server_option("agent-send", low=1, syntax="<string>")
def server_agent_send(line: Line, settings: ServerSettings) -> None:
    """
    Set what the agent is told upon connection, as it is: a line feed has to be written.
    """
    text = take_word(line, "a string")
    settings.own_agent().send = text.encode("utf-8", "surrogateescape")


def agent_address(text: str) -> Address:
    """
    Read C{agent-addr}.

    @param text: An IP address or a name, without port.

    @return: The address, names resolved.

    @raise ConfigError: It is none.
    """
    wrong = f"parsing agent-addr failed. Check if '{text}' is correct address."
    try:
        address = resolved(parse_address(text, default_port=0), text)
    except BadValue:
        raise ConfigError(wrong) from None
    if not address.is_ip or address.port or address.port_offset or address.datagram:
        raise ConfigError(wrong)
    return address
