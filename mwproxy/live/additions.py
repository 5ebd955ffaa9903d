"""
Servers that come and go while traffic runs (management manual 9.3, C{add server}, C{del server}).

Rules. An added server is in maintenance and unchecked unless it was written C{enabled}; its number
is the lowest free one. Only servers in maintenance that nobody uses can be deleted, and none that
rules name. A number that is used again is told from its former use by C{srid}.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.live import states
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Admin, Operational, Server


class CannotDelete(Exception):
    """
    A server cannot be deleted; the text says why, in HAProxy's words.
    """

    def __init__(self, text: str, *, forever: bool) -> None:
        """
        @param text: Why.

        @param forever: True when waiting is no use.
        """
        super().__init__(text)
        self.forever = forever


def free_number(backend: Backend) -> int:
    """
    Find the lowest number that no server has.

    @param backend: The backend.

    @return: From 1.
    """
    taken = {server.number for server in backend.servers}
    number = 1
    while number in taken:
        number += 1
    return number


def add_server(backend: Backend, description: model.Server, *, enabled: bool, now: float) -> Server:
    """
    Add a server.

    @param backend: Its backend.

    @param description: What the console says of it; its name and number are free.

    @param enabled: Whether it is to serve at once.

    @param now: The monotonic clock.

    @return: It, known to everybody who has to know it.
    """
    number = description.settings.id or free_number(backend)
    server = Server(description, backend, number, added=True)
    server.revision = backend.revisions.get(number, 0)
    server.admin = Admin.FORCED_MAINT
    server.operational = Operational.STOPPED
    server.health = 0
    server.last_change = server.down_since = now
    server.refresh_usable()
    backend.servers.append(server)
    for hook in backend.worker.on_server_added:
        hook(server)
    if enabled:
        states.set_ready(server, now)
    return server


def refuse_to_delete(server: Server) -> None:
    """
    Find out whether a server can be deleted.

    @param server: The server.

    @raise CannotDelete: It cannot.
    """
    if server.name in server.backend.description.referred:
        raise CannotDelete(
            "This server cannot be removed at runtime due to other configuration elements "
            "pointing to it.",
            forever=True,
        )
    if not server.admin & Admin.MAINT:
        raise CannotDelete("Only servers in maintenance mode can be deleted.", forever=True)
    if server.current or server.queue or server.idle:
        raise CannotDelete(
            "Server still has connections attached to it, cannot remove it.", forever=False
        )


def delete_server(server: Server) -> None:
    """
    Delete a server.

    @param server: The server.

    @raise CannotDelete: It cannot be deleted at present.
    """
    refuse_to_delete(server)
    backend = server.backend
    backend.servers.remove(server)
    backend.revisions[server.number] = server.revision + 1
    for hook in backend.worker.on_server_gone:
        hook(server)
