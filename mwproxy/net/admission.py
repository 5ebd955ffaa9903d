"""
Rules about new connections: C{tcp-request connection}, asked as soon as one is accepted, and
C{tcp-request session}, asked when C{accept-proxy} has told who the client is.

Who is rejected is closed without a word, and counted as a connection but not as a session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.live.proxies import Frontend
from mwproxy.live.sessions import Stream


class Admission:
    """
    The rules of one frontend.
    """

    def __init__(self, frontend: Frontend) -> None:
        """
        @param frontend: It has such rules.
        """
        self._frontend = frontend
        self._connection = frontend.description.tcp_request_connection
        self._session = frontend.description.tcp_request_session

    def connection(self, client: Any) -> bool:
        """
        Ask the rules about a connection that was accepted.

        @param client: The session that is to begin.

        @return: False when it was closed.
        """
        if self._passes(self._connection, client):
            return True
        self._frontend.counters.dcon += 1
        return False

    def session(self, client: Any) -> bool:
        """
        Ask the rules about a session whose client is known.

        @param client: The session that is to begin.

        @return: False when it was closed.
        """
        if self._passes(self._session, client):
            return True
        self._frontend.counters.dses += 1
        return False

    def _passes(self, rules: Callable[[Any], Any] | None, client: Any) -> bool:
        if rules is None:
            return True
        # There is no stream yet; rules look at its session only.
        verdict = rules(Stream(client))
        if verdict is None or verdict.kind == "allow":
            return True
        self._frontend.counters.stot -= 1
        self._frontend.worker.counters.stot -= 1
        client.close()
        return False
