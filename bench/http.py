"""
HTTP: keep-alive, with headers and rules, a new connection per request; and TCP mode.
"""

from __future__ import annotations

from bench import origins
from bench.load import wrk
from bench.peers import Peer, both
from bench.table import Row, interleaved

SECONDS = 2
PLAIN = """\
frontend fe
    bind 127.0.0.1:<port>
    default_backend be
backend be
    server s 127.0.0.1:<origin>
"""
RULES = """\
frontend fe
    bind 127.0.0.1:<port>
    log 127.0.0.1:<sink> local0
    option httplog
    acl is_static path_beg /static /images
    acl is_old hdr(host) -i old.example.com
    http-request set-header x-forwarded-proto http
    http-response set-header x-served-by proxy
    use_backend other if is_static is_old
    default_backend be
backend be
    server s 127.0.0.1:<origin>
backend other
    server s 127.0.0.1:<origin>
"""
TCP = """\
listen relay
    mode tcp
    bind 127.0.0.1:<port>
    server s 127.0.0.1:<origin>
"""
HEADERS = {
    "Host": "www.example.com",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "en-US,en;q=0.5",
    "accept-encoding": "gzip, deflate, br",
    "cookie": "session=0123456789abcdef0123456789abcdef; theme=dark",
    "referer": "https://www.example.com/products/list?page=2",
    "cache-control": "no-cache",
    "upgrade-insecure-requests": "1",
    "x-request-id": "5f3c9a1e-7b2d-4c8e-9f10-1a2b3c4d5e6f",
}


def _measure(title: str, config: str, headers: dict[str, str], limit: float) -> Row:
    def per_request(peer: Peer) -> float:
        before = peer.cpu()
        served, failed = wrk(peer.port, 32, SECONDS, headers)
        if failed:
            print(f"  {peer.name}: {failed} of {served} requests failed", flush=True)
        return (peer.cpu() - before) / served * 1e6

    with both(config) as peers:
        haproxy, mwproxy = interleaved(peers, per_request)
    return Row(title, "µs CPU per request", haproxy, mwproxy, limit)


def keep_alive() -> list[Row]:
    """Small answers over 32 connections that stay open."""
    with origins.small() as port:
        config = PLAIN.replace("<origin>", str(port))
        return [_measure("HTTP keep-alive, small answer, 32 connections", config, {}, 2.0)]


def rules() -> list[Row]:
    """The same with 10 headers, a log, two ACLs and two header rules."""
    with origins.small() as port, origins.log_sink() as sink:
        config = RULES.replace("<origin>", str(port)).replace("<sink>", str(sink))
        title = "the same, 10 headers, httplog, 2 ACLs, 2 header rules"
        return [_measure(title, config, HEADERS, 2.5)]


def one_shot() -> list[Row]:
    """A new connection per request."""
    with origins.small() as port:
        config = PLAIN.replace("<origin>", str(port))
        return [_measure("new connection per request", config, {"connection": "close"}, 2.0)]


def tcp() -> list[Row]:
    """Requests through TCP mode, over connections that stay open."""
    with origins.small() as port:
        config = TCP.replace("<origin>", str(port))
        return [_measure("TCP mode, keep-alive requests", config, {}, 2.0)]
