"""
Servers that the console adds (management manual 9.3, C{add server}): the same words as on a
C{server} line, but for those that only make sense while files are read.

C{default-server} does not count for them. They start in maintenance unless C{enabled} is written.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.config.keywords.server import read_place
from mwproxy.config.line import Line
from mwproxy.config.server_line import read_options
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where
from mwproxy.core.families import server_options

#: Where the servers of the console are described.
CONSOLE = Where("CLI", 0)

#: Options that HAProxy refuses here. The negations undo what C{default-server} may have said.
_REFUSED = frozenset({"cookie", "init-addr"})


def read_server(backend: model.Proxy, name: str, words: list[str]) -> model.Server:
    """
    Read what stands behind C{add server <backend>/<name>}.

    @param backend: The backend's description.

    @param name: The server's name.

    @param words: Its address and options.

    @return: The description.

    @raise ConfigError: Something is wrong with it, in HAProxy's words.
    """
    if not words:
        raise ConfigError("'server' expects <name> and <addr>[:<port>] as arguments.")
    diagnostics = Diagnostics()
    address = read_place(name, words[0])
    options = words[1:]
    _refuse(options)
    line = Line(["server", name, *words], "server", [], CONSOLE, diagnostics, "backend")
    base = model.NO_SETTINGS.fork()
    base.disabled = True
    settings = read_options(line, options, base)
    if settings.agent.enabled and not (settings.agent.port or settings.check.port):
        raise ConfigError(f"server {name} does not have agent port. Agent check has been disabled.")
    check = settings.check
    target = check.address if check.address is not None and check.address.port else address
    if (
        check.enabled
        and target.is_ip
        and not check.port
        and (target.port_offset or not target.port)
    ):
        raise ConfigError(
            f"config: backend '{backend.name}': server '{name}' has neither service port nor check "
            "port nor tcp_check rule 'connect' with port information."
        )
    return model.Server(name, address, settings, CONSOLE)


def _refuse(options: list[str]) -> None:
    position = 0
    while position < len(options):
        word = options[position]
        if word in _REFUSED or word.startswith("no-"):
            raise ConfigError(f"'{word}' option is not accepted for dynamic server")
        entry = server_options.find(word)
        position += 1 + (entry.low if entry is not None else 0)
