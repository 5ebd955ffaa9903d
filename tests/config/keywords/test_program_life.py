"""
Tests for L{mwproxy.config.keywords.program_life}.
"""

from __future__ import annotations

from mwproxy.config.program_settings import OutputRate, ProgramSettings, Ready, Restart
from tests.config.loading import LoadingTestCase


class ProgramLifeTests(LoadingTestCase):
    """
    Tests for mwproxy's own keywords about the life of programs.
    """

    def settings(self, *lines: str) -> ProgramSettings:
        text = "".join(f" {line}\n" for line in ("command x", *lines))
        found = self.load(f"program p\n{text}", discovery=True)
        self.assertEqual(self.messages, [])
        return found.programs[0].settings

    def wrong(self, line: str) -> str:
        (said,) = self.alerts(f"program p\n command x\n {line}\n")
        return said.removeprefix("parsing [1.cfg:3] : ")

    def test_nothing(self) -> None:
        """
        A section of HAProxy's means what it does there.
        """
        self.assertEqual(self.settings(), ProgramSettings())

    def test_restart(self) -> None:
        """
        The pause may have a longest one, which is never below the first.
        """
        self.assertEqual(self.settings("restart always").restart, Restart("always"))
        self.assertEqual(
            self.settings("restart on-failure limit 3 backoff 100ms:5s").restart,
            Restart("on-failure", 100, 5000, 3),
        )
        self.assertEqual(
            self.settings("restart always backoff 2m").restart, Restart("always", 120_000, 120_000)
        )

    def test_the_others(self) -> None:
        """
        Each says one thing.
        """
        found = self.settings(
            "on-failure degrade", "stop-signal quit", "stop-timeout 5s", "option keep-unchanged"
        )
        self.assertEqual(
            found,
            ProgramSettings(
                on_failure="degrade", stop_signal=3, stop_timeout_ms=5000, keep_unchanged=True
            ),
        )
        self.assertEqual(self.settings("stop-signal SIGHUP").stop_signal, 1)
        self.assertEqual(self.settings("stop-signal 15").stop_signal, 15)
        self.assertTrue(self.settings("option start-after-stop").start_after_stop)
        found = self.settings("option keep-unchanged", "no option keep-unchanged")
        self.assertFalse(found.keep_unchanged)

    def test_ready(self) -> None:
        """
        There are four ways; a line can be waited for only where output is read.
        """
        found = self.settings("ready listen 127.0.0.1:80 timeout 3s")
        self.assertEqual(
            found, ProgramSettings(ready=Ready("listen", "127.0.0.1:80", 3000), keep_unchanged=True)
        )
        self.assertEqual(self.settings("ready spop /a/b").ready, Ready("spop", "/a/b"))
        self.assertEqual(self.settings("ready notify").ready, Ready("notify"))
        found = self.settings("ready line '^up$'")
        self.assertEqual(
            found,
            ProgramSettings(ready=Ready("line", "^up$"), output=OutputRate(), keep_unchanged=True),
        )

    def test_ready_where_it_always_is(self) -> None:
        """
        A socket of the master accepts before the program runs.
        """
        said = self.alerts(
            "program p\n command x\n listen-on ipv4@127.0.0.1:9\n ready listen 127.0.0.1:9\n"
        )
        self.assertEqual(
            said,
            [
                "The program section 'p' : 'ready listen' : '127.0.0.1:9' is given by 'listen-on'"
                " and accepts before the program runs, use 'ready notify', 'ready line' or"
                " 'ready spop'."
            ],
        )

    def test_mistakes(self) -> None:
        """
        Each names the word, and what is expected.
        """
        for line, text in (
            ("restart", "'restart' expects { always | on-failure | never } [backoff <time>[:<time>]"
             "] [limit <number>] as arguments."),
            ("restart x", "'restart' expects 'always', 'on-failure' or 'never' (got 'x')."),
            ("restart always backoff", "'restart' : 'backoff' expects a value."),
            ("restart always x 1", "'restart' only supports 'backoff' and 'limit' (got 'x')."),
            ("restart always backoff 1x", "'restart' : 'backoff' : unexpected character 'x' in"
             " '1x', write a time such as '10s'."),
            ("restart always backoff 0", "'restart' : 'backoff' expects a time of at least 1 ms"
             " (got '0')."),
            ("restart always backoff 2:1", "'restart' : 'backoff' begins with a longer time than it"
             " ends with (got '2:1')."),
            ("restart always limit 0", "'restart' : 'limit' expects a number between 1 and 1000000"
             " (got '0')."),
            ("on-failure x", "'on-failure' expects 'stop', 'ignore' or 'degrade' (got 'x')."),
            ("ready x", "'ready' expects 'listen', 'spop', 'line' or 'notify' (got 'x')."),
            ("ready line", "'ready line' expects a regular expression as argument."),
            ("ready spop", "'ready spop' expects an address as argument."),
            ("ready line ((", "'ready line' : regex '((' is invalid: missing ), unterminated"
             " subpattern at position 1."),
            ("ready listen a:1", "'ready listen' expects an IP address or a path, the name 'a' is"
             " not looked up (got 'a:1')."),
            ("ready listen fd@3", "'ready listen' expects an IP address with a port, or a path"
             " (got 'fd@3')."),
            ("ready listen udp@1.2.3.4:5", "'ready listen' expects an IP address with a port, or a"
             " path (got 'udp@1.2.3.4:5')."),
            ("ready notify now", "'ready' only supports 'timeout' (got 'now')."),
            ("stop-signal x", "'stop-signal' : unknown signal 'x', write a name such as 'QUIT' or a"
             " number."),
            ("stop-signal 99", "'stop-signal' : unknown signal '99', write a name such as 'QUIT' or"
             " a number."),
            ("stop-timeout x", "'stop-timeout' : unexpected character 'x' in 'x', write a time such"
             " as '10s'."),
        ):  # fmt: skip
            self.assertEqual(self.wrong(line), text)
