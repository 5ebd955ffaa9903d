"""
HTTP settings of proxies: connection modes, C{forwardfor}, checks, answers of the proxy's own.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from pathlib import Path

from mwproxy.config import http_check, model
from mwproxy.config.capability import ignored_in_backend, ignored_in_frontend
from mwproxy.config.error_answers import normalize, parse_status, redirect_answer
from mwproxy.config.keywords.options import refuse_negation
from mwproxy.config.line import Line
from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.core.families import PROXY, keyword
from mwproxy.core.references import note_reference


def _close_mode(line: Line, proxy: model.Proxy, mode: str) -> None:
    if not line.negated:
        proxy.close_mode = mode
    elif proxy.close_mode == mode:
        proxy.close_mode = "keep-alive"


@keyword("option http-keep-alive", sections=PROXY, negatable=True)
def kw_option_http_keep_alive(line: Line, proxy: model.Proxy) -> None:
    """
    Keep connections open on both sides, as is the default.
    """
    _close_mode(line, proxy, "keep-alive")


@keyword("option http-server-close", sections=PROXY, negatable=True)
def kw_option_http_server_close(line: Line, proxy: model.Proxy) -> None:
    """
    Close connections to servers after each response.
    """
    _close_mode(line, proxy, "server-close")


@keyword("option httpclose", sections=PROXY, negatable=True)
def kw_option_httpclose(line: Line, proxy: model.Proxy) -> None:
    """
    Close connections on both sides after each response.
    """
    _close_mode(line, proxy, "close")


@keyword(
    "option forwardfor",
    sections=PROXY,
    high=None,
    syntax="[ except <network> ] [ header <name> ] [ if-none ]",
    negatable=True,
)
def kw_option_forwardfor(line: Line, proxy: model.Proxy) -> None:
    """
    Add the client's address to requests.
    """
    refuse_negation(line)
    header = "x-forwarded-for"
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    if_none = False
    words = iter(line.args)
    for word in words:
        if word == "except":
            networks = (_network(next(words, "")),)
        elif word == "header":
            header = next(words, "")
            if re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", header) is None:
                raise ConfigError("'option forwardfor header' expects <header_name> as argument.")
        elif word == "if-none":
            if_none = True
        else:
            raise ConfigError(
                "'option forwardfor' only supports optional values: 'except', 'header' and "
                "'if-none'."
            )
    proxy.forwardfor = (header.lower().encode(), networks, if_none)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ConfigError(
            "'option forwardfor except' expects <address>[/mask] as argument."
        ) from None


@keyword(
    "option httpchk",
    sections=PROXY,
    high=None,
    syntax="[<uri> | <method> <uri> [<version> [<host>]]]",
    negatable=True,
)
def kw_option_httpchk(line: Line, proxy: model.Proxy) -> None:
    """
    Check servers with an HTTP request.
    """
    refuse_negation(line)
    if ignored_in_frontend(line, proxy):
        return
    before = proxy.http_check or proxy.http_check_idle or model.HttpCheck()
    check = dataclasses.replace(before)
    if http_check.parse_option(check, line.args):
        line.warning(
            "'option httpchk' : hiding headers or body at the end of the version string is "
            "deprecated. Please, consider to use 'http-check send' directive instead."
        )
    proxy.http_check, proxy.http_check_idle = check, None
    proxy.spop_check = 0


@keyword("option tcp-check", sections=PROXY, negatable=True)
def kw_option_tcp_check(line: Line, proxy: model.Proxy) -> None:
    """
    Check servers by connecting to them, as is the default.
    """
    refuse_negation(line)
    if not ignored_in_frontend(line, proxy):
        proxy.http_check_idle = proxy.http_check_idle or proxy.http_check
        proxy.http_check = None
        proxy.spop_check = 0


@keyword("http-check", sections=PROXY, high=None, syntax="comment | expect | send ...")
def kw_http_check(line: Line, proxy: model.Proxy) -> None:
    """
    Say what to send in HTTP checks and what to expect.
    """
    if ignored_in_frontend(line, proxy):
        return
    action, *args = line.args or [""]
    if action in ("connect", "disable-on-404", "send-state") or action.partition("(")[0] in (
        "set-var",
        "set-var-fmt",
        "unset-var",
    ):
        raise ConfigError(f"'http-check {action}' is not supported by mwproxy")
    if action not in ("comment", "expect", "send"):
        raise ConfigError(
            f"'http-check' only supports 'comment', 'expect' and 'send'. but got '{action}'"
        )
    if action == "comment":
        if not args:
            raise ConfigError("'http-check comment' : expects a string as argument.")
        return
    section = (proxy.kind, proxy.name)
    check = http_check.begin_rules(proxy.http_check or proxy.http_check_idle, section)
    if action == "send":
        http_check.parse_send(check, args)
    else:
        http_check.parse_expect(check, args)
    if proxy.http_check is not None:
        proxy.http_check = check
    else:
        proxy.http_check_idle = check
        if _warn_of_idle_rules not in line.later:
            line.later.append(_warn_of_idle_rules)


def _warn_of_idle_rules(configuration: model.Configuration, diagnostics: Diagnostics) -> None:
    for proxy in configuration.proxies:
        idle = proxy.http_check_idle
        if idle is not None and idle.writer == (proxy.kind, proxy.name):
            diagnostics.warning(
                f"config : {proxy.kind} '{proxy.name}' uses http-check rules without 'option "
                "httpchk', so the rules are ignored."
            )


@keyword("monitor-uri", sections=PROXY, high=1, syntax="<uri>")
def kw_monitor_uri(line: Line, proxy: model.Proxy) -> None:
    """
    Answer requests for one URI with 200 and nothing else.
    """
    if ignored_in_backend(line, proxy):
        return
    if not line.args:
        raise ConfigError("'monitor-uri' expects an URI.")
    proxy.monitor_uri = line.args[0].encode("utf-8", "surrogateescape")


@keyword("errorfile", sections=PROXY, high=None, syntax="<code> <file>")
def kw_errorfile(line: Line, proxy: model.Proxy) -> None:
    """
    Answer with a file's content in place of the built-in answer; it is read now.
    """
    if len(line.args) != 2:
        raise ConfigError("errorfile : expects <status_code> and <file> as arguments.")
    status = parse_status("errorfile", line.args[0])
    name = line.args[1]
    try:
        with Path(line.base, name).open("rb") as file:
            data = file.read(2**20)
        note_reference(Path(line.base, name))
    except OSError:
        raise ConfigError(f"errorfile : error opening file '{name}'.") from None
    answer = normalize(data, name)
    proxy.error_files = {**proxy.error_files, status: answer}

    def check_size(configuration: model.Configuration, diagnostics: Diagnostics) -> None:
        limit = configuration.global_.bufsize
        if len(answer) > limit:
            diagnostics.alert(
                f"errorfile : '{name}': larger than a buffer ({len(answer)} bytes, see "
                f"'tune.bufsize', {limit}).",
                line.where,
            )

    line.later.append(check_size)


def _errorloc(line: Line, proxy: model.Proxy, status: int) -> None:
    if len(line.args) != 2:
        raise ConfigError(f"{line.name} : expects <status_code> and <url> as arguments.")
    replaced = parse_status(line.name, line.args[0])
    proxy.error_files = {**proxy.error_files, replaced: redirect_answer(status, line.args[1])}


@keyword("errorloc", sections=PROXY, high=None, syntax="<code> <url>")
def kw_errorloc(line: Line, proxy: model.Proxy) -> None:
    """
    Answer with a redirect of status 302 in place of an error.
    """
    _errorloc(line, proxy, 302)


@keyword("errorloc302", sections=PROXY, high=None, syntax="<code> <url>")
def kw_errorloc302(line: Line, proxy: model.Proxy) -> None:
    """
    Answer with a redirect of status 302 in place of an error.
    """
    _errorloc(line, proxy, 302)


@keyword("errorloc303", sections=PROXY, high=None, syntax="<code> <url>")
def kw_errorloc303(line: Line, proxy: model.Proxy) -> None:
    """
    Answer with a redirect of status 303 in place of an error, so that the client uses GET.
    """
    _errorloc(line, proxy, 303)
