"""
Console commands about what mwproxy does not have: TLS of traffic, peers, resolvers, caches, and the
inside of HAProxy's engine.

What lists things answers as HAProxy does when there are none, so that scripts go on. What would
change or reveal something is refused by name with the reason.
"""

from __future__ import annotations

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command

NO_TLS = "mwproxy has no TLS on listeners and servers of traffic yet: there is nothing of the kind."
NO_ENGINE = "This is about the inside of HAProxy's engine, which mwproxy does not have."


def _one(invocation: Invocation, missing: str) -> None:
    if invocation.args:
        raise CommandError(missing)


@command("show ssl crt-list", on="worker", level="admin", usage="show ssl crt-list [-n] [<list>]",
         text="list crt-lists (there are none)", changes=False, hidden=True)  # fmt: skip
def cmd_show_ssl_crt_list(invocation: Invocation) -> None:
    """
    List lists of certificates.

    @param invocation: The command.

    @raise CommandError: One is named.
    """
    if invocation.args == ["-n"]:
        raise CommandError("'show ssl crt-list -n' expects a filename or a directory")
    _one(invocation, "didn't find the specified filename")


@command("add ssl crt-list", on="worker", level="admin",
         usage="add ssl crt-list <list> <cert> [opts]*",
         text="refused: there are no crt-lists", changes=True, hidden=True)  # fmt: skip
def cmd_add_ssl_crt_list(invocation: Invocation) -> None:
    """
    Refuse to add to a list of certificates.

    @param invocation: The command.

    @raise CommandError: Always.
    """
    if not invocation.argument(0) or (not invocation.argument(1) and invocation.payload is None):
        raise CommandError("'add ssl crtlist' expects a filename and a certificate name")
    raise CommandError(
        f"Can't edit the crt-list: crt-list '{invocation.argument(0)}' does not exist!"
    )


@command("del ssl crt-list", on="worker", level="admin",
         usage="del ssl crt-list <list> <cert[:line]>",
         text="refused: there are no crt-lists", changes=True, hidden=True)  # fmt: skip
def cmd_del_ssl_crt_list(invocation: Invocation) -> None:
    """
    Refuse to take from a list of certificates.

    @param invocation: The command.

    @raise CommandError: Always.
    """
    if not invocation.argument(1):
        raise CommandError("'del ssl crtlist' expects a filename and a certificate name")
    raise CommandError(
        f"Can't delete the entry: crt-list '{invocation.argument(0)}' does not exist!"
    )


@command("show ssl ocsp-response", on="worker", usage="show ssl ocsp-response [id]",
         text="list OCSP responses that are sent (there are none)",
         changes=False, hidden=True)  # fmt: skip
def cmd_show_ssl_ocsp_response(invocation: Invocation) -> None:
    """
    List OCSP responses that listeners send.

    @param invocation: The command.

    @raise CommandError: One is named.
    """
    _one(invocation, "Certificate ID does not match any certificate.")


@command("show tls-keys", on="worker", usage="show tls-keys",
         text="list keys of TLS tickets (there are none)", changes=False, hidden=True)  # fmt: skip
def cmd_show_tls_keys(invocation: Invocation) -> str:
    """
    List keys of TLS tickets.

    @param invocation: The command.

    @return: The title.
    """
    return "# id (file)\n"


@command("show peers", on="worker", usage="show peers [<section>]",
         text="list peers (there are none)", changes=False, hidden=True)  # fmt: skip
def cmd_show_peers(invocation: Invocation) -> None:
    """
    List peers.

    @param invocation: The command.

    @raise CommandError: A section is named.
    """
    if invocation.argument(0) not in ("", "-", "dict"):
        raise CommandError("No such peers")


@command("show resolvers", on="worker", usage="show resolvers [<section>]",
         text="list resolvers (there are none)", changes=False, hidden=True)  # fmt: skip
def cmd_show_resolvers(invocation: Invocation) -> None:
    """
    List sections of resolvers.

    @param invocation: The command.

    @raise CommandError: A section is named.
    """
    _one(invocation, "Can't find that resolvers section")


@command("show cache", on="worker", level="admin", usage="show cache",
         text="list caches (there are none)", changes=False, hidden=True)  # fmt: skip
def cmd_show_cache(invocation: Invocation) -> None:
    """
    List caches.

    @param invocation: The command.
    """


def _refuse(invocation: Invocation) -> None:
    """
    Refuse with the reason.
    """
    name = " ".join(invocation.words[:2])
    raise CommandError(NO_TLS if "ssl" in invocation.words[:2] else f"'{name}' : {NO_ENGINE}")


_REFUSED = {
    "set ssl ocsp-response": "admin",
    "set ssl tls-key": "admin",
    "update ssl ocsp-response": "admin",
    "show ssl ocsp-updates": "user",
    "show ssl providers": "user",
    "show ssl sni": "operator",
    "show pools": "user",
    "show threads": "operator",
    "show tasks": "operator",
    "show libs": "operator",
    "show profiling": "admin",
    "set profiling": "admin",
    "show trace": "user",
    "trace": "operator",
}
for _name, _level in _REFUSED.items():
    command(
        _name,
        on="worker",
        level=_level,
        text="refused: there is nothing of the kind",
        changes=False,
        hidden=True,
    )(_refuse)
