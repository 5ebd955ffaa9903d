"""
Tests for L{mwproxy.balance.leastconn}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.balance.leastconn import LeastConn
from mwproxy.live import states
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Server
from tests.live.backends import START, Client, give_back, make_backend, picks, take


def least_load(backend: Backend) -> float:
    """
    Find the least load of the servers that may be chosen, the slow way.
    """
    loads = [
        (server.current + len(server.queue)) / server.share
        for server in backend.servers
        if server.usable_now and server.has_room
    ]
    return min(loads, default=-1.0)


class LeastConnTests(SynchronousTestCase):
    """
    Tests for C{balance leastconn}.
    """

    def test_ties_in_turn(self) -> None:
        """
        Idle servers are used in turn, whatever their weights.
        """
        backend = make_backend({"weight": 1}, {"weight": 9}, {}, balance="leastconn")
        self.assertEqual(picks(backend, 5), ["s1", "s2", "s3", "s1", "s2"])

    def test_least(self) -> None:
        """
        A stream goes where the fewest are.
        """
        backend = make_backend({}, {}, balance="leastconn")
        first, second = take(backend), take(backend)
        assert first is not None and second is not None
        give_back(second)
        self.assertIs(take(backend), second)
        give_back(first)
        self.assertIs(take(backend), first)

    def test_queue_counts(self) -> None:
        """
        Streams that wait for a server count like those that run on it.
        """
        backend = make_backend({}, {}, balance="leastconn")
        backend.servers[0].queue.extend([object(), object()])
        taken = [take(backend) for _ in range(2)]
        self.assertEqual(taken, [backend.servers[1]] * 2)

    def test_avoid(self) -> None:
        """
        A server to avoid is chosen only when there is no other, and loses no turn.
        """
        backend = make_backend({}, {}, balance="leastconn")
        first, second = backend.servers
        self.assertIs(backend.balancer.pick(Client(), first), second)
        states.set_maint(second, START)
        self.assertIs(backend.balancer.pick(Client(), first), first)
        self.assertIs(backend.balancer.pick(Client()), first)

    def test_new_weight(self) -> None:
        """
        A new weight holds from the next pick on.
        """
        backend = make_backend({}, {}, balance="leastconn")
        states.set_weight(backend.servers[0], 3, START)
        for _ in range(40):
            take(backend)
        self.assertEqual([server.current for server in backend.servers], [30, 10])

    def test_foreign_server(self) -> None:
        """
        Streams that still run on a server out of use change nothing.
        """
        backend = make_backend({}, {}, balance="leastconn")
        server = take(backend)
        assert server is not None
        states.set_maint(server, START)
        give_back(server)
        self.assertNotIn(server.name, picks(backend, 3))

    def test_bounded(self) -> None:
        """
        However many streams pass, the heap stays small.
        """
        backend = make_backend({}, {}, {}, balance="leastconn")
        for _ in range(50):
            running = [take(backend) for _ in range(30)]
            for server in running:
                assert server is not None
                give_back(server)
        assert isinstance(backend.balancer, LeastConn)
        self.assertLess(len(backend.balancer._heap), 100)

    @given(
        st.lists(st.tuples(st.integers(1, 256), st.integers(0, 3)), min_size=1, max_size=6),
        st.lists(st.integers(0, 9), max_size=120),
    )
    @settings(max_examples=100, derandomize=True, deadline=None)
    def test_always_the_least(self, servers: list[tuple[int, int]], steps: list[int]) -> None:
        """
        Whatever comes and goes, a pick is among the least loaded servers that have room,
        and there is one if and only if any has room.
        """
        backend = make_backend(
            *({"weight": weight, "maxconn": maxconn} for weight, maxconn in servers),
            balance="leastconn",
        )
        running: list[Server] = []
        for step in steps:
            if step < 6:
                expected = least_load(backend)
                server = take(backend)
                if server is None:
                    self.assertEqual(expected, -1.0)
                else:
                    running.append(server)
                    self.assertEqual((server.current - 1) / server.share, expected)
            elif step < 9 and running:
                give_back(running.pop(step * len(running) // 10))
            elif step == 9:
                server = backend.servers[len(running) % len(backend.servers)]
                change = states.set_ready if server.admin else states.set_maint
                change(server, START)
