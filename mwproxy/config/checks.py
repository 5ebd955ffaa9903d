"""
What can be told only when all files are read: references, modes, what is missing.
"""

from __future__ import annotations

from mwproxy.config import log_formats
from mwproxy.config.line import LaterCheck
from mwproxy.config.model import Configuration, Proxy
from mwproxy.core.compilers import rules
from mwproxy.core.diagnostics import Diagnostics

_SAID = {"frontend": "frontend", "backend": "backend", "listen": "proxy"}

#: Algorithms that look into HTTP requests.
_HTTP_ALGORITHMS = frozenset({"uri", "url_param", "hdr"})


def run(configuration: Configuration, later: list[LaterCheck], diagnostics: Diagnostics) -> None:
    """
    Check, number the proxies, and give them the targets of C{log global}.

    References are checked whatever else is wrong; warnings are left out once there are errors.

    @param later: What keywords asked to check.
    """
    _number(configuration, diagnostics)
    backends = {each.name: each for each in configuration.proxies if each.has_backend}
    clean = not diagnostics.errors
    for proxy in configuration.proxies:
        if proxy.disabled:
            continue
        if clean:
            _warn_listeners(proxy, diagnostics)
        if proxy.has_frontend:
            _check_targets(proxy, backends, diagnostics)
        _check_spop(proxy, diagnostics)
        if clean:
            _warn_timeouts(proxy, diagnostics)
        _check_servers(proxy, diagnostics)
        _join_global_logs(configuration, proxy)
        if clean:
            _warn_modes(proxy, diagnostics)
    for check in later:
        check(configuration, diagnostics)
    rules().check(configuration, diagnostics)


def require_master(configuration: Configuration, diagnostics: Diagnostics) -> None:
    """
    Refuse C{program} sections where no master runs them.

    @param configuration: What was read for a process without master.
    """
    if configuration.programs:
        diagnostics.alert(
            "config : 'program' section is defined in configuration, but master-worker mode (-W)"
            " is not enabled."
        )


def _number(configuration: Configuration, diagnostics: Diagnostics) -> None:
    taken: dict[int, Proxy] = {}
    for proxy in configuration.proxies:
        if proxy.number:
            other = taken.setdefault(proxy.number, proxy)
            if other is not proxy:
                diagnostics.alert(
                    f"config : parsing [{proxy.where}]: {_SAID[proxy.kind]} {proxy.name} reuses"
                    f" same custom id as {_SAID[other.kind]} {other.name} (declared at"
                    f" {other.where})."
                )
    # With a stats socket, HAProxy's number 1 is the frontend behind it.
    following = 2 if configuration.global_.stats_sockets else 1
    for proxy in configuration.proxies:
        if not proxy.number:
            while following in taken:
                following += 1
            proxy.number = following
            taken[following] = proxy
        following += 1


def _warn_listeners(proxy: Proxy, diagnostics: Diagnostics) -> None:
    if proxy.has_frontend and not proxy.binds:
        diagnostics.warning(
            f"{_SAID[proxy.kind]} '{proxy.name}' has no 'bind' directive. Please declare it as a"
            " backend if this was intended."
        )


def _check_targets(proxy: Proxy, backends: dict[str, Proxy], diagnostics: Diagnostics) -> None:
    targets = [(proxy.default_backend, "default_backend")] if proxy.default_backend else []
    targets += [(each.target, "use_backend") for each in proxy.use_backend if not each.dynamic]
    for name, keyword in targets:
        target = backends.get(name)
        if target is None:
            diagnostics.alert(f"Proxy '{proxy.name}': unable to find required {keyword}: '{name}'.")
        elif target.mode != proxy.mode:
            role = (
                "as its default backend"
                if keyword == "default_backend"
                else "in a 'use_backend' rule"
            )
            if proxy.mode == "http" or target.mode == "spop":
                diagnostics.alert(
                    f"{proxy.mode} frontend '{proxy.name}' ({proxy.where}) tries to use"
                    f" incompatible {target.mode} backend '{name}' ({target.where}) {role}"
                    " (see 'mode')."
                )
            else:
                diagnostics.alert(
                    f"{proxy.mode} frontend '{proxy.name}' ({proxy.where}) uses {target.mode}"
                    f" backend '{name}' ({target.where}) {role}: upgrading connections to HTTP is"
                    " not supported by mwproxy (see 'mode')."
                )


def _check_spop(proxy: Proxy, diagnostics: Diagnostics) -> None:
    if proxy.mode == "spop" and proxy.has_frontend:
        # It comes from a defaults section: the keyword itself is refused there.
        diagnostics.alert(
            f"config : {_SAID[proxy.kind]} '{proxy.name}': 'mode spop' is for backends of agents"
            f" only, use another mode than that of its 'defaults' section."
        )


def _warn_timeouts(proxy: Proxy, diagnostics: Diagnostics) -> None:
    timeouts = proxy.timeouts
    front = proxy.has_frontend and not timeouts.client
    back = bool(proxy.servers) and not (timeouts.connect and timeouts.server)
    if front or back:
        diagnostics.warning(
            f"missing timeouts for {_SAID[proxy.kind]} '{proxy.name}'.\n"
            "   | While not properly invalid, you will certainly encounter various problems\n"
            "   | with such a configuration. To fix this, please ensure that all following\n"
            "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'."
        )


def _check_servers(proxy: Proxy, diagnostics: Diagnostics) -> None:
    names: dict[str, int] = {}
    for server in proxy.servers:
        line = names.setdefault(server.name, server.where.line)
        if line != server.where.line:
            diagnostics.alert(
                f"parsing [{server.where}] : {_SAID[proxy.kind]} '{proxy.name}', another server"
                f" named '{server.name}' was already defined at line {line}, please use distinct"
                " names."
            )


def _join_global_logs(configuration: Configuration, proxy: Proxy) -> None:
    if proxy.log_global:
        proxy.log_targets[:0] = configuration.global_.log_targets
        proxy.log_global = False


def _warn_modes(proxy: Proxy, diagnostics: Diagnostics) -> None:
    said = f"{_SAID[proxy.kind]} '{proxy.name}'"
    if proxy.mode != "http":
        if proxy.has_frontend and proxy.log_format_kind in ("httplog", "clf"):
            label = log_formats.KINDS[proxy.log_format_kind][1]
            diagnostics.warning(
                f"parsing [{proxy.where}] : '{label}' not usable with {said} (needs 'mode http')."
                " Falling back to 'option tcplog'."
            )
            log_formats.use(proxy, "tcplog", proxy.where, diagnostics)
        if proxy.monitor_uri and proxy.has_frontend:
            diagnostics.warning(f"monitor-uri will be ignored for {said} (needs 'mode http').")
        if proxy.balance in _HTTP_ALGORITHMS and proxy.has_backend:
            diagnostics.warning(
                f"Layer 7 hash not possible for {said} (needs 'mode http')."
                " Falling back to round robin."
            )
            proxy.balance, proxy.balance_args = "roundrobin", ()
        for ruleset in ("http-request", "http-response"):
            if proxy.rule_lines.get(ruleset):
                diagnostics.warning(
                    f"'{ruleset}' rules ignored for {said} as they require HTTP mode."
                )
        for where, ruleset, name in proxy.http_uses:
            diagnostics.warning(
                f"config : parsing [{where}] : '{ruleset}' : {name} has no value for {said} (needs"
                " 'mode http')."
            )
        if "http-buffer-request" in proxy.options and proxy.has_backend:
            diagnostics.warning(
                f"config : 'option http-buffer-request' ignored for {said} as it requires HTTP"
                " mode."
            )
        if proxy.forwardfor is not None:
            diagnostics.warning(f"'option forwardfor' ignored for {said} as it requires HTTP mode.")
    if proxy.has_frontend and proxy.log_format_kind and not proxy.log_targets:
        diagnostics.warning(f"log format ignored for {said} since it has no log address.")
