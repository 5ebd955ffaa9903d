"""
Tests for L{mwproxy.live.errors}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.observe.worker import a_worker


class ErrorBookTests(SynchronousTestCase):
    """
    Tests of what is kept of invalid messages.
    """

    def test_bounded(self) -> None:
        """
        One request for each frontend and one response for each backend are kept, however many come.
        """
        worker = a_worker()
        client = ("127.0.0.1", 1)
        backend = worker.backends["be1"]
        for count in range(5):
            for frontend in worker.frontends.values():
                worker.errors.capture(0.0, frontend, client, b"x%d" % count, 0, "bad")
                worker.errors.capture(
                    0.0, frontend, client, b"y%d" % count, -1, "bad", backend=backend
                )
        kept = worker.errors.listed()
        self.assertEqual(
            [(each.event, each.request, each.data) for each in kept],
            [(16, True, b"x4"), (18, True, b"x4"), (19, False, b"y4")],
        )
        self.assertEqual(worker.errors.total, 20)
        self.assertEqual(kept[2].position, 2)
