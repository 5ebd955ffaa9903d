"""
Tests for L{mwproxy.config.keywords.program_room}.
"""

from __future__ import annotations

from mwproxy.config.keywords.program_room import RESOURCES
from mwproxy.config.program_settings import OutputRate, PassedSocket, ProgramSettings
from tests.config.loading import LoadingTestCase


class ProgramRoomTests(LoadingTestCase):
    """
    Tests for mwproxy's own keywords about what a program finds around it.
    """

    def settings(self, *lines: str) -> ProgramSettings:
        text = "".join(f" {line}\n" for line in ("command x", *lines))
        found = self.load(f"program p\n{text}", discovery=True)
        self.assertEqual(self.messages, [])
        return found.programs[0].settings

    def wrong(self, line: str) -> str:
        (said,) = self.alerts(f"program p\n command x\n {line}\n")
        return said.removeprefix("parsing [1.cfg:3] : ")

    def test_room(self) -> None:
        """
        Variables, directory and limits; the last of one name counts.
        """
        found = self.settings(
            "env A=1", "env B=x=y", "env A=", "directory /tmp",
            "rlimit nofile 10:20", "rlimit as 1m", "rlimit core unlimited",
        )  # fmt: skip
        self.assertEqual(found.variables, ("B=x=y", "A="))
        self.assertEqual(found.directory, "/tmp")
        self.assertEqual(found.limits, ("nofile=10:20", "as=1048576:1048576", "core=-1:-1"))

    def test_sockets(self) -> None:
        """
        Several may be given, in their order.
        """
        found = self.settings("listen-on 127.0.0.1:1 name a", "listen-on /a mode 660")
        self.assertEqual(
            found.passed, (PassedSocket("127.0.0.1:1", "a"), PassedSocket("/a", mode=0o660))
        )

    def test_a_listen_section_behind_a_program(self) -> None:
        """
        It is a section, as in HAProxy: no keyword of programs is called C{listen}.
        """
        found = self.load("program p\n command x\nlisten web\n bind :1\nprogram q\n command y\n")
        self.assertEqual([each.name for each in found.proxies], ["web"])

    def test_output(self) -> None:
        """
        The rate has a default.
        """
        self.assertIsNone(self.settings().output)
        self.assertEqual(self.settings("log-output").output, OutputRate(100, 1000))
        self.assertEqual(self.settings("log-output rate 5/1m").output, OutputRate(5, 60_000))
        found = self.settings("log-output rate 5/1s to 127.0.0.1 format raw local0")
        self.assertEqual(found.output, OutputRate(5, 1000))
        self.assertEqual(found.log_to, ("127.0.0.1", "format", "raw", "local0"))

    def test_mistakes(self) -> None:
        """
        Each names the word, and what is expected.
        """
        only = "'log-output' only supports 'rate' with a value such as '100/1s', and 'to'."
        to = "'log-output' : 'to'"
        rate = "'log-output' : 'rate' expects a number of lines and a time such as '100/1s'"
        for line, text in (
            ("env x", "'env' expects <name>=<value> (got 'x')."),
            ("env 1=x", "'env' expects <name>=<value> (got '1=x')."),
            ("env LISTEN_FDS=3", "'env' : 'LISTEN_FDS' is set by mwproxy itself."),
            ("directory tmp", "'directory' expects an absolute path (got 'tmp')."),
            ("rlimit x 1", "'rlimit' : unknown resource 'x', known are"
             f" {', '.join(RESOURCES)}."),
            ("rlimit nofile 1k", "'rlimit' : 'nofile' expects a number or 'unlimited' (got '1k')."),
            ("rlimit as x", "'rlimit' : 'as' expects a size such as '64m' or 'unlimited'"
             " (got 'x')."),
            ("rlimit nofile 2:1", "'rlimit' : the soft limit is above the hard one (got '2:1')."),
            ("rlimit core unlimited:1", "'rlimit' : the soft limit is above the hard one"
             " (got 'unlimited:1')."),
            ("listen-on a:1", "'listen-on' expects an IP address or a path, the name 'a' is not"
             " looked up (got 'a:1')."),
            ("listen-on 1.2.3.4:5 x", "'listen-on' only supports 'name' and 'mode' (got 'x')."),
            ("listen-on 1.2.3.4:5 name", "'listen-on' : 'name' expects printable characters"
             " without blank and colon (got '')."),
            ("listen-on 1.2.3.4:5 mode 9", "'listen-on' : 'mode' expects an octal number"
             " (got '9')."),
            ("listen-on 1.2.3.4:5\n listen-on 1.2.3.4:5", "parsing [1.cfg:4] : 'listen-on' :"
             " '1.2.3.4:5' is there already."),
            ("log-output x", only),
            ("log-output rate", only),
            ("log-output to", f"{to} : log : expects <address> and <facility> as arguments"),
            ("log-output to 1.2.3.4 x", f"{to} : log : unknown log facility 'x'"),
            ("log-output to stderr local0", f"{to} expects a syslog server, leave it out for the"
             " messages of the master (got 'stderr')."),
            ("log-output to a local0", f"{to} expects an IP address or a path, the name 'a' is not"
             " looked up (got 'a')."),
            ("log-output rate 5", f"{rate} (got '5')."),
            ("log-output rate 5/0", f"{rate} (got '5/0')."),
        ):  # fmt: skip
            self.assertEqual(self.wrong(line), text)
