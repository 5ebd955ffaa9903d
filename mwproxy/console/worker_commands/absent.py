"""
Console commands about what mwproxy does not have: certificates, peers, resolvers, caches, and the
inside of HAProxy's engine.

What lists things answers as HAProxy does when there are none, so that scripts go on. What would
change or reveal something is refused by name with the reason: a store of certificates that no
listener could ever use would only look as if it worked.
"""

from __future__ import annotations

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command

NO_TLS = (
    "mwproxy has no TLS on listeners and servers of traffic: there are no certificates to manage."
)
NO_ENGINE = "This is about the inside of HAProxy's engine, which mwproxy does not have."


def _one(invocation: Invocation, missing: str) -> None:
    if invocation.args:
        raise CommandError(missing)


@command("show ssl cert", on="worker", level="operator", usage="show ssl cert [<certfile>]",
         text="list certificates (there are none)", changes=False, hidden=True)  # fmt: skip
def cmd_show_ssl_cert(invocation: Invocation) -> None:
    """
    List certificates.

    @param invocation: The command.

    @raise CommandError: One is named.
    """
    _one(
        invocation,
        "Can't display the certificate: Not found or the certificate is a bundle!",
    )


@command("show ssl ca-file", on="worker", level="operator", usage="show ssl ca-file [<cafile>]",
         text="list CA files (there are none)", changes=False, hidden=True)  # fmt: skip
def cmd_show_ssl_ca_file(invocation: Invocation) -> str:
    """
    List CA files.

    @param invocation: The command.

    @return: The title.

    @raise CommandError: One is named.
    """
    _one(invocation, "Can't display the CA file : Not found!")
    return "# filename\n"


@command("show ssl crl-file", on="worker", level="operator", usage="show ssl crl-file [<crlfile>]",
         text="list CRL files (there are none)", changes=False, hidden=True)  # fmt: skip
def cmd_show_ssl_crl_file(invocation: Invocation) -> str:
    """
    List CRL files.

    @param invocation: The command.

    @return: The title.

    @raise CommandError: One is named.
    """
    _one(invocation, "Can't display the CRL file : Not found!")
    return "# filename\n"


@command("show ssl crt-list", on="worker", level="operator", usage="show ssl crt-list",
         text="list crt-lists (there are none)", changes=False, hidden=True)  # fmt: skip
def cmd_show_ssl_crt_list(invocation: Invocation) -> None:
    """
    List lists of certificates.

    @param invocation: The command.

    @raise CommandError: One is named.
    """
    _one(invocation, "Can't display the crt-list: file not found!")


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
    "new ssl": "admin",
    "set ssl": "admin",
    "commit ssl": "admin",
    "abort ssl": "admin",
    "add ssl": "admin",
    "del ssl": "admin",
    "dump ssl": "admin",
    "update ssl": "admin",
    "show ssl": "operator",
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
