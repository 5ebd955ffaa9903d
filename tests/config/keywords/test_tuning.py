"""
Tests for L{mwproxy.config.keywords.tuning}.
"""

from __future__ import annotations

from mwproxy.config.keywords.tuning import WITHOUT_EFFECT
from tests.config.loading import LoadingTestCase


class TuningTests(LoadingTestCase):
    """
    Tests for sizes, limits and switches.
    """

    def test_values(self) -> None:
        """
        They are read.
        """
        found = self.load(
            "global\n tune.bufsize 32k\n tune.maxrewrite 512\n tune.maxaccept -1\n"
            " tune.http.maxhdr 50\n noreuseport\n nosplice\n"
        ).global_
        self.assertEqual(self.messages, [])
        self.assertEqual(
            (found.bufsize, found.maxrewrite, found.maxaccept, found.maxhdr),
            (32768, 512, -1, 50),
        )
        self.assertTrue(found.noreuseport and found.nosplice)

    def test_errors(self) -> None:
        """
        They have values in their range.
        """
        alerts = self.alerts(
            "global\n tune.bufsize\n tune.bufsize x\n tune.maxrewrite -5\n tune.maxaccept\n"
            " tune.http.maxhdr 0\n tune.http.maxhdr 40000\n"
        )
        self.assertEqual(
            [each.split("] : ")[1] for each in alerts],
            [
                "'tune.bufsize' expects an integer argument.",
                "'tune.bufsize' expects a positive integer argument.",
                "'tune.maxrewrite' expects a positive integer argument.",
                "'tune.maxaccept' expects an integer argument.",
                "'tune.http.maxhdr' expects a numeric value between 1 and 32767",
                "'tune.http.maxhdr' expects a numeric value between 1 and 32767",
            ],
        )

    def test_small_buffer(self) -> None:
        """
        A buffer in which nothing fits is made larger.
        """
        self.assertEqual(self.load("global\n tune.bufsize 100\n").global_.bufsize, 1024)
        self.assertEqual(
            self.messages,
            ["WARNING config : parsing [1.cfg:2] : 'tune.bufsize' raised from 100 to 1024."],
        )

    def test_pollers(self) -> None:
        """
        Refusing a poller has no effect.
        """
        self.load("global\n noepoll\n nopoll\n")
        self.assertEqual(
            self.messages[0],
            "NOTICE config : parsing [1.cfg:2] : 'noepoll' has no effect in mwproxy; epoll is the"
            " only poller.",
        )

    def test_without_effect(self) -> None:
        """
        What sets HAProxy's own machinery is accepted with a notice each.
        """
        self.load("global\n" + "".join(f" {name} x y\n" for name in sorted(WITHOUT_EFFECT)))
        self.assertEqual(
            [each.split("] : ")[1] for each in self.messages],
            [f"'{name}' has no effect in mwproxy." for name in sorted(WITHOUT_EFFECT)],
        )

    def test_negated(self) -> None:
        """
        Some of them may be negated.
        """
        self.assertEqual(self.alerts("global\n no strict-limits\n no busy-polling\n"), [])
