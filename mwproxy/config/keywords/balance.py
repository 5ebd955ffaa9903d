"""
How servers are chosen: C{balance}, C{hash-type}, C{http-reuse}.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.config.capability import ignored_in_frontend
from mwproxy.config.line import Line
from mwproxy.config.option_names import BALANCE_UNSUPPORTED
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword

#: The algorithms of C{mwproxy/balance}, known here by name so that it need not be imported.
ALGORITHMS = ("roundrobin", "static-rr", "leastconn", "first", "source")


@keyword("balance", sections=PROXY, high=None, syntax="<algorithm>")
def kw_balance(line: Line, proxy: model.Proxy) -> None:
    """
    Choose the load balancing algorithm; C{roundrobin} when none is named.
    """
    if ignored_in_frontend(line, proxy):
        return
    name, *rest = line.args or ["roundrobin"]
    if name.partition("(")[0] in BALANCE_UNSUPPORTED:
        raise ConfigError(f"'balance {name}' is not supported by mwproxy")
    if name not in ALGORITHMS:
        raise ConfigError(
            "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'first' and "
            f"'source' (got '{name}')."
        )
    if rest:
        raise ConfigError(f"'balance {name}' cannot handle unexpected argument '{rest[0]}'.")
    proxy.balance = name
    proxy.balance_args = ()


@keyword("hash-type", sections=PROXY, high=3, syntax="<method> [<function> [<modifier>]]")
def kw_hash_type(line: Line, proxy: model.Proxy) -> None:
    """
    Choose how hashes are computed and mapped to servers.
    """
    if ignored_in_frontend(line, proxy):
        return
    method, function, modifier = (*line.args, "", "", "")[:3]
    if method not in ("map-based", "consistent"):
        raise ConfigError("'hash-type' only supports 'consistent' and 'map-based'.")
    if function not in ("", "sdbm", "djb2", "crc32", "wt6"):
        if function == "none":
            raise ConfigError("'hash-type' with function 'none' is not supported by mwproxy")
        raise ConfigError(
            "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions."
        )
    if modifier not in ("", "avalanche"):
        raise ConfigError("'hash-type' only supports 'avalanche' as a modifier for hash functions.")
    if not function and method == "consistent":
        # Manual 4.2 "hash-type": avalanche is the default where no function is named.
        modifier = "avalanche"
    proxy.hash_type = (method, function or "sdbm", modifier)


@keyword("http-reuse", sections=PROXY, high=1, syntax="{ never | safe | aggressive | always }")
def kw_http_reuse(line: Line, proxy: model.Proxy) -> None:
    """
    Choose when idle connections of servers are used for other clients.
    """
    if ignored_in_frontend(line, proxy):
        return
    value = line.args[0] if line.args else ""
    if value not in ("never", "safe", "aggressive", "always"):
        raise ConfigError("'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.")
    proxy.reuse = value
