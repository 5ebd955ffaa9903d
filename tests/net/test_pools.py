"""
Tests for L{mwproxy.net.pools}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.servers import Server
from mwproxy.live.states import set_down, set_drain
from mwproxy.net.pools import drop_idle, keep_idle, purge, take_idle
from tests.live.backends import START, make_backend


class Link:
    """
    A connection to a server, as pools see it.
    """

    def __init__(self, uses: int = 0, idle_since: float = 0.0) -> None:
        self.uses = uses
        self.idle_since = idle_since
        self.ended = False

    def rest(self, now: float) -> None:
        self.idle_since = now
        self.uses += 1

    def reset(self) -> None:
        self.ended = True

    close = reset


def make_server(**settings: Any) -> Server:
    """
    Make a live server that has needed many connections at one time.
    """
    server = make_backend(settings).servers[0]
    server.used_max = 100
    return server


class TakeTests(SynchronousTestCase):
    """
    Tests for L{take_idle}.
    """

    def test_modes(self) -> None:
        """
        Who gets what: by mode, by whether it is a session's first request, and by whether the
        connection was reused before.
        """
        for reuse, first, uses, gets in (
            ("never", False, 5, False),
            ("safe", True, 5, False),
            ("safe", False, 1, True),
            ("aggressive", True, 1, False),
            ("aggressive", True, 2, True),
            ("aggressive", False, 1, True),
            ("always", True, 1, True),
        ):
            server = make_server()
            server.idle.append(Link(uses))
            found = take_idle(server, reuse, first=first)
            self.assertEqual(found is not None, gets, (reuse, first, uses))
            self.assertEqual(len(server.idle), 0 if gets else 1)

    def test_empty(self) -> None:
        """
        Nothing comes of nothing.
        """
        self.assertIsNone(take_idle(make_server(), "always", first=False))

    def test_last_used_first(self) -> None:
        """
        The one used last is taken.
        """
        server = make_server()
        server.idle += [Link(1), Link(2)]
        found = take_idle(server, "always", first=False)
        assert found is not None
        self.assertEqual(found.uses, 2)


class KeepTests(SynchronousTestCase):
    """
    Tests for L{keep_idle}.
    """

    def keep(self, server: Server, uses: int = 0) -> bool:
        """
        Give a connection back.

        @return: Whether it was kept.
        """
        link: Any = Link(uses)
        keep_idle(server, link, 1001.0)
        self.assertEqual(link in server.idle, not link.ended)
        return not link.ended

    def test_limits(self) -> None:
        """
        C{pool-max-conn} and C{max-reuse} are kept to.
        """
        server = make_server(pool_max=1)
        self.assertEqual([self.keep(server), self.keep(server)], [True, False])
        self.assertFalse(self.keep(make_server(pool_max=0)))
        server = make_server(max_reuse=2)
        self.assertEqual([self.keep(server, uses) for uses in (0, 1, 2)], [True, True, False])

    def test_no_more_than_needed(self) -> None:
        """
        No more are kept than were in use at one time.
        """
        server = make_server()
        server.used_max = 2
        self.assertEqual([self.keep(server) for _ in range(3)], [True, True, False])

    def test_state(self) -> None:
        """
        A server that is down keeps none, one that drains does.
        """
        server = make_server()
        set_drain(server, START)
        self.assertTrue(self.keep(server))
        server = make_server()
        set_down(server, START)
        self.assertFalse(self.keep(server))


class PurgeTests(SynchronousTestCase):
    """
    Tests for L{purge} and L{drop_idle}.
    """

    def test_half_of_the_old(self) -> None:
        """
        Half of the connections that were not needed within the delay are closed, oldest first.
        """
        server = make_server(pool_purge_delay_ms=5000)
        links: list[Any] = [Link(idle_since=moment) for moment in (1.0, 2.0, 3.0, 99.0)]
        server.idle += links
        empty = make_server()
        purge([empty, server], 100.0)
        self.assertEqual(server.idle, links[2:])
        self.assertEqual([link.ended for link in links], [True, True, False, False])
        purge([server], 100.0)
        purge([server], 100.0)
        self.assertEqual(server.idle, links[3:])

    def test_need_is_forgotten(self) -> None:
        """
        How many were needed at one time is forgotten by and by, but not what is in use.
        """
        server = make_server()
        server.current = 3
        for _ in range(100):
            purge([server], 100.0)
        self.assertEqual(server.used_max, 3)
        server.current = 0
        for _ in range(100):
            purge([server], 100.0)
        self.assertEqual(server.used_max, 1)

    def test_drop(self) -> None:
        """
        All of them go with their server.
        """
        server = make_server()
        links: list[Any] = [Link(), Link()]
        server.idle += links
        drop_idle(server)
        self.assertEqual((server.idle, [link.ended for link in links]), ([], [True, True]))
