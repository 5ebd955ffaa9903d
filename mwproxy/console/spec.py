"""
What stands behind C{-S}: an address and options, with commas instead of blanks.
"""

from __future__ import annotations

from mwproxy.config.bind_line import parse_bind
from mwproxy.config.console_settings import ConsoleSettings
from mwproxy.config.keywords import bind as _bind
from mwproxy.config.keywords import console as _console
from mwproxy.config.line import Line
from mwproxy.config.model import Bind
from mwproxy.core.diagnostics import NOWHERE, ConfigError, Diagnostics
from mwproxy.process.sockets import ListenerSpec

REGISTERING = (_bind, _console)

BACKLOG = 64


def parse_console_spec(text: str) -> list[Bind]:
    """
    Read what stands behind one C{-S}.

    @param text: Such as C{/run/master.sock,level,operator,mode,600}.

    @return: An address with its settings; more than one for a range of ports.

    @raise ConfigError: It cannot be understood.
    """
    words = text.split(",")
    shown = " ".join(words)
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
    return parse_bind(line, settings=ConsoleSettings())


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
