"""
Tests for L{mwproxy.balance.roundrobin}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.families import balances
from mwproxy.live import states
from tests.live.backends import START, Client, make_backend, picks, take

weight_lists = st.lists(st.integers(1, 256), min_size=1, max_size=12)


class RoundRobinTests(SynchronousTestCase):
    """
    Tests for C{balance roundrobin}.
    """

    def test_equal_weights(self) -> None:
        """
        Servers of equal weight are used in turn, in the order of their lines.
        """
        backend = make_backend({"weight": 7}, {"weight": 7}, {"weight": 7})
        self.assertEqual(picks(backend, 5), ["s1", "s2", "s3", "s1", "s2"])

    def test_no_server(self) -> None:
        """
        Without usable server there is nothing to pick.
        """
        backend = make_backend({"disabled": True})
        self.assertEqual(picks(backend, 2), ["-", "-"])
        self.assertEqual(picks(make_backend(), 1), ["-"])

    @given(weight_lists, st.integers(0, 40))
    @settings(max_examples=60, derandomize=True, deadline=None)
    def test_fair_at_any_time(self, weights: list[int], start: int) -> None:
        """
        From any point on and over any stretch, no server is more than two picks away
        from what its weight promises.
        """
        backend = make_backend(*({"weight": weight} for weight in weights))
        picks(backend, start)
        total = sum(weights)
        seen = dict.fromkeys((server.name for server in backend.servers), 0)
        for count in range(1, min(total, 300) + 1):
            seen[picks(backend, 1)[0]] += 1
            for server, weight in zip(backend.servers, weights, strict=True):
                self.assertLess(abs(seen[server.name] - count * weight / total), 2.0)

    def test_heavy_server_is_spread(self) -> None:
        """
        A heavy server's turns lie between those of the light ones.
        """
        backend = make_backend({"weight": 2}, {"weight": 1}, {"weight": 1})
        self.assertNotIn("s1s1", "".join(picks(backend, 40)))

    def test_full_servers_are_skipped(self) -> None:
        """
        A server at C{maxconn} is passed over; when all are full there is none.
        """
        backend = make_backend({"maxconn": 1}, {"maxconn": 2})
        taken = [take(backend) for _ in range(4)]
        self.assertEqual([each.name if each else "-" for each in taken], ["s1", "s2", "s2", "-"])

    def test_full_servers_are_skipped_by_weight(self) -> None:
        """
        The same holds for servers of different weights.
        """
        backend = make_backend({"maxconn": 1, "weight": 200}, {"maxconn": 2})
        names = sorted(each.name if each else "-" for each in (take(backend) for _ in range(4)))
        self.assertEqual(names, ["-", "s1", "s2", "s2"])

    def test_server_with_a_queue_is_skipped(self) -> None:
        """
        Nobody overtakes streams that wait for a server.
        """
        backend = make_backend({"maxconn": 5}, {"maxconn": 5})
        backend.servers[0].queue.append(object())
        self.assertEqual(picks(backend, 3), ["s2", "s2", "s2"])

    def test_avoid(self) -> None:
        """
        A server to avoid is chosen only when there is no other.
        """
        for weight in (1, 3):
            backend = make_backend({}, {"weight": weight})
            first, second = backend.servers
            picked = [backend.balancer.pick(Client(), first) for _ in range(4)]
            self.assertEqual(picked, [second] * 4)
            states.set_maint(second, START)
            self.assertIs(backend.balancer.pick(Client(), first), first)

    def test_change_keeps_the_turn(self) -> None:
        """
        When servers come and go, the turn goes on where it stood.
        """
        backend = make_backend({}, {}, {})
        self.assertEqual(picks(backend, 1), ["s1"])
        states.set_maint(backend.servers[2], START)
        self.assertEqual(picks(backend, 2), ["s2", "s1"])
        states.set_ready(backend.servers[2], START)
        self.assertEqual(picks(backend, 3), ["s2", "s3", "s1"])

    def test_many_updates_do_not_favor_a_server(self) -> None:
        """
        Servers get their part even when something changes after each pick.
        """
        backend = make_backend({"weight": 3}, {"weight": 1}, {"weight": 2})
        seen = {"s1": 0, "s2": 0, "s3": 0}
        for _ in range(600):
            seen[picks(backend, 1)[0]] += 1
            backend.balancer.update()
        self.assertEqual(seen, {"s1": 300, "s2": 100, "s3": 200})

    def test_live_weight(self) -> None:
        """
        A new weight holds from the next pick on.
        """
        backend = make_backend({}, {})
        states.set_weight(backend.servers[0], 3, START)
        self.assertEqual(picks(backend, 40).count("s1"), 30)
        self.assertTrue(balances.get("roundrobin").live_weights)
        self.assertTrue(backend.balancer.live_weights)

    def test_slowstart(self) -> None:
        """
        A server that came back gets little at first, and all of its part in the end.
        """
        backend = make_backend({"slowstart_ms": 10_000, "weight": 100}, {"weight": 100})
        server = backend.servers[0]
        states.set_down(server, START)
        states.set_up(server, START)
        self.assertLessEqual(picks(backend, 100).count("s1"), 1)
        states.warm(server, START + 5)
        self.assertEqual(picks(backend, 300).count("s1"), 100)
        states.warm(server, START + 10)
        self.assertEqual(picks(backend, 300).count("s1"), 150)
