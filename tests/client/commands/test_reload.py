"""
Tests for L{mwproxy.client.commands.reload}.
"""

from __future__ import annotations

import contextlib
import io

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.commands.reload import NO_ANSWER, NO_SENSE, judge
from mwproxy.client.main import main
from tests.client.consoles import ConsoleTestCase


class JudgeTests(SynchronousTestCase):
    """
    What an answer means.
    """

    def test_success(self) -> None:
        """
        C{Success=1} is silent: the messages are in the log of the master.
        """
        self.assertEqual(judge(["Success=1", "--", "[NOTICE] x", ""]), (0, []))

    def test_failure(self) -> None:
        """
        C{Success=0} shows the start-up log.
        """
        self.assertEqual(judge(["Success=0", "--", "[ALERT] x", ""]), (1, ["[ALERT] x"]))

    def test_refusal(self) -> None:
        """
        A console that may not, or is not a master's, is shown with its own words.
        """
        for text in ("Permission denied", "Unknown command: 'reload', but maybe one of ..."):
            self.assertEqual(judge([text, "more", ""]), (1, [text, "more"]))

    def test_no_console(self) -> None:
        """
        After an answer that makes no sense the outcome is unknown; little of it is shown.
        """
        answer = ["HTTP/1.1 400 Bad request", *("x" * 9)]
        self.assertEqual(judge(answer), (2, [NO_SENSE, *answer[:5]]))

    def test_nothing(self) -> None:
        """
        A console that hangs up leaves the outcome unknown.
        """
        self.assertEqual(judge([]), (2, [NO_ANSWER]))


class ReloadTests(ConsoleTestCase):
    """
    The command from outside.
    """

    def _ctl(self, *words: str) -> tuple[int, str]:
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown):
            status = main(["-s", self.path, *words])
        return status, shown.getvalue()

    def test_success(self) -> None:
        """
        It sends C{reload}, and C{hard-reload} with C{--hard}.
        """
        for words, sent in ((("reload",), b"reload\n"), (("reload", "--hard"), b"hard-reload\n")):
            self.setUp()
            console = self.serve(b"Success=1\n--\n[NOTICE]   (1) : Loading success.\n\n")
            self.assertEqual(self._ctl(*words), (0, ""))
            self.assertEqual(console.heard, sent)

    def test_failure(self) -> None:
        """
        A reload that failed is status 1, with its reasons.
        """
        self.serve(b"Success=0\n--\n[ALERT]    (1) : config : x\n\n")
        self.assertEqual(self._ctl("reload"), (1, "[ALERT]    (1) : config : x\n"))

    def test_unreachable(self) -> None:
        """
        Nobody there is status 2.
        """
        status, shown = self._ctl("reload")
        self.assertEqual(
            (status, shown),
            (2, f"mwproxyctl: cannot connect to '{self.path}': No such file or directory\n"),
        )

    def test_hung_up(self) -> None:
        """
        So is a console that hangs up before it has answered.
        """
        self.serve()
        self.assertEqual(self._ctl("reload"), (2, f"mwproxyctl: {NO_ANSWER}\n"))

    def test_too_late(self) -> None:
        """
        So is one that does not answer in time.
        """
        self.serve(stalls=True)
        status, shown = self._ctl("reload", "--timeout", "0.2")
        self.assertEqual(
            (status, shown),
            (2, f"mwproxyctl: no answer: '{self.path}' took longer than 0.2 s\n"),
        )
