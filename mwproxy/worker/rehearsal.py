"""
A rehearsal: the nursery loads a small configuration before it forks its first worker.

What the first load in a process does once only is then done for all workers: tables of keywords,
compiled patterns, and the interpreter's own adaption to code that has run some times. It takes a
quarter off the CPU time of a small reload (doc/internals/performance.md).
"""

from __future__ import annotations

from mwproxy.config import loader
from mwproxy.core.diagnostics import Diagnostics
from mwproxy.worker.build import begin_servers, build_state
from mwproxy.worker.order import Order

#: Python 3.11 specializes a function when it has been called eight times.
TIMES = 8
TEXT = b"""\
global
    maxconn 100
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend rehearsal
    bind 127.0.0.1:1
    acl static path_beg /static
    http-request set-header x-rehearsal yes if static
    http-request return status 200 content-type text/plain string "rehearsal" if static
    default_backend rehearsal
backend rehearsal
    balance roundrobin
    default-server check inter 1s
    server one 127.0.0.1:1 weight 10 maxconn 1
    server two 127.0.0.1:2
"""


def rehearse() -> Diagnostics:
    """
    Load the configuration and bring it to life, without sockets; then forget it.

    @return: What was said of it.
    """
    diagnostics = Diagnostics()
    order = Order(["rehearsal"])
    for _ in range(TIMES):
        configuration = loader.load(order.files, {}, diagnostics, read=lambda name: TEXT)
        configuration.seal_all()
        begin_servers(build_state(configuration, order))
    return diagnostics
