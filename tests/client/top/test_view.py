"""
Tests for L{mwproxy.client.top.view}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.top.figures import lines
from mwproxy.client.top.view import View
from tests.client.top.looks import look

LINES = lines(look(2.0, 20, "s1 UP", "s2 DOWN", "s3 UP"), look(1.0, 10))


class ViewTests(SynchronousTestCase):
    """
    What keys change.
    """

    def setUp(self) -> None:
        self.view = View()

    def _names(self, *keys: str) -> list[str]:
        self.view.arrange(LINES)
        for key in keys:
            self.view.press(key)
        return [line.name for line in self.view.arrange(LINES)]

    def test_order(self) -> None:
        """
        At first the order is that of the configuration; columns sort, and turn around.
        """
        configured = ["FRONTEND", "s1", "s2", "s3", "BACKEND"]
        self.assertEqual(self._names(), configured)
        self.assertEqual(self._names(">", "<", "<"), ["FRONTEND", "s3", "s2", "BACKEND", "s1"])
        self.assertEqual(self._names("r")[0], "s1")
        self.assertEqual(self._names("o"), configured)

    def test_columns_go_round(self) -> None:
        """
        Behind the last column comes the first one; texts begin with A.
        """
        self.assertEqual(self._names(*(">" * 9))[:1], ["BACKEND"])
        self.assertEqual((self.view.column, self.view.reverse), (1, False))

    def test_filter(self) -> None:
        """
        A text chooses lines by name and status; Escape shows all again.
        """
        self.assertEqual(self._names("/", "d", "o", "w", "x", "backspace", "enter"), ["s2"])
        self.assertEqual(len(self._names("/", "q", "up", "esc")), 5)
        self.assertFalse(self.view.over)

    def test_servers(self) -> None:
        """
        Servers can be left out.
        """
        self.assertEqual(self._names("s"), ["FRONTEND", "BACKEND"])

    def test_moves(self) -> None:
        """
        The selection moves, and stays on a line.
        """
        self.view.page = 3
        for keys, selected in (
            (["up"], 0),
            (["down", "down"], 2),
            (["pgdn"], 4),
            (["down"], 4),
            (["pgup"], 1),
            (["end"], 4),
            (["home"], 0),
        ):
            self._names(*keys)
            self.assertEqual(self.view.selected, selected)
        self._names("end", "s")
        self.assertEqual(self.view.selected, 1)

    def test_changes(self) -> None:
        """
        A server is changed when that is confirmed with y, and only then.
        """
        for key, state in (("d", "drain"), ("m", "maint"), ("e", "ready")):
            self._names("home", "down", key)
            self.assertEqual(self.view.question, ("be/s1", state))
            for no in ("n", "enter", "q"):
                self._names(key, no) if self.view.question is None else self.view.press(no)
                self.assertEqual((self.view.ordered, self.view.over), ([], False))
            self._names(key, "y")
            self.assertEqual(self.view.ordered, [("be/s1", state)])
            self.view.ordered.clear()

    def test_no_server(self) -> None:
        """
        What is no server is not changed.
        """
        self._names("home", "d")
        self.assertEqual(self.view.question, None)
        self.assertEqual(self.view.message, "select a server first (up, down)")
        self.view.arrange([])
        self.view.press("d")
        self.assertEqual(self.view.question, None)

    def test_pace(self) -> None:
        """
        The time between looks has bounds.
        """
        self._names(*("+" * 9))
        self.assertEqual(self.view.interval, 60.0)
        self._names(*("-" * 9))
        self.assertEqual((self.view.interval, self.view.message), (0.5, "every 0.5 s"))

    def test_others(self) -> None:
        """
        Pause, help, another worker, and the ways out.
        """
        self._names(" ", "w", "h")
        self.assertEqual((self.view.paused, self.view.worker, self.view.help), (True, 1, True))
        self._names("q")
        self.assertEqual((self.view.help, self.view.over), (False, False))
        self._names("p", "\x00")
        self.assertFalse(self.view.paused)
        for key in ("q", "ctrl-c", "eof"):
            view = View()
            view.press(key)
            self.assertTrue(view.over)
        asked = View(question=("a", "b"))
        asked.press("ctrl-c")
        self.assertTrue(asked.over)
