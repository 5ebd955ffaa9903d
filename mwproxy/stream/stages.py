"""
In which order events of filters and rules are met, where a proxy has filters (SPOE.txt 3.3).

A request meets C{on-client-session}, C{on-frontend-tcp-request}, the C{tcp-request content} rules,
C{on-frontend-http-request}, the C{http-request} rules; then the same of its backend, without the
first. Filters of the frontend hear of what happens on the backend's side too, before those of the
backend do; a C{listen} section used as one thing has no side of its own for that.
"""

from __future__ import annotations

from mwproxy.live.proxies import Backend, Frontend, Rules
from mwproxy.rules.ruleset import chain_rulesets


def frontend_rules(frontend: Frontend) -> Rules | None:
    """
    Put together what a frontend does with a request.

    @param frontend: The live frontend; its events are known.

    @return: A ruleset, L{None} for nothing.
    """
    events = frontend.events
    section = frontend.description
    http = section.mode == "http"
    return chain_rulesets(
        (
            events.get("on-client-session"),
            events.get("on-frontend-tcp-request"),
            section.tcp_request_content,
            events.get("on-frontend-http-request") if http else None,
            section.http_request if http else None,
        )
    )


def backend_rules(frontend: Frontend, backend: Backend) -> Rules | None:
    """
    Put together what is done with a request that goes from a frontend to a backend of another
    section.

    @param frontend: The live frontend.

    @param backend: The live backend.

    @return: A ruleset, L{None} for nothing.
    """
    ahead, events = frontend.events, backend.events
    if not ahead and not events:
        return backend.request_rules
    section = backend.description
    http = section.mode == "http"
    return chain_rulesets(
        (
            ahead.get("on-backend-tcp-request"),
            events.get("on-backend-tcp-request"),
            section.tcp_request_content,
            ahead.get("on-backend-http-request") if http else None,
            events.get("on-backend-http-request") if http else None,
            section.http_request if http else None,
        )
    )


def response_rules(frontend: Frontend, backend: Backend) -> Rules | None:
    """
    Put together what is done with a response on its way from a backend to a frontend.

    @param frontend: The live frontend.

    @param backend: The live backend, maybe of the same section.

    @return: A ruleset, L{None} for nothing.
    """
    one = frontend.description is backend.description
    ahead = frontend.events
    events = {} if one else backend.events
    if not ahead and not events:
        return chain_rulesets((backend.response_rules, None if one else frontend.response_rules))
    back, front = backend.description, frontend.description
    http = back.mode == "http"
    return chain_rulesets(
        (
            ahead.get("on-server-session"),
            events.get("on-server-session"),
            ahead.get("on-tcp-response"),
            events.get("on-tcp-response"),
            back.tcp_response_content,
            None if one else front.tcp_response_content,
            ahead.get("on-http-response") if http else None,
            events.get("on-http-response") if http else None,
            back.http_response if http else None,
            front.http_response if http and not one else None,
        )
    )
