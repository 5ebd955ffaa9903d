"""
Tests for L{mwproxy.worker.limits}.
"""

from __future__ import annotations

import resource

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core.diagnostics import Diagnostics
from mwproxy.worker.limits import Room, limit_descriptors, reserved_descriptors
from mwproxy.worker.startup import StartFailed

RESERVED = reserved_descriptors(model.Configuration())


class LimitTests(SynchronousTestCase):
    """
    Tests for L{limit_descriptors} on a system that a test makes up.
    """

    def limit(
        self, soft: int, hard: int, *, root: bool = False, refuse: bool = False, **settings: int
    ) -> Room:
        """
        Work out the limits on a system that allows this many descriptors.
        """
        self.limits = (soft, hard)
        self.diagnostics = Diagnostics()

        def setrlimit(which: int, limits: tuple[int, int]) -> None:
            if refuse or (limits[1] > self.limits[1] >= 0 and not root):
                raise ValueError("not allowed to raise maximum limit")
            self.limits = limits

        self.patch(resource, "getrlimit", lambda which: self.limits)
        self.patch(resource, "setrlimit", setrlimit)
        configuration = model.Configuration(global_=model.Global(**settings))  # type: ignore[arg-type]
        return limit_descriptors(configuration, self.diagnostics, "/bin/p")

    def said(self) -> list[str]:
        return [f"{each.severity.value} {each.text}" for each in self.diagnostics.messages]

    def test_automatic(self) -> None:
        """
        Without C{maxconn} all that the system allows is used, two descriptors a connection, but
        for a few pipes.
        """
        room = self.limit(1024, 4096)
        self.assertEqual(room, Room((4096 - RESERVED) // 2 - 64, True, 4096, 64))
        self.assertEqual(self.limits, (4096, 4096))
        self.assertEqual(self.said(), [])

    def test_unlimited(self) -> None:
        """
        A million descriptors are enough for anybody who did not ask for more.
        """
        room = self.limit(1024, resource.RLIM_INFINITY)
        self.assertEqual(room.maxconn, ((1 << 20) - RESERVED) // 2 - 64)

    def test_hard_limit(self) -> None:
        """
        C{fd-hard-limit} is as good as the system's.
        """
        room = self.limit(1024, 4096, fd_hard_limit=500)
        self.assertEqual((room.maxconn, room.descriptors), ((500 - RESERVED) // 2 - 12, 500))
        self.assertRaises(StartFailed, self.limit, 1024, 4096, fd_hard_limit=500, maxconn=1000)
        needed = 2000 + RESERVED
        self.assertEqual(
            self.said(), [f"ALERT [/bin/p.main()] Cannot raise FD limit to {needed}, limit is 500."]
        )

    def test_enough(self) -> None:
        """
        A C{maxconn} that fits changes nothing; what is left is for pipes.
        """
        room = self.limit(1024, 4096, maxconn=100)
        self.assertEqual(room, Room(100, False, 1024, (1024 - 200 - RESERVED) // 2))
        self.assertEqual(self.limits, (1024, 4096))
        self.assertEqual(self.limit(1024, 4096, maxconn=100, maxpipes=3).pipes, 3)

    def test_raised(self) -> None:
        """
        One that does not fit raises the limit, as root even beyond the hard one.
        """
        self.assertEqual(self.limit(1024, 4096, maxconn=1000).maxconn, 1000)
        self.assertEqual(self.limits, (2500 + RESERVED, 4096))
        self.assertEqual(self.limit(1024, 4096, maxconn=5000, root=True).maxconn, 5000)
        self.assertEqual(self.limits, (10000 + RESERVED, 10000 + RESERVED))
        self.assertEqual(self.said(), [])

    def test_too_low(self) -> None:
        """
        What cannot be had prevents the start.
        """
        self.assertRaises(StartFailed, self.limit, 1024, 4096, maxconn=5000)
        needed = 10000 + RESERVED
        self.assertEqual(
            self.said(),
            [f"ALERT [/bin/p.main()] Cannot raise FD limit to {needed}, limit is 4096."],
        )

    def test_not_strict(self) -> None:
        """
        With C{no strict-limits} it is only complained about, as HAProxy does.
        """
        room = self.limit(1024, 4096, maxconn=5000, strict_limits=False)
        self.assertEqual(room, Room(5000, False, 4096, 0))
        needed = 10000 + RESERVED
        self.assertEqual(
            self.said(),
            [
                f"WARNING [/bin/p.main()] Cannot raise FD limit to {needed}, limit is 4096.",
                f"ALERT [/bin/p.main()] FD limit (4096) too low for maxconn=5000/maxsock={needed}. "
                f"Please raise 'ulimit-n' to {needed} or more to avoid any trouble.",
            ],
        )
        self.assertEqual(self.diagnostics.errors, 0)

    def test_ulimit_n(self) -> None:
        """
        C{ulimit-n} decides how many connections there are by default; it never takes away what
        the process was allowed already.
        """
        self.assertEqual(self.limit(200, 4096, ulimit_n=600).maxconn, (600 - RESERVED) // 2 - 15)
        self.assertEqual(self.limits, (600, 4096))
        self.limit(1024, 4096, ulimit_n=600)
        self.assertEqual(self.limits, (1024, 4096))

    def test_ulimit_n_below_maxconn(self) -> None:
        """
        One that is too small for C{maxconn} prevents the start.
        """
        self.assertRaises(StartFailed, self.limit, 200, 4096, ulimit_n=600, maxconn=400)
        needed = 800 + RESERVED
        self.assertEqual(
            self.said(),
            [
                f"ALERT [/bin/p.main()] FD limit (600) too low for maxconn=400/maxsock={needed}. "
                f"Please raise 'ulimit-n' to {needed} or more to avoid any trouble."
            ],
        )

    def test_refused(self) -> None:
        """
        Where the limit cannot be changed the process lives with what it has.
        """
        room = self.limit(1024, 4096, refuse=True, strict_limits=False)
        self.assertEqual((room.descriptors, room.pipes), (1024, 0))

    def test_reserved(self) -> None:
        """
        Listeners, checks of servers and their agents, and log targets have their own descriptors.
        """
        proxy = model.Proxy("l", "listen")
        configuration = model.Configuration(proxies=[proxy])
        before = reserved_descriptors(configuration)
        settings = model.ServerSettings()
        settings.check.enabled = True
        settings.own_agent().enabled = True
        proxy.servers.append(model.Server("s", None, settings))  # type: ignore[arg-type]
        proxy.binds.append(None)  # type: ignore[arg-type]
        self.assertEqual(reserved_descriptors(configuration), before + 3)
