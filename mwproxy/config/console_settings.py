"""
What C{stats socket} and C{-S} lines may say beyond a C{bind} line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mwproxy.config.model import Bind, BindSettings, Sealed
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.levels import LevelRule

#: How client certificates are looked at.
NONE, OPTIONAL, REQUIRED = "none", "optional", "required"
#: Versions of TLS, oldest first.
VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@dataclass(eq=False)
class TlsSettings(Sealed):
    """
    The TLS words of a console; empty or L{None} where OpenSSL decides.

    @ivar wanted: Whether C{ssl} was given.

    @ivar word: The first of the other words, for messages.

    @ivar crt: File of certificate, chain and key.

    @ivar ca_file: Authorities of client certificates; C{@system-ca} for those of the system.

    @ivar verify: L{NONE}, L{OPTIONAL} or L{REQUIRED}.

    @ivar least: Oldest version that may be used, of L{VERSIONS}.   @ivar most: The newest.

    @ivar without: Versions between these that may not.

    @ivar alpn: Protocols, the preferred first.

    @ivar client_order: The client's preference of ciphers counts.

    @ivar name_authorities: Clients are told which authorities are known.
    """

    wanted: bool = False
    word: str = ""
    crt: str = ""
    ca_file: str = ""
    crl_file: str = ""
    verify: str = NONE
    ciphers: str = ""
    ciphersuites: str = ""
    curves: str = ""
    least: str = "TLSv1.2"
    most: str = ""
    without: frozenset[str] = frozenset()
    alpn: tuple[str, ...] = ()
    client_order: bool = False
    name_authorities: bool = True


@dataclass(eq=False)
class ConsoleSettings(BindSettings):
    """
    The settings of a console's address.

    @ivar tls: L{None} for plain text.

    @ivar level_rules: Which peers have another level than the socket's.

    @ivar idle_ms: How long connections may be idle, 0 for ever, L{None} when the line does not say.
    """

    tls: TlsSettings | None = None
    idle_ms: int | None = None
    level_rules: list[LevelRule] = field(default_factory=list)


def console_settings(bind: Bind) -> ConsoleSettings:
    """
    Get the settings of a console's address.

    @param bind: Of a C{stats socket} or C{-S} line, or a line of tests that says nothing special.
    """
    settings = bind.settings
    if isinstance(settings, ConsoleSettings):
        return settings
    return ConsoleSettings(**vars(settings))


def check_console(binds: list[Bind], prefix: str) -> None:
    """
    Check what only the line as a whole can tell.

    @param binds: The addresses of one line, which share their settings.

    @param prefix: How messages begin: what the line is about.

    @raise ConfigError: Something is missing, or contradicts itself.
    """
    settings = console_settings(binds[0])
    try:
        if settings.accept_proxy:
            raise ConfigError("'accept-proxy' : not available on consoles.")
        _check_tls(settings.tls)
        _check_rules(settings, binds)
    except ConfigError as error:
        raise ConfigError(f"{prefix} : {error}") from None


def _check_tls(tls: TlsSettings | None) -> None:
    if tls is None:
        return
    if not tls.wanted:
        raise ConfigError(f"'{tls.word}' : means nothing without 'ssl'; add 'ssl', or remove it.")
    if not tls.crt:
        raise ConfigError("'ssl' : no certificate: add 'crt <file>' with certificate and key.")
    if tls.verify != NONE and not tls.ca_file:
        raise ConfigError(
            f"'verify {tls.verify}' : verify is enabled but no CA file specified: add "
            "'ca-file <file>'."
        )
    if tls.verify == NONE and tls.ca_file:
        raise ConfigError(
            "'ca-file' : client certificates are not looked at without 'verify optional' or "
            "'verify required': add one of them, or 'verify none' instead of 'ca-file'."
        )
    if tls.crl_file and not tls.ca_file:
        raise ConfigError("'crl-file' : means nothing without 'ca-file' and 'verify'.")
    if tls.most and VERSIONS.index(tls.most) < VERSIONS.index(tls.least):
        raise ConfigError(
            f"'ssl-max-ver' : '{tls.most}' is older than '{tls.least}', the oldest allowed "
            "('ssl-min-ver')."
        )
    allowed = VERSIONS[VERSIONS.index(tls.least) : VERSIONS.index(tls.most or VERSIONS[-1]) + 1]
    if not set(allowed) - tls.without:
        raise ConfigError("all SSL/TLS versions are disabled: remove one of the 'no-tlsv1x'.")


def _check_rules(settings: ConsoleSettings, binds: list[Bind]) -> None:
    tls = settings.tls
    for rule in settings.level_rules:
        if rule.word in ("uid", "gid"):
            if any(each.address.is_ip for each in binds):
                raise ConfigError(
                    f"'level-{rule.word}' : only UNIX sockets tell who their peer is; use "
                    "'level-cert' with TLS."
                )
        elif tls is None or tls.verify == NONE:
            raise ConfigError(
                "'level-cert' : needs certificates that are verified: add 'ssl', 'ca-file <file>' "
                "and 'verify optional' or 'verify required'."
            )
