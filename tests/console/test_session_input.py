"""
Tests for L{mwproxy.console.session_input}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session_input import SessionInput


class SessionInputTests(SynchronousTestCase):
    """
    Tests of where a session's input ends.
    """

    def split(self, mode: str, data: bytes) -> tuple[bytes, bytes]:
        """
        Feed input whole, and cut at each position: both the same.

        @return: What the session gets, and what stays.
        """
        whole = SessionInput(mode).take(data)
        for position in range(len(data)):
            cut = SessionInput(mode)
            pieces = [cut.take(data[:position]), cut.take(data[position:])]
            together = tuple(b"".join(part) for part in zip(*pieces, strict=True))
            self.assertEqual(together, whole, position)
        return whole

    def test_quit(self) -> None:
        """
        A session ends behind C{quit}, with or without words behind it.
        """
        for mode in "ip":
            for text in (b"show info\nquit\n", b"quit x\n", b"a\\;b;quit\n", b"\n\n quit\r\n"):
                self.assertEqual(self.split(mode, text + b"show proc\n"), (text, b"show proc\n"))

    def test_quit_before_others(self) -> None:
        """
        What stands behind C{quit} on its line is for the next level.
        """
        self.assertEqual(
            self.split("i", b"show info; quit; show proc\nreload\n"),
            (b"show info; quit;\n", b" show proc\nreload\n"),
        )

    def test_no_quit(self) -> None:
        """
        Other words and payloads do not end an interactive session.
        """
        text = b"quitx\nset ssl cert x <<\nquit\n\nprompt\necho quit\nprompt p;prompt i\n"
        self.assertEqual(self.split("i", text), (text, b""))

    def test_one_line(self) -> None:
        """
        In mode C{n} a session ends behind one line and its payload, unless C{prompt} is on it.
        """
        for text in (b"show info\n", b"a;b\n", b"\n", b"add map m <<\na b\n\n", b"a <<T\n\nx\nT\n"):
            self.assertEqual(self.split("n", text + b"reload\n"), (text, b"reload\n"))
        text = b"prompt;show info\nshow stat\nprompt n\n"
        self.assertEqual(self.split("n", text + b"reload\n"), (text, b"reload\n"))

    def test_too_long(self) -> None:
        """
        A line that the worker refuses for its length ends the session.
        """
        taken = SessionInput("i")
        self.assertEqual(taken.take(b"x" * 16384), (b"x" * 16384, b""))
        self.assertTrue(taken.over)
