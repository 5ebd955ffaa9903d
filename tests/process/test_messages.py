"""
Tests for L{mwproxy.process.messages}.
"""

from __future__ import annotations

from twisted.logger import Logger, LogLevel
from twisted.trial.unittest import SynchronousTestCase

from mwproxy import __version__
from mwproxy.process.messages import Problems, Speaker

INTRODUCTION = [
    f"[NOTICE]   (7) : mwproxy version is {__version__}",
    "[NOTICE]   (7) : path to executable is /bin/mwproxy",
]


class SpeakerTests(SynchronousTestCase):
    """
    What a process says to its operators.
    """

    def setUp(self) -> None:
        self.written: list[str] = []
        self.kept: list[str] = []
        self.speaker = Speaker(
            "/bin/mwproxy", write=self.written.append, keep=self.kept.append, pid=7
        )

    def test_the_first_serious_message_is_introduced(self) -> None:
        """
        Notices need no introduction; the first warning or alert has one, the next has none.
        """
        self.speaker.notice("fine")
        self.assertEqual(self.written, ["[NOTICE]   (7) : fine"])
        self.speaker.warning("hm")
        self.speaker.alert("oh")
        self.assertEqual(
            self.written[1:], [*INTRODUCTION, "[WARNING]  (7) : hm", "[ALERT]    (7) : oh"]
        )
        self.assertEqual(self.kept, self.written)

    def test_each_reload_is_introduced(self) -> None:
        """
        A reload introduces its first serious message again.
        """
        self.speaker.alert("a")
        self.speaker.begin_again()
        self.speaker.alert("b")
        self.assertEqual(self.written[3:5], INTRODUCTION)

    def test_after_start_up(self) -> None:
        """
        A process that left its start-up state introduces nothing.
        """
        self.speaker.leave_startup()
        self.speaker.alert("a")
        self.assertEqual(self.written, ["[ALERT]    (7) : a"])

    def test_quiet(self) -> None:
        """
        A quiet process writes nothing, but the start-up log is complete.
        """
        self.speaker.quiet = True
        self.speaker.alert("a")
        self.assertEqual((self.written, len(self.kept)), ([], 3))

    def test_problems_of_the_machinery(self) -> None:
        """
        Warnings and failures logged by the machinery become messages, with the trace; the rest is
        not said.
        """
        self.speaker.leave_startup()
        log = Logger(observer=Problems(self.speaker))
        log.info("connection made")
        log.warn("{what} is odd", what="this")
        try:
            raise ValueError("broken")
        except ValueError:
            log.failure("it failed", level=LogLevel.critical)
        self.assertEqual(self.written[0], "[WARNING]  (7) : this is odd")
        self.assertTrue(self.written[1].startswith("[ALERT]    (7) : it failed\n   | "))
        self.assertIn("ValueError: broken", self.written[1])
