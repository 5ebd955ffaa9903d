"""
Tests for L{mwproxy.client.framing}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.framing import Framing

#: What a console says; what of it is shown; whether it refuses.
MASTER = (
    (b"master> ", b"", False),
    (b"\nmaster> ", b"", False),
    (b"a\nb\n\nmaster> ", b"a\nb\n", False),
    (b"[6]: 0.1.0\n\n8655> ", b"0.1.0\n", False),
    (b"[3]: Variable not found\n\nmaster> ", b"Variable not found\n", True),
    (b"[4]: careful\n\nmaster> ", b"careful\n", False),
    (b"Permission denied!\nmaster> ", b"Permission denied!\n", True),
    (
        b"'expert-mode' expects 'on' or 'off'.\nmaster> ",
        b"'expert-mode' expects 'on' or 'off'.\n",
        True,
    ),
    (b"expert-mode is OFF\nmaster> ", b"expert-mode is OFF\n", False),
    (b"x\n\nmaster[ReloadFailed](xed)> ", b"x\n", False),
    (b"x\n\n[0:00:02:15] master> ", b"x\n", False),
    (b"x\n\n[gone] 12> ", b"x\n", False),
    (b"+ + done\n\nmaster> ", b"done\n", False),
    (b"> no prompt\n\nmaster> ", b"> no prompt\n", False),
    (b"Unknown command: 'x'\n\nmaster> ", b"Unknown command: 'x'\n", True),
    (b"Success=0\n--\n[ALERT] x\n\nmaster> ", b"Success=0\n--\n[ALERT] x\n", True),
    (b"# loading\n# b\nSuccess=0\n--\n\nmaster> ", b"# loading\n# b\nSuccess=0\n--\n", True),
    (
        b"# loading\nSuccess=1\n--\nSuccess=0\n\n8> ",
        b"# loading\nSuccess=1\n--\nSuccess=0\n",
        False,
    ),
    (b"a\n\nb\n\nmaster> ", b"a\n\nb\n", False),
    (b"y" * 500 + b"\n\nmaster> ", b"y" * 500 + b"\n", False),
)
WORKER = (
    (b"\n> ", b"", False),
    (b"[3]: No such server.\n\n> ", b"No such server.\n", True),
    (b"1 (initial 1)\n\n> ", b"1 (initial 1)\n", False),
    (b"\n\n[0:00:02:15] > ", b"\n", False),
)


class FramingTests(SynchronousTestCase):
    """
    Answers as they come.
    """

    def _all(self, master: bool, pieces: list[bytes]) -> tuple[bytes, bool, bool]:
        framing = Framing(master=master)
        text = b"".join(map(framing.feed, pieces))
        return text, framing.refused, framing.done

    def test_whole(self) -> None:
        """
        An answer is what stands before the prompt, without severity and last empty line.
        """
        for master, cases in ((True, MASTER), (False, WORKER)):
            for said, shown, refused in cases:
                self.assertEqual(self._all(master, [said]), (shown, refused, True), said)

    def test_cut(self) -> None:
        """
        It makes no difference where it was cut.
        """
        for master, cases in ((True, MASTER), (False, WORKER)):
            for said, shown, refused in cases:
                if b"> no" in said:
                    continue
                bytewise = [said[at : at + 1] for at in range(len(said))]
                self.assertEqual(self._all(master, bytewise), (shown, refused, True), said)
                for at in range(1, len(said)):
                    pieces = [said[:at], said[at:]]
                    self.assertEqual(self._all(master, pieces), (shown, refused, True), pieces)

    def test_prompt(self) -> None:
        """
        The prompt is remembered.
        """
        framing = Framing(master=True)
        framing.feed(b"x\n\n8655(e)> ")
        self.assertEqual(framing.prompt, "8655(e)> ")

    def test_shown_early(self) -> None:
        """
        Of a long answer only the last line is held back, however long it gets.
        """
        framing = Framing(master=True)
        self.assertEqual(framing.feed(b"first\nsecond\nthird"), b"first\nsecond")
        self.assertEqual(framing.feed(b"z" * 100000), b"\nthird" + b"z" * 100000)

    def test_hung_up(self) -> None:
        """
        What was held back is not lost when no prompt comes.
        """
        framing = Framing(master=True)
        self.assertEqual(framing.feed(b"Success=1\n--\n\n"), b"Success=1\n--")
        self.assertEqual(framing.hung_up(), b"\n")
        self.assertFalse(framing.done or framing.refused)
