"""
Options of C{stats socket} and C{-S} alone: TLS, who has which level, and idle clients.

HAProxy reads TLS words on these lines and then speaks plain text. Here each of them works, or is
refused with what to do instead.
"""

from __future__ import annotations

import grp
import pwd

from mwproxy.config.console_settings import (
    NONE,
    OPTIONAL,
    REQUIRED,
    VERSIONS,
    ConsoleSettings,
    TlsSettings,
)
from mwproxy.config.line import Line
from mwproxy.config.option_names import ONE_CERTIFICATE
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import console_option
from mwproxy.core.levels import NAME_WORDS, SUBJECT_WORDS, Level, LevelRule, parse_level
from mwproxy.core.values import BadValue, parse_time_ms


def _tls(line: Line, settings: ConsoleSettings) -> TlsSettings:
    if settings.tls is None:
        settings.tls = TlsSettings()
    settings.tls.word = settings.tls.word or line.name
    return settings.tls


def _word(line: Line, missing: str) -> str:
    if not line.args or not line.args[0]:
        raise ConfigError(f"'{line.name}' : {missing}")
    return line.args[0]


def _version(line: Line) -> str:
    text = _word(line, "missing version")
    if text == "SSLv3":
        raise ConfigError(f"'{line.name}' : no version of OpenSSL has SSLv3 any more")
    if text not in VERSIONS:
        known = ", ".join(f"'{each}'" for each in VERSIONS)
        raise ConfigError(f"'{line.name}' : unknown version '{text}', known are {known}")
    return text


@console_option("ssl")
def console_ssl(line: Line, settings: ConsoleSettings) -> None:
    """
    Speak TLS, and nothing else, on this socket.
    """
    if settings.tls is None:
        settings.tls = TlsSettings()
    settings.tls.wanted = True


@console_option("crt", low=1, syntax="<file>")
def console_crt(line: Line, settings: ConsoleSettings) -> None:
    """
    The certificate, its chain and its key in one PEM file; the key may also be in a file beside
    it, whose name has C{.key} behind.
    """
    name = _word(line, "missing certificate location")
    tls = _tls(line, settings)
    if tls.crt:
        raise ConfigError(f"'crt' : {ONE_CERTIFICATE}; remove '{name}' or '{tls.crt}'")
    tls.crt = name


@console_option("ca-file", low=1, syntax="<file>|@system-ca")
def console_ca_file(line: Line, settings: ConsoleSettings) -> None:
    """
    The authorities whose client certificates are accepted, in PEM; for C{verify}.
    """
    _tls(line, settings).ca_file = _word(line, "missing CAfile path")


@console_option("crl-file", low=1, syntax="<file>")
def console_crl_file(line: Line, settings: ConsoleSettings) -> None:
    """
    Lists of revoked client certificates, in PEM; one of each authority is needed.
    """
    _tls(line, settings).crl_file = _word(line, "missing CRLfile path")


@console_option("verify", low=1, syntax="none|optional|required")
def console_verify(line: Line, settings: ConsoleSettings) -> None:
    """
    Whether clients may show a certificate, or have to; one that is shown must be good.
    """
    text = _word(line, "missing verify method")
    if text not in (NONE, OPTIONAL, REQUIRED):
        raise ConfigError(
            f"'{line.name}' : unknown verify method '{text}', only 'none', 'optional', and "
            "'required' are supported"
        )
    _tls(line, settings).verify = text


@console_option("no-ca-names")
def console_no_ca_names(line: Line, settings: ConsoleSettings) -> None:
    """
    Do not tell clients which authorities are known.
    """
    _tls(line, settings).name_authorities = False


@console_option("ciphers", low=1, syntax="<list>")
def console_ciphers(line: Line, settings: ConsoleSettings) -> None:
    """
    The ciphers up to TLSv1.2, as OpenSSL writes them.
    """
    _tls(line, settings).ciphers = _word(line, "missing cipher suite")


@console_option("ciphersuites", low=1, syntax="<list>")
def console_ciphersuites(line: Line, settings: ConsoleSettings) -> None:
    """
    The ciphers of TLSv1.3, as OpenSSL writes them.
    """
    _tls(line, settings).ciphersuites = _word(line, "missing cipher suite")


@console_option("curves", low=1, syntax="<list>")
def console_curves(line: Line, settings: ConsoleSettings) -> None:
    """
    The curves for the key exchange, separated by colons, the preferred first.
    """
    _tls(line, settings).curves = _word(line, "missing curve suite")


@console_option("ecdhe", low=1, syntax="<curve>")
def console_ecdhe(line: Line, settings: ConsoleSettings) -> None:
    """
    The only curve for the key exchange; like C{curves} with one name.
    """
    _tls(line, settings).curves = _word(line, "missing named curve")


@console_option("alpn", low=1, syntax="<protocols>")
def console_alpn(line: Line, settings: ConsoleSettings) -> None:
    """
    Protocols to agree on, separated by commas; on C{-S}, whose words end at commas, just one.
    """
    names = tuple(_word(line, "missing ALPN string").split(","))
    if not all(0 < len(name.encode("utf-8", "surrogateescape")) < 256 for name in names):
        raise ConfigError("'alpn' : a protocol has 1 to 255 characters")
    _tls(line, settings).alpn = names


@console_option("no-alpn")
def console_no_alpn(line: Line, settings: ConsoleSettings) -> None:
    """
    Agree on no protocol, which is so without C{alpn} too.
    """
    _tls(line, settings).alpn = ()


@console_option("prefer-client-ciphers")
def console_prefer_client_ciphers(line: Line, settings: ConsoleSettings) -> None:
    """
    Let the client's preference of ciphers count, not ours.
    """
    _tls(line, settings).client_order = True


@console_option("no-tls-tickets")
def console_no_tls_tickets(line: Line, settings: ConsoleSettings) -> None:
    """
    Give no tickets to resume sessions with, which consoles never do: who comes back shows the
    certificate again.
    """
    _tls(line, settings)


@console_option("ssl-min-ver", low=1, syntax="<version>")
def console_ssl_min_ver(line: Line, settings: ConsoleSettings) -> None:
    """
    The oldest version, C{TLSv1.2} unless given.
    """
    _tls(line, settings).least = _version(line)


@console_option("ssl-max-ver", low=1, syntax="<version>")
def console_ssl_max_ver(line: Line, settings: ConsoleSettings) -> None:
    """
    The newest version.
    """
    _tls(line, settings).most = _version(line)


@console_option("no-sslv3")
def console_no_sslv3(line: Line, settings: ConsoleSettings) -> None:
    """
    Do not speak SSLv3, which OpenSSL does not any more.
    """
    _tls(line, settings)


def _register_versions() -> None:
    def refuse(word: str, version: str) -> None:
        def without(line: Line, settings: ConsoleSettings) -> None:
            tls = _tls(line, settings)
            tls.without |= {version}

        without.__doc__ = f"Do not speak {version}."
        console_option(word)(without)

    def force(word: str, version: str) -> None:
        def only(line: Line, settings: ConsoleSettings) -> None:
            tls = _tls(line, settings)
            tls.least = tls.most = version

        only.__doc__ = f"Speak {version} only."
        console_option(word)(only)

    for version in VERSIONS:
        number = version.removeprefix("TLSv").replace(".", "")
        refuse(f"no-tlsv{number}", version)
        force(f"force-tlsv{number}", version)


_register_versions()


def _level(line: Line, example: str) -> tuple[str, Level]:
    text = _word(line, f"expects {example}")
    wanted, colon, word = text.rpartition(":")
    if not colon or not wanted:
        raise ConfigError(f"'{line.name}' : expects {example}, found '{text}'")
    try:
        return wanted, parse_level(word)
    except ValueError as error:
        raise ConfigError(f"'{line.name}' : {error}") from None


@console_option("level-cert", low=1, syntax="<field>=<pattern>:<level>")
def console_level_cert(line: Line, settings: ConsoleSettings) -> None:
    """
    The level of clients whose verified certificate has such a name; the first match counts.
    """
    wanted, level = _level(line, "'<field>=<pattern>:<level>', such as 'CN=ops*:operator'")
    field, equals, pattern = wanted.partition("=")
    if not equals or not pattern:
        raise ConfigError(
            f"'{line.name}' : expects '<field>=<pattern>:<level>', found '{line.args[0]}'"
        )
    if field not in (*SUBJECT_WORDS, *NAME_WORDS):
        known = ", ".join((*SUBJECT_WORDS, *NAME_WORDS))
        raise ConfigError(f"'{line.name}' : unknown field '{field}', known are {known}")
    settings.level_rules.append(LevelRule(field, pattern, level))


@console_option("level-uid", low=1, syntax="<user>:<level>")
def console_level_uid(line: Line, settings: ConsoleSettings) -> None:
    """
    The level of a UNIX socket's clients of this user, by number or name; the first match counts.
    """
    wanted, level = _level(line, "'<user>:<level>', such as '1000:operator'")
    if not (wanted.isascii() and wanted.isdecimal()):
        try:
            wanted = str(pwd.getpwnam(wanted).pw_uid)
        except (KeyError, ValueError):
            raise ConfigError(f"'{line.name}' : unknown user name '{wanted}'") from None
    settings.level_rules.append(LevelRule("uid", wanted, level))


@console_option("level-gid", low=1, syntax="<group>:<level>")
def console_level_gid(line: Line, settings: ConsoleSettings) -> None:
    """
    The level of a UNIX socket's clients in this group, by number or name; the first match counts.
    """
    wanted, level = _level(line, "'<group>:<level>', such as 'proxyops:operator'")
    if not (wanted.isascii() and wanted.isdecimal()):
        try:
            wanted = str(grp.getgrnam(wanted).gr_gid)
        except (KeyError, ValueError):
            raise ConfigError(f"'{line.name}' : unknown group name '{wanted}'") from None
    settings.level_rules.append(LevelRule("gid", wanted, level))


@console_option("idle-timeout", low=1, syntax="<time>")
def console_idle_timeout(line: Line, settings: ConsoleSettings) -> None:
    """
    How long connections may be idle before they are closed: milliseconds, or with a unit. For ever
    with 0, and on C{-S} without this word; C{stats timeout} holds on other C{stats socket} lines.
    """
    try:
        settings.idle_ms = parse_time_ms(_word(line, "missing time"))
    except BadValue as error:
        raise ConfigError(f"'{line.name}' : {error}") from None
