"""
The agent of spoa.cfg: its verdict denies, tags and routes each request.

Change something, `echo reload | socat - unix:run/master.sock`, and the next request gets the new
verdict; none is left without one meanwhile.
"""

from __future__ import annotations

import os
from collections import Counter
from ipaddress import IPv4Address, IPv6Address

from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent

agent = Agent("gate")
#: How often each address has come, since this agent was started.
visits: Counter[IPv4Address | IPv6Address] = Counter()


@agent.message("verdict")
def verdict(
    ip: IPv4Address | IPv6Address,
    path: str,
    key: str | None = None,
    language: str | None = None,
) -> object:
    """
    Decide about a request.
    """
    visits[ip] += 1
    return [
        set_var("txn", "agent", os.getpid()),
        # Denied: what is private, without the key.
        set_var("txn", "denied", path.startswith("/private") and key != "sesame"),
        # Tagged: what the server is told.
        set_var("txn", "visitor", f"number {visits[ip]}, language {language or 'unknown'}"),
        # Routed: to the backend of this name.
        set_var("txn", "route", "news" if path.startswith("/news") else "pages"),
    ]
