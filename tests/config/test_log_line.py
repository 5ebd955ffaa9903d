"""
Tests for mwproxy/config/log_line.py.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.log_line import FACILITIES, FORMATS, LEVELS, parse_log, settle_formats
from mwproxy.config.model import Configuration, Global, LogTarget, Proxy
from mwproxy.core.addresses import Address
from mwproxy.core.diagnostics import ConfigError, Diagnostics


def parse(text: str) -> LogTarget:
    """
    Read what follows C{log}.
    """
    return parse_log(text.split())


class LogLineTests(SynchronousTestCase):
    """
    Tests for C{log} lines.
    """

    def test_targets(self) -> None:
        """
        A target is a descriptor, an address (port 514 unless given) or a path.
        """
        for text, expected in (
            ("stdout", Address("fd", "", 1)),
            ("stderr", Address("fd", "", 2)),
            ("fd@7", Address("fd", "", 7)),
            ("127.0.0.1", Address("ipv4", "127.0.0.1", 514)),
            ("127.0.0.1:5514", Address("ipv4", "127.0.0.1", 5514)),
            ("[::1]:5514", Address("ipv6", "::1", 5514)),
            ("udp@127.0.0.1", Address("ipv4", "127.0.0.1", 514, datagram=True)),
            ("/dev/log", Address("unix", "/dev/log")),
            ("unix@/dev/log", Address("unix", "/dev/log")),
        ):
            self.assertEqual(parse(f"{text} local0").address, expected)

    def test_everything(self) -> None:
        """
        All arguments at once.
        """
        self.assertEqual(
            parse("127.0.0.1 len 100 format rfc5424 sample 1,3-4:5 local3 notice err"),
            LogTarget(
                Address("ipv4", "127.0.0.1", 514), "rfc5424", 19, 5, 3, 100,
                (frozenset({1, 3, 4}), 5),
            ),
        )  # fmt: skip

    def test_defaults(self) -> None:
        """
        All levels are sent, in lines of up to 1024 bytes.
        """
        self.assertEqual(
            parse("stdout user"), LogTarget(Address("fd", "", 1), "", 1, 7, 0, 1024, None)
        )

    def test_words(self) -> None:
        """
        Every facility, level and format is known by its word and number.
        """
        for number, word in enumerate(FACILITIES):
            self.assertEqual(parse(f"stdout {word}").facility, number)
        for number, word in enumerate(LEVELS):
            self.assertEqual(parse(f"stdout local0 {word} {word}").min_level, number)
        for word in FORMATS:
            self.assertEqual(parse(f"stdout format {word} local0").format, word)

    def test_bad_lines(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        length = "must be between 80 and 65535"
        for text, expected in (
            ("", "log : expects <address> and <facility> or global as arguments"),
            ("127.0.0.1", "log : expects <address> and <facility> or global as arguments"),
            ("127.0.0.1 foo", "log : unknown log facility 'foo'"),
            ("127.0.0.1 LOCAL0", "log : unknown log facility 'LOCAL0'"),
            ("127.0.0.1 local0 foo", "log : unknown optional log level 'foo'"),
            ("127.0.0.1 local0 info foo", "log : unknown optional minimum log level 'foo'"),
            ("127.0.0.1 local0 info info x", "log : cannot handle unexpected argument 'x'"),
            ("127.0.0.1 len x local0", f"log : invalid log length 'x', {length}"),
            ("127.0.0.1 len 79 local0", f"log : invalid log length '79', {length}"),
            ("127.0.0.1 len", f"log : invalid log length '', {length}"),
            ("127.0.0.1 format x local0", "log : unknown log format 'x'"),
            ("127.0.0.1 format", "log : unknown log format ''"),
            ("127.0.0.1 format raw len 99 local0", "log : unknown log facility 'len'"),
            ("127.0.0.1 sample x local0", "log : Missing sample size"),
            ("127.0.0.1 sample :2 local0", "log : no sampling ranges given"),
            (
                "127.0.0.1 sample 1:0 local0",
                "log : wrong sample size '0' for sample range '1'",
            ),
            (
                "127.0.0.1 sample 1:x local0",
                "log : wrong sample size 'x' for sample range '1'",
            ),
            ("127.0.0.1 sample 2-1:3 local0", "log : wrong sample range '2-1'"),
            ("127.0.0.1 sample 0:3 local0", "log : wrong sample range '0'"),
            ("127.0.0.1 sample 1,1:3 local0", "log : ranges are overlapping"),
            (
                "127.0.0.1 sample 3:2 local0",
                "log : sample size 2 should be greater or equal to 3 the maximum of the high "
                "ranges limits",
            ),
            ("127.0.0.1 sample 1:2", "log : unknown log facility ''"),
            ("127.0.0.1:1-3 local0", "log : port range not permitted here in '127.0.0.1:1-3'"),
            ("127.0.0.1:+3 local0", "log : port offset not permitted here in '127.0.0.1:+3'"),
            ("fd@x local0", "log : file descriptor 'x' is not a valid integer in 'fd@x'"),
            ("ring@r local0", "'log ring@r' : 'ring@' targets are not supported by mwproxy"),
            ("stdout profile x local0", "'profile' on 'log' is not supported by mwproxy"),
        ):
            self.assertEqual(str(self.assertRaises(ConfigError, parse, text)), expected)

    def test_formats_are_settled(self) -> None:
        """
        Targets without format get C{local}, with a host name C{rfc3164}; others keep theirs.
        """
        for hostname, expected in ((None, "local"), ("h", "rfc3164")):
            whole = Global(log_targets=[parse("stdout local0")], log_send_hostname=hostname)
            targets = [parse("stdout format raw local0"), parse("127.0.0.1 len 99 local1 info")]
            proxy = Proxy("frontend", "f", log_targets=targets)
            settle_formats(Configuration(whole, [proxy]), Diagnostics())
            self.assertEqual(whole.log_targets[0].format, expected)
            self.assertEqual([each.format for each in proxy.log_targets], ["raw", expected])
            self.assertEqual((targets[1].length, targets[1].level), (99, 6))

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.sampled_from(["len", "format", "sample", "raw", "local0", "info", "1-2:3"]),
                st.text(",:-0a8", max_size=6),
            ),
            max_size=8,
        )
    )
    def test_nothing_but_config_errors(self, words: list[str]) -> None:
        """
        Whatever is written, the answer is a target or a message.
        """
        try:
            self.assertIsInstance(parse_log(["stdout", *words]), LogTarget)
        except ConfigError as error:
            self.assertTrue(str(error))
