"""
The TLS files of the master's consoles, across reloads: read when one begins, in use when it has
succeeded. A file that will not do fails the reload, before anything else of it is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwproxy.console.listener import ConsoleService


class ConsoleFiles:
    """
    The files of all C{-S}.
    """

    def __init__(self) -> None:
        self._services: Sequence[ConsoleService] = ()

    def watch(self, services: Sequence[ConsoleService]) -> None:
        """
        Know the consoles.
        """
        self._services = [each for each in services if each.tls is not None]

    def prepare(self) -> str:
        """
        Read them anew.

        @return: What is wrong with them, empty if nothing is.
        """
        if not self._services:
            return ""
        from mwproxy.console.listener import prepare_tls

        return prepare_tls(self._services)

    def commit(self) -> None:
        """
        Use what L{prepare} has read.
        """
        if self._services:
            from mwproxy.console.listener import commit_tls

            commit_tls(self._services)

    def discard(self) -> None:
        """
        Forget what L{prepare} has read.
        """
        if self._services:
            from mwproxy.console.listener import discard_tls

            discard_tls(self._services)
